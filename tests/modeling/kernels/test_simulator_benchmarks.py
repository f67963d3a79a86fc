from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from modeling.kernels.simulator import simulate
from modeling.kernels.simulator_benchmarks import always_long, buy_and_hold
from modeling.kernels.simulator_market import stack_market
from modeling.kernels.simulator_orders import FlatCost
from tests.modeling.kernels.bars_maker import START_S, make_bars, random_bars
from tests.modeling.kernels.simulator_maker import INF, account, calendar_of, instrument, orders_of

COST = FlatCost(round_trip_bp=20.0)


def test_always_long_is_in_whenever_it_can_be():
    bars = make_bars([100] * 12, [101] * 12, [99] * 12, [100] * 12)
    rows = [
        {
            "decision_bar": t,
            "entry_bar": t + 1,
            "last_bar": t + 3,
            "side": -1,
            "priority": 9.0 - t,
            "size_factor": 0.1,
        }
        for t in range(8)
    ]
    orders = always_long(orders_of(*rows))
    got = simulate(stack_market([instrument(bars)]), orders, account(), calendar=calendar_of(bars)).trades
    assert got.entry_bar.tolist() == [1, 4, 7]  # in again at the open after each exit
    assert got.side.tolist() == [1, 1, 1]
    assert got.lots[0] == 50


def test_buying_once_to_hold_by_hand():
    # Bought at 100 with 10 bp: 100,000 / 100.10 = 999.001 shares; two bars a day. 5 of dividends on the second day.
    # Sold at 108 for 10 bp: 999.001 x (108 x 0.999 + 5).
    bars = make_bars([100] * 6, [120] * 6, [90] * 6, [100, 101, 102, 103, 104, 108], per_day=2,
                     dividends=[0, 0, 5.0, 0, 0, 0])  # fmt: skip
    got = buy_and_hold(bars, calendar=calendar_of(bars), capital_rub=100_000.0, costs=COST)
    shares = 100_000 / 100.1
    wanted = [100_000, shares * 101, shares * (103 + 5), shares * (108 * 0.999 + 5)]
    np.testing.assert_allclose(got.equity_rub, wanted, rtol=1e-12)
    np.testing.assert_allclose(got.cash_rub + got.positions_rub, got.equity_rub, rtol=1e-12)
    np.testing.assert_allclose(got.turnover_rub, [0, shares * 100, 0, shares * 108], rtol=1e-12)
    assert got.open_positions.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_buying_once_to_hold_is_one_order_without_barriers(seed):
    bars = random_bars(seed)
    bars = dataclasses.replace(bars, volume_shares=np.ones(len(bars)))
    market = stack_market([instrument(bars, price_step_rub=0.0, lot_size=1)])
    order = {"last_bar": len(bars), "take_profit_frac": INF, "stop_loss_frac": INF}
    rules = account(capital_rub=1e9, costs=COST, stake_frac=1.0, max_wait_days=50.0)
    calendar = calendar_of(bars)
    wanted = simulate(market, orders_of(order), rules, calendar=calendar).daily
    later = bars.part(1, len(bars))  # the order's decision takes the first bar
    got = buy_and_hold(later, calendar=calendar, capital_rub=1e9, costs=COST)
    np.testing.assert_allclose(got.equity_rub, wanted.equity_rub, rtol=1e-6)  # whole lots
    np.testing.assert_array_equal(got.open_positions, wanted.open_positions)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"calendar": np.array([2, 1])}, "rising days"),
        ({"calendar": np.array([1, 2])}, "a bar of TEST must lie within the calendar"),
        ({"calendar": np.arange(3) + START_S // 86_400 + 90}, "a bar of TEST must lie within the calendar"),
        ({"capital_rub": 0.0}, "capital_rub must be above 0"),
    ],
)
def test_what_cannot_be_held_is_refused(changes, text):
    bars = random_bars(1)
    values = {"calendar": calendar_of(bars), "capital_rub": 1.0, "costs": COST}
    with pytest.raises(ValueError, match=text):
        buy_and_hold(bars, **(values | changes))


def test_broken_prices_are_refused():
    bars = random_bars(1)
    broken = dataclasses.replace(bars, close=np.where(np.arange(len(bars)) == 9, np.nan, bars.close))
    with pytest.raises(ValueError, match="leave such bars out"):
        buy_and_hold(broken, calendar=calendar_of(bars), capital_rub=1.0, costs=COST)
