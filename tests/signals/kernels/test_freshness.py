"""Stale is never shown as fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from signals.kernels.freshness import Reading, data_age_s, reading_warnings

BAR = datetime(2024, 12, 30, 20, tzinfo=UTC)
READING = Reading(
    action="BUY", proven=True, source="live", last_bar_at=BAR, valid_until=BAR + timedelta(hours=2)
)


def warnings(reading: Reading, after: timedelta, stored: tuple[str, ...] = ()) -> tuple[str, ...]:
    return reading_warnings(reading, stored=stored, moment=BAR + after, max_data_age_s=86_400)


def test_a_fresh_proven_live_signal_warns_of_nothing():
    assert warnings(READING, timedelta(minutes=30)) == ()


def test_age_brings_expiry_then_staleness():
    assert warnings(READING, timedelta(hours=2)) == ()
    assert warnings(READING, timedelta(hours=2, seconds=1)) == ("expired",)
    assert warnings(READING, timedelta(seconds=86_400)) == ("expired",)
    assert warnings(READING, timedelta(seconds=86_401)) == ("stale_data", "expired")
    assert data_age_s(READING, moment=BAR + timedelta(days=700)) == 700 * 86_400
    assert data_age_s(READING, moment=BAR - timedelta(hours=1)) == 0


def test_paper_replay_and_simulation_are_named():
    paper = replace(READING, proven=False)
    assert warnings(paper, timedelta()) == ("paper_signal",)
    assert warnings(replace(paper, action="NO_TRADE"), timedelta()) == ()
    assert warnings(replace(READING, source="replay"), timedelta()) == ("replay",)
    assert warnings(replace(READING, source="simulated"), timedelta()) == ("simulated",)


def test_a_stored_warning_is_kept_once():
    assert warnings(READING, timedelta(days=2), ("stale_data", "illiquid")) == (
        "stale_data",
        "illiquid",
        "expired",
    )
