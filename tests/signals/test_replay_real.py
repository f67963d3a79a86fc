"""Replay of real bars: the same bits that the live path said when nothing later was stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from features.services.build import features_build
from market.contracts import Timeframe
from market.models import Candle
from market.services.ingest import ingest_all
from market.sources.files import files_source
from signals.models import Signal
from signals.services.replay import signals_replay
from signals.services.score import signals_score_due
from tests.signals import builders
from traderai.common.clock import MOSCOW

SECIDS = ("GMKN", "SBER")  # the first is split on 8 April 2024
SINCE = datetime(2024, 4, 5, tzinfo=MOSCOW)
NOW = datetime(2025, 2, 1, tzinfo=MOSCOW)
HOUR = timedelta(hours=1)
pytestmark = [pytest.mark.django_db, pytest.mark.realdata]


@pytest.fixture
def lake(tmp_path: Path, settings) -> None:
    settings.LAKE_URL = f"file://{tmp_path}"


@pytest.mark.parametrize("days", [5, pytest.param(31, marks=pytest.mark.soak)])
def test_a_replay_of_real_bars_gives_the_live_bits(real_data: Path, lake: None, days: int) -> None:
    ingest_all(
        source=files_source([real_data / "candles", real_data / "corporate"]),
        secids=SECIDS,
        timeframes=[Timeframe.H1],
        now=NOW,
    )
    until = SINCE + timedelta(days=days)
    to_come = taken_away(SINCE)
    build(SINCE)
    version = builders.champion(scaled_on="SBER", at=SINCE, trained_until=SINCE - timedelta(days=30))
    moments = 0
    for day in by_day(to_come, until):
        # Nothing of a later day is stored; of the day itself the clock tells what has closed.
        Candle.objects.bulk_create(day)
        build(day[-1].begin + HOUR)
        for end in sorted({candle.begin + HOUR for candle in day}):
            signals_score_due(limit=50, now=end + timedelta(minutes=5))
            moments += 1
    # Of a share without a bar of its own the live path says that it is stale or halted: there is no bar to replay.
    live = {
        key: said
        for key, said in told("live").items()
        if not {"stale_data", "halted"} & set(said[1]["warnings"])
    }
    assert len(live) > 200 and {action for action, _ in live.values()} > {"BUY", "SELL"}

    Candle.objects.bulk_create([candle for candle in to_come if candle.begin >= until])
    build(NOW)
    builders.champion("knows-later-bars", scaled_on="SBER", at=NOW, trained_until=until, against=version)
    report = signals_replay(since=SINCE, until=until, now=NOW)
    assert (report.moments, report.versions, report.not_ready) == (moments, (version.version,), ())
    assert told("replay") == live


def taken_away(since: datetime) -> list[Candle]:
    """Delete the candles from a moment on and return them in order."""
    later = list(Candle.objects.filter(begin__gte=since).order_by("begin", "instrument_id"))
    Candle.objects.filter(begin__gte=since).delete()
    return later


def by_day(candles: list[Candle], until: datetime) -> Iterator[list[Candle]]:
    for _, day in groupby(candles, key=lambda candle: candle.begin.astimezone(MOSCOW).date()):
        own = list(day)
        if own[-1].begin + HOUR <= until:
            yield own


def build(now: datetime) -> None:
    report = features_build(
        feature_set=builders.FEATURE_SET, timeframe=Timeframe.H1, since=now - timedelta(days=40), now=now
    )
    assert report.failed == ()


def told(source: str) -> dict[tuple[str, str, datetime], tuple[str, dict]]:
    rows = Signal.objects.filter(source=source).select_related("instrument")
    return {(row.instrument.secid, row.horizon, row.bar_begin): (row.action, row.payload) for row in rows}
