"""The market state in prices as traded, by hand, after a split and without a future."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from modeling.fitting.dataset import dataset_assemble
from modeling.fitting.trading import cell_rows
from modeling.kernels.label_windows import WIDE_SPREAD, row_inputs
from modeling.kernels.labels import barrier_labels
from modeling.kernels.policy_reasons import data_reasons
from modeling.selectors.configuration import policy_get
from modeling.selectors.label_sets import barrier_set_get
from signals.kernels.state import Moment, ShareTerms, market_state
from tests.modeling.kernels import policy_maker as make
from tests.modeling.synthetic import FEATURES, instruments, label_set
from tests.modeling.synthetic import bars as synthetic_bars

LABELS = barrier_set_get(name="swing_v1")


def bars(n: int, *, factor: float = 1.0) -> Bars:
    rng = np.random.default_rng(8)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    return Bars(
        secid="AAAA",
        timeframe=Timeframe.H1,
        begin_s=3600 * np.arange(n, dtype=np.int64),
        open=close,
        high=close * 1.01,
        low=close * 0.98,
        close=close,
        volume_shares=np.full(n, 1000.0),
        turnover_rub=rng.uniform(1e6, 2e6, n),
        split_factor=np.full(n, factor),
        dividend_rub=np.zeros(n),
        trading_day=np.zeros(n, dtype=np.int64),
        session=np.full(n, MAIN, dtype=np.int8),
    )


def terms(**changes) -> ShareTerms:
    values = {"price_step_rub": 0.01, "lot_size": 10, "shortable": True, "halted": False}
    return ShareTerms(**(values | {"days_to_ex_dividend": None} | changes))


def state(of: Bars, **changes):
    moment = Moment(decision_s=int(of.known_s[-1]) + 120, regime="flat", novelty=1.5)
    return market_state(of, terms=terms(**changes), label_set=LABELS, moment=moment)


def test_figures_by_hand():
    made = bars(300)
    found = state(made)
    ranges = np.maximum(made.high[1:], made.close[:-1]) - np.minimum(made.low[1:], made.close[:-1])
    average = ranges[:14].mean()
    for value in ranges[14:]:
        average = (13 * average + value) / 14
    assert found.atr_rub == pytest.approx(average)
    assert found.close_rub == pytest.approx(made.close[-1])
    assert found.median_turnover_rub == pytest.approx(np.median(made.turnover_rub[-100:]))
    assert (found.data_age_s, found.bars_known) == (120.0, 300)
    assert math.isnan(found.half_spread_frac)
    assert (found.take_profit_frac, found.stop_loss_frac) == (0.04, 0.02)


def test_a_split_gives_todays_roubles():
    plain, split = state(bars(300)), state(bars(300, factor=100.0))
    assert split.close_rub == pytest.approx(plain.close_rub / 100)
    assert split.atr_rub == pytest.approx(plain.atr_rub / 100)


def test_short_histories_have_no_range_and_none_is_refused():
    assert math.isnan(state(bars(14)).atr_rub)
    with pytest.raises(ValueError, match="at least one bar"):
        moment = Moment(decision_s=0, regime="flat", novelty=0.0)
        market_state(bars(5).cut(0), terms=terms(), label_set=LABELS, moment=moment)


def test_the_cells_of_a_decision_are_those_that_its_row_is_judged_in():
    """Filters read of the served state what they read of the dataset's row: hour, session and turnover."""
    found = synthetic_bars("SHR0", days=40, seed=3)
    rows = next(item for item in instruments(days=40) if item.bars.secid == "SHR0")
    data = dataset_assemble(
        [replace(rows, bars=found)], features=FEATURES, label_set=label_set(), lookback_bars=8
    )
    codes = np.zeros(len(found), dtype=np.int8)
    judged = cell_rows(data, np.arange(len(found)), codes.astype(np.int64), codes)
    for last in (200, 203, 299):
        moment = Moment(decision_s=int(found.known_s[last]), regime="flat", novelty=0.0)
        state = market_state(found.part(0, last + 1), terms=terms(), label_set=LABELS, moment=moment)
        assert (state.hour, state.session) == (judged.hour[last], judged.session[last])
        assert state.median_turnover_rub == judged.median_turnover_rub[last]
    assert len(set(judged.hour.tolist())) == 9


def test_what_a_share_is_traded_on_is_told_as_it_is():
    found = state(
        bars(300), shortable=False, halted=True, lot_size=7, price_step_rub=0.5, days_to_ex_dividend=1
    )
    assert (found.shortable, found.halted, found.lot_size, found.price_step_rub) == (False, True, 7, 0.5)
    assert found.days_to_ex_dividend == 1


def test_the_spread_is_that_which_the_label_of_the_same_row_reads():
    made = bars(300)
    taught = row_inputs(made, cost_frac=0.002).spread_frac
    for last in (50, 99, 100, 180, 299):
        found = state(made.part(0, last + 1)).spread_frac
        assert found == pytest.approx(taught[last], rel=1e-12, nan_ok=True)
    assert math.isnan(taught[99])
    assert taught[100] > 0.01


def test_a_spread_that_takes_a_rows_label_takes_its_trade():
    """The label code calls a row wide, the policy illiquid: the same rows, by the same limit."""
    policy, evidence = policy_get(), make.evidence()
    assert LABELS.max_spread_of_take_profit_frac == policy.max_spread_of_take_profit_frac
    made = ranging_bars()
    labels = barrier_labels(made, LABELS, "3d", row_inputs(made, cost_frac=0.002))
    seen = []
    for last in range(150, 560, 20):
        now = state(made.part(0, last + 1))
        now = replace(now, median_turnover_rub=1e9, bars_known=5000, data_age_s=0.0)
        illiquid = "illiquid" in data_reasons(evidence, now, policy, 0.002)
        assert illiquid == (labels.row_state[last] == WIDE_SPREAD), last
        seen.append(illiquid)
    assert {True, False} == set(seen)


def ranging_bars() -> Bars:
    """Return bars whose ranges, and with them the spread that they imply, rise from narrow to wide."""
    rng = np.random.default_rng(5)
    n = 700
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, n)))
    half = np.linspace(0.0005, 0.012, n)
    return replace(
        bars(n),
        open=close,
        close=close,
        high=close * (1 + half),
        low=close * (1 - half),
        trading_day=np.arange(n, dtype=np.int64) // 10,
        begin_s=86_400 * (np.arange(n, dtype=np.int64) // 10)
        + 3600 * (7 + np.arange(n, dtype=np.int64) % 10),
    )
