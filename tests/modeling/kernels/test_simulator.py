from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.simulator import EXIT_REASONS, FATES, Simulation, simulate
from modeling.kernels.simulator_market import stack_market
from tests.modeling.kernels.simulator_maker import (
    calendar_of,
    random_account,
    random_market,
    random_orders,
)
from tests.modeling.kernels.slow_simulator import MUTATIONS, SlowMarket, simulate_slowly

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
