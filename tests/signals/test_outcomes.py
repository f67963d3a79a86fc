"""Outcomes are the labels: every row of a share told as a long and as a short, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.models import Candle
from market.selectors.auctions import bars_in_auction
from market.selectors.bars import bars_load
from market.selectors.instruments import instrument_get
from market.services.ingest import ingest_all
from market.sources.files import files_source
from modeling.contracts import BarrierLabelSet
from modeling.kernels.label_windows import INCOMPLETE, LABELLED, ROW_STATES, row_inputs
from modeling.kernels.labels import EXIT_REASONS, BarrierOutcomes, barrier_labels
from modeling.selectors.configuration import cost_model_get
from modeling.selectors.label_sets import barrier_set_get
from modeling.selectors.terms import trading_terms
from signals.contracts import OutcomeReport
from signals.models import Emission, Outcome
from signals.services.outcomes import outcomes_resolve
from tests.features.conftest import NOW as REAL_NOW
from tests.modeling.kernels.slow_labels import exact, row_window, side_outcome
from tests.signals import builders
from tests.signals.told_maker import payload, told
from traderai.common.clock import to_epoch_s

NOW = builders.last_moment() + timedelta(days=400)
COLUMNS = ("gross_frac", "net_frac", "r_multiple", "mfe_frac", "mae_frac", "bars_held")
pytestmark = pytest.mark.django_db


def history(
    secid: str, horizon: str, at=NOW
) -> tuple[InstrumentFacts, Bars, BarrierLabelSet, BarrierOutcomes]:
    """Return a share's bars and labels as training makes them: `fitting.loading` and `dataset_assemble`."""
    item, spec = instrument_get(secid=secid), barrier_set_get(name="swing_v1", timeframe="1h")
    bars = bars_load(secid=secid, timeframe=Timeframe.H1, as_of=at)
    cost = trading_terms(item, bars).cost_frac(bars, cost_model_get())
    inputs = row_inputs(bars, cost_frac=cost, auction=bars_in_auction(bars=bars))
    return item, bars, spec, barrier_labels(bars, spec, horizon, inputs)


def stored(action: str, horizon: str) -> dict[int, Outcome]:
    rows = Outcome.objects.filter(signal__action=action, signal__horizon=horizon).select_related("signal")
    return {to_epoch_s(row.signal.bar_begin): row for row in rows}


def assert_equal_bits(bars: Bars, labels: BarrierOutcomes, horizon: str, *, every: int = 1) -> int:
    """Compare every stored outcome of longs and shorts with the labels, bit by bit; return how many were trades."""
    trades = 0
    for place, (action, side) in enumerate((("BUY", labels.long), ("SELL", labels.short))):
        found = stored(action, horizon)
        told_rows = np.arange(len(bars))[place % every :: every]
        whole = told_rows[labels.row_state[told_rows] != INCOMPLETE]
        assert sorted(found) == bars.begin_s[whole].tolist()
        for t in whole:
            row = found[int(bars.begin_s[t])]
            if labels.row_state[t] != LABELLED:
                assert (row.state, row.void_reason) == ("void", ROW_STATES[labels.row_state[t]])
                continue
            trades += 1
            assert row.state == "traded" and row.exit_reason == EXIT_REASONS[side.exit_reason[t]]
            assert [getattr(row, name) for name in COLUMNS] == [getattr(side, name)[t] for name in COLUMNS]
            assert row.entry_at and row.exit_at and row.window_end_at
            moments = [to_epoch_s(moment) for moment in (row.entry_at, row.exit_at, row.window_end_at)]
            assert moments == [labels.entry_s[t], side.exit_s[t], labels.window_end_s[t]]
            assert row.net_frac == row.gross_frac - row.cost_frac
            entry = labels.entry_index[t]
            assert row.entry_price == labels.entry_price[t] / bars.split_factor[entry]
            last = entry + side.bars_held[t] - 1
            assert row.exit_price == side.exit_price[t] / bars.split_factor[last]
    return trades


def tell_all(secid: str, horizon: str, *, at=NOW, every: int = 1) -> tuple[Bars, BarrierOutcomes]:
    """Tell every row both ways, or with `every` 2 each row one way, the even ones as longs."""
    item, bars, spec, labels = history(secid, horizon, at)
    for place, action in enumerate(("BUY", "SELL")):
        rows = bars.begin_s[place % every :: every].tolist()
        told(item, rows, spec, horizon=horizon, action=action, at=at)
    return bars, labels


@pytest.mark.realdata
def test_all_rows_of_a_real_share_equal_the_labels(real_data):
    """GMKN: a split, dividends, the halt of 2022 and its auctions."""
    folders = [real_data / "candles", real_data / "corporate"]
    ingest_all(source=files_source(folders), secids=("GMKN",), timeframes=[Timeframe.H1], now=REAL_NOW)
    bars, labels = tell_all("GMKN", "5d", at=REAL_NOW, every=2)
    assert len(np.unique(bars.split_factor)) == 2 and bars.dividend_rub.any()
    report = outcomes_resolve(now=REAL_NOW)
    equal = assert_equal_bits(bars, labels, "5d", every=2)
    assert equal == report.traded == int(labels.labelled.sum()) > 10_000
    assert report.void > 100 and report.refused == ()


@pytest.mark.parametrize("horizon", builders.HORIZONS)
def test_all_rows_of_a_simulated_share_equal_the_labels(bars_alone, horizon):
    bars, labels = tell_all("SHR0", horizon)
    report = outcomes_resolve(now=NOW)
    assert assert_equal_bits(bars, labels, horizon) == report.traded > 1_000
    assert report.waiting == 2 * int((labels.row_state == INCOMPLETE).sum()) > 0


def test_they_equal_a_second_reckoning_in_plain_python(bars_alone):
    """The slow labels of the kernel's tests share no line with it."""
    bars, _ = tell_all("SHR1", "5d")
    outcomes_resolve(now=NOW)
    found = stored("SELL", "5d")
    spec = barrier_set_get(name="swing_v1", timeframe="1h")
    for t in range(100, 400, 7):
        row = found[int(bars.begin_s[t])]
        assert row.cost_frac is not None
        complete, entry, last = row_window(bars, spec, "5d", t, "")
        assert complete and entry is not None
        levels = exact(spec.take_profit), exact(spec.stop_loss)
        reason, exit_bar, price, gross, _, _ = side_outcome(bars, levels, entry, last, -1)
        assert (row.exit_reason, row.bars_held) == (reason, exit_bar - entry + 1)
        assert row.gross_frac == pytest.approx(float(gross), abs=1e-12)
        assert row.exit_price == pytest.approx(float(price), rel=1e-12)
        assert row.r_multiple == pytest.approx((float(gross) - row.cost_frac) / spec.stop_loss, abs=1e-12)


def test_sabotage_a_moved_bar_is_found(bars_alone):
    bars, labels = tell_all("SHR0", "3d")
    labels.long.net_frac[np.flatnonzero(labels.labelled)[50]] += 1e-15
    outcomes_resolve(now=NOW)
    with pytest.raises(AssertionError):
        assert_equal_bits(bars, labels, "3d")


def test_levels_of_its_own_replace_the_label_sets_in_the_same_window(bars_alone):
    item, bars, spec, labels = history("SHR2", "5d")
    rows = np.flatnonzero(labels.labelled)[100:120]
    own = payload(spec, take_profit_rub=97.0, stop_loss_rub=101.5, label_take_profit_rub=96.0)
    told(item, bars.begin_s[rows].tolist(), spec, horizon="5d", action="SELL", at=NOW, payload=own)
    outcomes_resolve(now=NOW)
    other = replace(spec, take_profit=0.03, stop_loss=0.015)
    cost = trading_terms(item, bars).cost_frac(bars, cost_model_get())
    expected = barrier_labels(bars, other, "5d", row_inputs(bars, cost_frac=cost)).short
    for t in rows:
        row = stored("SELL", "5d")[int(bars.begin_s[t])]
        assert row.r_multiple == pytest.approx(expected.r_multiple[t], abs=1e-12)
        assert row.exit_reason == EXIT_REASONS[expected.exit_reason[t]]
    assert not np.allclose(expected.r_multiple[rows], labels.short.r_multiple[rows])


def test_levels_that_no_order_can_have_are_void(bars_alone):
    item, bars, spec, labels = history("SHR2", "5d")
    row = int(bars.begin_s[np.flatnonzero(labels.labelled)[100]])
    own = payload(spec, take_profit_rub=250.0, stop_loss_rub=99.0, label_take_profit_rub=104.0)
    told(item, [row], spec, horizon="5d", action="BUY", at=NOW, payload=own)
    assert outcomes_resolve(now=NOW).void == 1
    assert stored("BUY", "5d")[row].void_reason == "no_levels"


def test_a_hold_trades_nothing_and_waits_for_its_window_too(bars_alone):
    item, bars, spec, labels = history("SHR0", "10d")
    told(item, bars.begin_s[-200:].tolist(), spec, horizon="10d", action="HOLD", at=NOW)
    report = outcomes_resolve(now=NOW)
    waiting = int((labels.row_state[-200:] == INCOMPLETE).sum())
    assert report == OutcomeReport(traded=0, no_trade=200 - waiting, void=0, waiting=waiting)
    kinds = Outcome.objects.values_list("state", "net_frac", "exit_reason").distinct()
    assert list(kinds) == [("no_trade", None, "")]


def test_an_outcome_is_written_once_and_restated_bars_change_none(bars_alone):
    tell_all("SHR0", "5d")
    first = outcomes_resolve(now=NOW)
    before = list(Outcome.objects.order_by("pk").values())
    Candle.objects.filter(instrument__secid="SHR0").update(high=1e6)
    again = outcomes_resolve(now=NOW + timedelta(hours=1))
    assert first.new > 1_000 and again.new == 0
    assert list(Outcome.objects.order_by("pk").values()) == before


def test_what_another_worker_wrote_meanwhile_stays(bars_alone, monkeypatch):
    """Both have read what is due; the second one writes after the first."""
    from signals.services import outcomes as own

    item, bars, spec, _ = history("SHR0", "5d")
    told(item, bars.begin_s[300:310].tolist(), spec, horizon="5d", action="BUY", at=NOW)
    due = own._pending(NOW)
    outcomes_resolve(now=NOW)
    before = list(Outcome.objects.order_by("pk").values())
    monkeypatch.setattr(own, "_pending", lambda now: due)
    assert outcomes_resolve(now=NOW + timedelta(minutes=1)).new == 0
    assert list(Outcome.objects.order_by("pk").values()) == before


def test_what_is_not_known_yet_waits(bars_alone):
    """By the bars of the signal's own moment nothing can be told; a later look tells it."""
    item, bars, spec, _ = history("SHR0", "3d")
    (signal,) = told(
        item, [int(bars.begin_s[300])], spec, horizon="3d", action="BUY", at=NOW - timedelta(days=900)
    )
    for days in (0, 1, 2):
        assert outcomes_resolve(now=signal.as_of + timedelta(days=days)).waiting == 1
    assert outcomes_resolve(now=signal.as_of + timedelta(days=9)).new == 1


def test_what_was_not_told_has_no_outcome(bars_alone):
    item, bars, spec, _ = history("SHR0", "3d")
    told(item, [int(bars.begin_s[300])], spec, horizon="3d", action="BUY", at=NOW)
    Emission.objects.all().delete()
    assert outcomes_resolve(now=NOW) == OutcomeReport(traded=0, no_trade=0, void=0, waiting=0)


def test_a_bar_that_is_gone_voids_and_another_label_set_is_not_asked(bars_alone):
    item, bars, spec, _ = history("SHR0", "3d")
    told(item, [int(bars.begin_s[300]) + 1800], spec, horizon="3d", action="BUY", at=NOW)
    changed = replace(spec, take_profit=0.05)
    told(item, [int(bars.begin_s[301])], changed, horizon="3d", action="BUY", at=NOW)
    report = outcomes_resolve(now=NOW)
    assert report.void == report.new == 1 and Outcome.objects.get().void_reason == "no_bar"
    assert report.refused[0].startswith("1 signals: label set swing_v1 has changed since")
    assert outcomes_resolve(now=NOW).new == 0


def test_a_limit_ends_after_the_share_that_fills_it_and_starves_none(bars_alone):
    for secid in ("SHR0", "SHR1"):
        item, bars, spec, _ = history(secid, "3d")
        told(item, bars.begin_s[300:310].tolist(), spec, horizon="3d", action="BUY", at=NOW)
    assert [outcomes_resolve(now=NOW, limit=1).new for _ in range(3)] == [10, 10, 0]


def test_staff_see_outcomes_and_edit_none(bars_alone, admin_client):
    item, bars, spec, _ = history("SHR0", "3d")
    told(item, bars.begin_s[300:304].tolist(), spec, horizon="3d", action="SELL", at=NOW)
    outcomes_resolve(now=NOW)
    row = Outcome.objects.last()
    listed = admin_client.get(
        reverse("admin:signals_outcome_changelist"), {"signal__source__exact": "replay"}
    )
    assert listed.status_code == 200 and f"{row.r_multiple:+.2f}" in listed.content.decode()
    assert "SHR0 3d" in listed.content.decode() and "Replay, paper" in listed.content.decode()
    page = reverse("admin:signals_outcome_change", args=[row.pk])
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"net_frac": 1.0}).status_code == 403


def test_the_command_tells_counts(bars_alone):
    item, bars, spec, _ = history("SHR0", "3d")
    told(item, bars.begin_s[300:304].tolist(), spec, horizon="3d", action="HOLD", at=NOW)
    out = StringIO()
    call_command("resolve_outcomes", stdout=out)
    assert out.getvalue().startswith(
        "4 outcomes written: 0 traded, 4 nothing to trade, 0 void; 0 signals wait"
    )
