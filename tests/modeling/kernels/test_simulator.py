from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.simulator import EXIT_REASONS, FATES, Simulation, simulate
from modeling.kernels.simulator_market import stack_market
from tests.modeling.kernels.simulator_maker import (
    COSTS,
    account,
    calendar_of,
    instrument,
    random_account,
    random_market,
    random_orders,
)
from tests.modeling.kernels.slow_simulator import MUTATIONS, SlowMarket, simulate_slowly
from tests.modeling.kernels.test_labels import real_bars

EXACT = ("order", "instrument", "side", "entry_bar", "exit_bar", "entry_s", "exit_s", "at_open", "lots")
MONEY = ("entry_price_rub", "exit_price_rub", "gross_rub", "dividend_rub", "fees_rub", "slippage_rub", "borrow_rub", "net_rub")  # fmt: skip
DAILY = ("equity_rub", "cash_rub", "positions_rub", "gross_rub", "turnover_rub", "open_positions")


def drawn(seed: int):
    instruments = random_market(seed)
    calendar = calendar_of(*(each.bars for each in instruments))
    if seed % 3 == 0:
        calendar = calendar[((calendar + 3) % 7 < 6) | (calendar == calendar[-1])]  # no Sundays
    return instruments, random_orders(seed, instruments), random_account(seed), calendar


def assert_same(got: Simulation, slow: SlowMarket, orders, capital: float) -> None:
    assert [FATES[code] for code in got.fate] == [slow.fates[row] for row in range(len(orders))]
    for name in EXACT:
        assert getattr(got.trades, name).tolist() == [trade[name] for trade in slow.trades], name
    assert [EXIT_REASONS[code] for code in got.trades.reason] == [trade["reason"] for trade in slow.trades]
    for name in MONEY:
        wanted = [float(trade[name]) for trade in slow.trades]
        np.testing.assert_allclose(
            getattr(got.trades, name), wanted, rtol=1e-9, atol=1e-9 * capital, err_msg=name
        )
    for name in DAILY:
        wanted = [float(day[name]) for day in slow.days]
        np.testing.assert_allclose(
            getattr(got.daily, name), wanted, rtol=1e-9, atol=1e-9 * capital, err_msg=name
        )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_the_simulator_equals_the_slow_loop(seed):
    instruments, orders, rules, calendar = drawn(seed)
    got = simulate(stack_market(instruments), orders, rules, calendar=calendar)
    assert_same(got, simulate_slowly(instruments, orders, rules, calendar), orders, rules.capital_rub)


MUTATION_SEEDS = range(60)


@pytest.fixture(scope="module")
def simulated():
    """What the simulator makes of some random markets, beside what went into it."""
    found = []
    for seed in MUTATION_SEEDS:
        instruments, orders, rules, calendar = drawn(seed)
        found.append((simulate(stack_market(instruments), orders, rules, calendar=calendar), seed))
    return found


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_known_mistake_would_be_noticed(mutation, simulated):
    for got, seed in simulated:
        instruments, orders, rules, calendar = drawn(seed)
        slow = simulate_slowly(instruments, orders, rules, calendar, mutation)
        try:
            assert_same(got, slow, orders, rules.capital_rub)
        except AssertionError:
            return
    pytest.fail(f"nobody noticed that {mutation}")


@pytest.mark.realdata
def test_real_shares_over_the_halt_of_2022_equal_the_slow_loop(real_data):
    span = (pl.datetime(2022, 2, 10), pl.datetime(2022, 4, 8))
    instruments = [
        instrument(real_bars(real_data, secid, *span), price_step_rub=step, lot_size=lot)
        for secid, step, lot in (("SBER", 0.01, 10), ("LKOH", 0.5, 1))
    ]
    orders = random_orders(7, instruments, count=250)
    wide = {name: 6.0 * getattr(orders, name) for name in ("take_profit_frac", "stop_loss_frac")}
    orders = dataclasses.replace(orders, **wide)  # wild days
    rules = account(capital_rub=1e6, costs=COSTS, max_open=2, stake_frac=0.3)
    calendar = calendar_of(*(each.bars for each in instruments))
    got = simulate(stack_market(instruments), orders, rules, calendar=calendar)
    assert_same(got, simulate_slowly(instruments, orders, rules, calendar), orders, rules.capital_rub)
    halt_s = 1_646_600_000  # 2022-03-06: closed from 25 February to 24 March
    held = (got.trades.entry_s < halt_s) & (got.trades.exit_s > halt_s)
    assert held.any()
    assert (got.trades.exit_s[held] >= 1_648_098_000).all()  # not before 2022-03-24 08:00 in Moscow
