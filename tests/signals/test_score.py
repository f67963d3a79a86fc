"""Scoring against a real market, real features and a real ONNX network."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.contracts import CandleColumns, Timeframe
from market.models import Candle
from market.selectors.instruments import instrument_get
from market.services.candle_write import candles_write
from signals.models import Signal
from signals.occasions import occasion_of
from signals.selectors.configuration import signal_config_get
from signals.services.score import signals_score, signals_score_due
from signals.share_inputs import shares_read
from tests.market.make import FILE
from tests.signals import builders
from traderai.common.errors import InputError, InvariantError
from traderai.jobs.models import Job

NOW = builders.last_moment() + timedelta(days=400)
pytestmark = pytest.mark.django_db


def test_every_share_and_horizon_gets_a_signal_or_a_reason(champion):
    report = signals_score(now=NOW)
    said = {(line.secid, line.horizon) for line in report.signals}
    shares = [f"SHR{n}" for n in range(6)] + ["OLD", "THIN"]
    assert said == {(secid, horizon) for secid in shares for horizon in builders.HORIZONS}
    assert report.not_ready == ()
    asked = signals_score(secids=["NEW", "SHR0"], now=NOW)
    assert {line.secid for line in asked.signals} == {"SHR0"}
    assert len(asked.not_ready) == 1 and "NEW has no 1h bars" in asked.not_ready[0]
    assert report.new == Signal.objects.count() == 24
    assert {line.source for line in report.signals} == {"replay"}
    assert not any(line.proven for line in report.signals)
    assert len({line.action for line in report.signals}) >= 3


def test_flawed_shares_get_their_reasons(champion):
    signals_score(now=NOW)
    by_secid = {
        row.instrument.secid: row for row in Signal.objects.filter(horizon="5d").select_related("instrument")
    }
    assert by_secid["OLD"].action == "NO_TRADE"
    assert "stale_data" in by_secid["OLD"].payload["decision"]["reasons"]
    assert by_secid["OLD"].as_of == builders.last_moment() > by_secid["OLD"].as_of - timedelta(days=1)
    assert by_secid["OLD"].payload["scenarios"] == []
    assert by_secid["THIN"].payload["decision"]["reasons"] == ["illiquid"]
    assert by_secid["SHR0"].as_of == builders.last_moment()


def test_scoring_again_changes_nothing_and_another_model_makes_another_row(champion):
    first = signals_score(now=NOW)
    before = list(Signal.objects.order_by("pk").values())
    again = signals_score(now=NOW + timedelta(days=1))
    assert again.new == 0
    assert list(Signal.objects.order_by("pk").values()) == before
    assert [line.action for line in again.signals] == [line.action for line in first.signals]
    builders.champion("global-test-22", against=champion)
    assert signals_score(now=NOW).new == 24


def test_scoring_alone_or_together_gives_the_same_bits(champion):
    signals_score(secids=["SHR3"], now=NOW)
    alone = Signal.objects.get(instrument__secid="SHR3", horizon="5d").payload
    builders.forget()
    signals_score(now=NOW)
    assert Signal.objects.get(instrument__secid="SHR3", horizon="5d").payload == alone


def test_later_bars_change_no_earlier_signal(champion):
    early = builders.last_moment(BARS_EARLY := builders.BARS - 9)
    signals_score(secids=["SHR1"], now=early)
    known = Signal.objects.get(instrument__secid="SHR1", horizon="3d")
    assert known.as_of == early
    assert known.source == "live"
    payload = known.payload
    builders.forget()
    Candle.objects.filter(begin__gte=early).delete()
    signals_score(secids=["SHR1"], now=early + timedelta(days=300))
    again = Signal.objects.get(instrument__secid="SHR1", horizon="3d")
    assert (again.as_of, again.payload) == (early, payload)
    assert BARS_EARLY < builders.BARS


def test_without_a_model_everything_is_no_trade(market):
    report = signals_score(now=NOW)
    assert len(report.signals) == 24
    assert {line.action for line in report.signals} == {"NO_TRADE"}
    assert all("model_missing" in line.reasons for line in report.signals)
    assert Signal.objects.exclude(confidence=None, model_version="").count() == 0


def test_a_model_of_the_simulator_says_nothing_of_real_shares(market):
    builders.share("SIM01", seed=5, is_simulated=True)
    builders.features("SIM01")
    builders.champion(is_simulated=True)
    report = signals_score(now=NOW)
    real = [line for line in report.signals if line.secid != "SIM01"]
    assert all(line.reasons[-1] == "model_missing" for line in real)
    simulated = [line for line in report.signals if line.secid == "SIM01"]
    assert {line.source for line in simulated} == {"simulated"}
    assert not any("model_missing" in line.reasons for line in simulated)


def test_a_proven_model_gives_proven_signals(market):
    builders.champion(grade="trade")
    assert all(line.proven for line in signals_score(now=NOW).signals)


def test_a_model_that_saw_the_bar_says_so(market):
    builders.champion(trained_until=builders.last_moment() + timedelta(hours=1))
    signals_score(secids=["SHR0"], now=NOW)
    row = Signal.objects.get(horizon="5d")
    assert "in_sample" in row.payload["warnings"]


def test_fresh_bars_are_live_and_old_ones_cannot_be_called_so(champion):
    live = signals_score(secids=["SHR0"], now=builders.last_moment() + timedelta(minutes=20))
    assert {line.source for line in live.signals} == {"live"}
    with pytest.raises(InputError, match="source must be replay"):
        signals_score(now=NOW, source="live")
    with pytest.raises(InputError, match="did you mean"):
        signals_score(now=NOW, source="repaly")
    assert not Signal.objects.filter(source="replay").exists()


def test_a_changed_feature_set_is_refused(champion, tmp_path, monkeypatch):
    from traderai.common.config import config_path

    text = (
        config_path("feature_sets.yaml")
        .read_text()
        .replace("std_20, volume_ratio_20", "volume_ratio_20, std_20")
    )
    (tmp_path / "feature_sets.yaml").write_text(text)
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InvariantError, match="or train again"):
        signals_score(now=NOW)
    assert Signal.objects.count() == 0


def test_due_scores_each_bar_once(champion):
    first = signals_score_due(limit=50, now=NOW)
    assert first.new == 24
    assert Job.objects.filter(kind="signals_score", state="done").count() == 8
    assert signals_score_due(limit=50, now=NOW).signals == ()
    assert Job.objects.count() == 8


def test_due_keeps_to_its_limit_and_goes_on(champion):
    assert len({line.secid for line in signals_score_due(limit=3, now=NOW).signals}) == 3
    assert len({line.secid for line in signals_score_due(limit=50, now=NOW).signals}) == 5


def test_due_waits_for_features(champion):
    signals_score_due(limit=50, now=NOW)
    late = builders.share("LATE", seed=7)
    assert signals_score_due(limit=50, now=NOW).signals == ()
    assert not Job.objects.filter(business_key__startswith="LATE").exists()
    builders.features("LATE")
    assert {line.secid for line in signals_score_due(limit=50, now=NOW).signals} == {"LATE"}
    assert Signal.objects.filter(instrument=late).count() == 3


@pytest.mark.parametrize("behind", [0, 1, 5, 3 * builders.LOOKBACK - 1])
def test_features_behind_their_bars_give_the_window_that_a_longer_look_gives(champion, behind):
    item = builders.share("LATE", seed=7, bars=builders.BARS - behind)
    builders.features("LATE")
    if behind:
        whole = builders.columns(8, builders.BARS)
        newest = {one.name: getattr(whole, one.name)[-behind:] for one in fields(whole)}
        candles_write(
            instrument_id=item.pk, timeframe=Timeframe.H1, columns=CandleColumns(**newest), origin=FILE
        )
    late = [instrument_get(secid="LATE")]
    occasion = occasion_of(champion, signal_config_get(), simulated=False, now=NOW)
    later = occasion.market_at + timedelta(hours=1)
    ((alone,), _), ((span,), _) = (
        shares_read(instruments=late, occasion=occasion, until=until).at(late, occasion)
        for until in (None, later)
    )
    assert len(alone.bars) == len(span.bars) == builders.BARS - behind
    if behind > 2 * builders.LOOKBACK:
        assert alone.window is span.window is None  # what is left is no whole window
    else:
        assert alone.window.shape[0] == builders.LOOKBACK
        assert np.array_equal(alone.window, span.window)


def test_a_failed_scoring_gives_its_claims_back(champion, settings):
    lake = settings.LAKE_URL
    settings.LAKE_URL = f"{lake}/nowhere"
    with pytest.raises(Exception, match="nowhere"):
        signals_score_due(limit=2, now=NOW)
    assert Signal.objects.count() == 0
    settings.LAKE_URL = lake
    assert signals_score_due(limit=50, now=NOW).new == 24
    assert not Job.objects.exclude(state="done").exists()


def test_the_payload_is_whole(champion):
    signals_score(now=NOW)
    for row in Signal.objects.exclude(action="NO_TRADE"):
        payload = row.payload
        assert abs(sum(s["p"] for s in payload["scenarios"]) - 1) < 1e-9
        assert len(payload["cone"]) == int(row.horizon[:-1]) + 1
        assert payload["cone"][0]["prices_rub"] == [payload["market"]["close_rub"]] * 5
        assert {d["family"] for d in payload["drivers"]} >= {"returns", "trend", "volatility"}
        side = payload["decision"]["side"]
        assert payload["break_even"][side] == payload["decision"]["p_break_even"]
        assert payload["prediction"][f"p_{side}"] == payload["decision"]["p"]
        assert np.isclose(
            payload["decision"]["edge"], payload["decision"]["p"] - payload["decision"]["p_break_even"]
        )


def test_the_command_prints_a_table_with_break_even(champion, capsys):
    call_command("score", "--secids", "SHR0,OLD")
    out = capsys.readouterr().out
    assert "model: global-test-1" in out
    assert "break-even" in out
    assert out.count("SHR0") == 1 and "stale_data" in out
    assert "\n3d: " in out and "1 NO_TRADE" in out and "\n10d: " in out and "\n5d: " not in out
    assert "6 signals, 6 new" in out


@pytest.mark.parametrize(("verbosity", "lines"), [(0, 0), (2, 3)])
def test_the_command_lists_as_much_as_it_is_asked_to(champion, capsys, verbosity, lines):
    call_command("score", "--secids", "SHR0", verbosity=verbosity)
    out = capsys.readouterr().out
    assert out.count("SHR0") == lines
    assert ("\n5d: " in out) == (not lines)


def test_one_share_is_one_short_transaction(champion):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        signals_score(secids=["SHR0"], now=NOW)
    inserts = [q for q in captured.captured_queries if q["sql"].strip().startswith("INSERT")]
    assert len(inserts) == 1


def test_the_task_scores_what_is_due(champion):
    from signals.tasks import signals_score_due as task

    task(limit=50)
    assert Signal.objects.count() == 24
    task(limit=50)
    assert Signal.objects.count() == 24
