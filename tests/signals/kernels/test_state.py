"""The market state in prices as traded, by hand, after a split and without a future."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.kernels.sessions import MAIN
from modeling.fitting.dataset import dataset_assemble
from modeling.fitting.trading import cell_rows
from modeling.selectors.label_sets import barrier_set_get
from signals.kernels.state import Moment, market_state
from tests.modeling.synthetic import FEATURES, instruments, label_set
from tests.modeling.synthetic import bars as synthetic_bars

LABELS = barrier_set_get(name="swing_v1")
SHARE = InstrumentFacts(
    id=1,
    secid="AAAA",
    name_ru="А",
    name_en="A",
    sector="",
    lot_size=10,
    price_step_rub=0.01,
    decimals=2,
    active=True,
    shortable=True,
    is_simulated=False,
    issue_size_shares=None,
)


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


def state(of: Bars):
    moment = Moment(decision_s=int(of.known_s[-1]) + 120, regime="flat", novelty=1.5)
    return market_state(of, instrument=SHARE, label_set=LABELS, moment=moment)


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
        market_state(bars(5).cut(0), instrument=SHARE, label_set=LABELS, moment=moment)


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
        state = market_state(found.part(0, last + 1), instrument=SHARE, label_set=LABELS, moment=moment)
        assert (state.hour, state.session) == (judged.hour[last], judged.session[last])
        assert state.median_turnover_rub == judged.median_turnover_rub[last]
    assert len(set(judged.hour.tolist())) == 9
