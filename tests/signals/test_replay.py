"""Replay: the live path over history gives the live path's bits, by nobody who had learned from the bar."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from modeling.models import ModelVersion
from modeling.services.registry import emission_pause
from signals.models import Signal
from signals.selectors.heatmap import HeatmapQuestion, heatmap_get
from signals.selectors.stored import signal_latest
from signals.services.replay import signals_replay
from signals.services.score import signals_score_due
from tests.signals import builders
from traderai.common.errors import InputError

HOUR = timedelta(hours=1)
END = builders.last_moment()
NOW = END + timedelta(days=400)
FROM = builders.last_moment(builders.BARS - 6)
pytestmark = pytest.mark.django_db


def told(**which) -> dict[tuple[str, str, object], dict]:
    rows = Signal.objects.filter(**which).select_related("instrument")
    return {(row.instrument.secid, row.horizon, row.bar_begin): row.payload for row in rows}


def test_a_replay_gives_the_bits_of_the_live_path(market):
    builders.champion(at=FROM - 30 * HOUR)
    for bars in range(builders.BARS - 5, builders.BARS + 1):
        signals_score_due(limit=50, now=builders.last_moment(bars) + timedelta(minutes=5))
    live = told(source="live")
    report = signals_replay(since=FROM, until=END, now=NOW)
    replayed = told(source="replay")
    assert len(live) == 6 * 7 * 3 + 3 and report.moments == 6
    # A share that had ended before is decided on once by the live path, as stale, and by no replay.
    assert replayed == {key: payload for key, payload in live.items() if key[0] != "OLD"}
    assert (report.signals, report.new, report.versions) == (len(replayed), len(replayed), ("global-test-1",))


def test_it_goes_on_where_it_was_broken_off_and_repeats_nothing(market):
    builders.champion(at=FROM - 30 * HOUR)
    middle = builders.last_moment(builders.BARS - 3)
    first = signals_replay(since=FROM, until=middle, now=NOW)
    second = signals_replay(since=FROM, until=END, now=NOW)
    assert (first.signals, second.signals) == (3 * 7 * 3, 3 * 7 * 3)
    before = list(Signal.objects.order_by("pk").values())
    assert signals_replay(since=FROM, until=END, now=NOW).signals == 0
    assert list(Signal.objects.order_by("pk").values()) == before
    assert signals_replay(since=FROM, until=END, secids=["SHR0"], now=NOW).signals == 0


def test_nobody_who_learned_from_the_bar_speaks_of_it(market):
    """Sabotage: a version trained on all bars stands ready, and is in service by now."""
    early = builders.candidate("early", trained_until=FROM - 40 * HOUR)
    switch = builders.last_moment(builders.BARS - 3)  # the fourth bar begins with it
    later = builders.champion("later-one", trained_until=switch - HOUR, at=NOW)
    builders.champion("knows-all-bars", trained_until=END, at=NOW, against=later)
    signals_replay(since=FROM, until=END, now=NOW)
    spoke = {(row.model_version, row.bar_begin) for row in Signal.objects.filter(source="replay")}
    assert {version for version, _ in spoke} == {early.version, later.version}
    until = {row.version: row.trained_until for row in ModelVersion.objects.all()}
    assert all(until[version] < begin for version, begin in spoke)
    assert min(begin for version, begin in spoke if version == later.version) >= switch - HOUR
    assert not any("in_sample" in row.payload["warnings"] for row in Signal.objects.all())


def test_without_a_version_from_before_it_says_so(market):
    builders.champion(trained_until=END, at=NOW)
    report = signals_replay(since=FROM, until=END, now=NOW)
    assert report.versions == ("",) and report.actions == (("NO_TRADE", 6 * 7 * 3),)
    rows = Signal.objects.filter(source="replay")
    assert all(row.payload["decision"]["reasons"][-1] == "model_missing" for row in rows)


def test_who_was_silent_then_is_silent_now(market):
    version = builders.champion(at=FROM - 30 * HOUR)
    emission_pause(version_id=version.id, by="t", reason="r", now=builders.last_moment(builders.BARS - 3))
    report = signals_replay(since=FROM, until=END, secids=["SHR0"], now=NOW)
    silent = Signal.objects.filter(payload__decision__reasons__contains="model_degraded")
    assert report.versions == ("global-test-1", "")
    assert silent.count() == 4 * 3 and silent.earliest("as_of").as_of == builders.last_moment(
        builders.BARS - 3
    )


def test_simulated_shares_stay_simulated(market):
    builders.share("SIM01", seed=5, is_simulated=True)
    builders.features("SIM01")
    builders.champion(is_simulated=True)
    report = signals_replay(since=END - HOUR, until=END, now=NOW)
    sources = dict(Signal.objects.values_list("instrument__secid", "source").distinct())
    assert (sources.pop("SIM01"), set(sources.values())) == ("simulated", {"replay"})
    assert report.versions == ("", "global-test-1")


def test_replayed_bars_are_still_scored_live_and_live_words_stand_first(champion):
    live_now = END + timedelta(minutes=5)
    builders.champion("global-test-22", against=champion, at=FROM - 30 * HOUR)
    signals_replay(since=FROM, until=END, now=live_now)
    ask = {"timeframe": "1h", "horizon": "5d"}
    # Where only replayed words are stored they are what there is.
    assert signal_latest(secid="SHR0", as_of=live_now, **ask).source == "replay"
    assert signals_score_due(limit=50, now=live_now).new == 24
    signals_replay(since=FROM, until=END, now=live_now + HOUR)
    assert signal_latest(secid="SHR0", as_of=live_now, **ask).source == "live"
    heatmap = heatmap_get(question=HeatmapQuestion(), as_of=live_now)
    assert {row.source for row in heatmap.results if row.secid.startswith("SHR")} == {"live"}


def test_a_span_that_is_none_is_refused(champion):
    for since, until in ((END, END), (END, END - HOUR), (FROM, NOW + HOUR)):
        with pytest.raises(InputError, match="since must lie before until"):
            signals_replay(since=since, until=until, now=NOW)
    assert Signal.objects.count() == 0


def test_the_command_says_what_was_replayed(champion, capsys):
    day = f"{END:%Y-%m-%d}"
    call_command("replay", since=(END - timedelta(days=1)).date(), until=END.date(), secids="SHR0")
    out = capsys.readouterr()
    assert "answered by global-test-1" in out.out and " new" in out.out
    assert day in out.err
