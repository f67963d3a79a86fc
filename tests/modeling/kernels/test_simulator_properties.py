"""What must not change the simulator's answer, and what may change it in one direction only."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Bars
from modeling.kernels.simulator import Simulation, simulate
from modeling.kernels.simulator_market import day_ends_s, stack_market
from modeling.kernels.simulator_orders import FlatCost
from tests.modeling.kernels.bars_maker import labelled, random_bars, spec
from tests.modeling.kernels.simulator_maker import (
    COSTS,
    account,
    calendar_of,
    instrument,
    orders_of,
    random_account,
    random_market,
    random_orders,
)

seeds = given(st.integers(0, 10**6))
quick = settings(deadline=None, max_examples=25)


def columns_of(table) -> dict[str, np.ndarray]:
    return {field.name: getattr(table, field.name) for field in dataclasses.fields(table)}


def run(instruments, orders, rules, calendar) -> Simulation:
    return simulate(stack_market(instruments), orders, rules, calendar=calendar)


def drawn(seed):
    instruments = random_market(seed)
    calendar = calendar_of(*(each.bars for each in instruments))
    return instruments, random_orders(seed, instruments), random_account(seed), calendar


def assert_equal_bits(got: Simulation, wanted: Simulation, *, but: str = "") -> None:
    for one, other in ((got.trades, wanted.trades), (got.daily, wanted.daily)):
        for name, column in columns_of(one).items():
            if name != but:
                np.testing.assert_array_equal(column, getattr(other, name), err_msg=name)
    np.testing.assert_array_equal(got.fate, wanted.fate)


@quick
@seeds
def test_the_books_balance(seed):
    instruments, orders, rules, calendar = drawn(seed)
    got = run(instruments, orders, rules, calendar)
    trades, daily = got.trades, got.daily
    kopeck = 0.01
    assert daily.equity_rub[-1] == pytest.approx(rules.capital_rub + trades.net_rub.sum(), abs=kopeck)
    np.testing.assert_allclose(daily.equity_rub, daily.cash_rub + daily.positions_rub, atol=kopeck)
    taken = trades.fees_rub + trades.slippage_rub + trades.borrow_rub
    np.testing.assert_allclose(trades.net_rub, trades.gross_rub - taken, atol=kopeck)
    traded = (trades.entry_value_rub + trades.exit_value_rub).sum()
    assert daily.turnover_rub.sum() == pytest.approx(traded, abs=kopeck)
    assert (trades.fees_rub > 0).all()
    assert len(trades) + sum(got.refused.values()) == len(orders)
    assert daily.open_positions[-1] == 0
    assert (daily.open_positions <= rules.max_open).all()
    assert (trades.exit_s > trades.entry_s).all()


@quick
@seeds
def test_equal_inputs_give_equal_bits_and_stay_as_they_were(seed):
    instruments, orders, rules, calendar = drawn(seed)
    before = {name: column.copy() for name, column in columns_of(orders).items()}
    assert_equal_bits(run(instruments, orders, rules, calendar), run(instruments, orders, rules, calendar))
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(orders, name), column)


def scrambled_after(bars: Bars, moment_s: int, seed: int) -> Bars:
    """Return the bars with other prices, dividends and volumes from a moment on."""
    rng = np.random.default_rng(seed)
    factor = np.where(bars.known_s > moment_s, rng.uniform(0.5, 1.5, len(bars)), 1.0)
    prices = {name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    return dataclasses.replace(
        bars, **prices, dividend_rub=bars.dividend_rub * factor, volume_shares=bars.volume_shares * factor
    )


def assert_past_unchanged(
    instruments, orders, rules, calendar, *, day: int, seed: int, shift_s: int = 0
) -> None:
    moment_s = int(day_ends_s(calendar)[day])
    other = [
        dataclasses.replace(each, bars=scrambled_after(each.bars, moment_s - shift_s, seed))
        for each in instruments
    ]
    before, after = run(instruments, orders, rules, calendar), run(other, orders, rules, calendar)
    for name, column in columns_of(before.daily).items():
        np.testing.assert_array_equal(column[: day + 1], getattr(after.daily, name)[: day + 1], err_msg=name)
    entry_s = np.array(
        [instruments[i].bars.begin_s[bar] for i, bar in zip(orders.instrument, orders.entry_bar, strict=True)]
    )
    np.testing.assert_array_equal(before.fate[entry_s < moment_s], after.fate[entry_s < moment_s])
    past = [result.trades.exit_s < moment_s for result in (before, after)]
    for name, column in columns_of(before.trades).items():
        np.testing.assert_array_equal(column[past[0]], getattr(after.trades, name)[past[1]], err_msg=name)


@quick
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_later_bars_change_nothing_before(seed, day):
    instruments, orders, rules, calendar = drawn(seed)
    assert_past_unchanged(instruments, orders, rules, calendar, day=min(day, calendar.size - 1), seed=seed)


def test_the_test_of_causality_catches_bars_that_were_known():
    for seed in range(20):
        instruments, orders, rules, calendar = drawn(seed)
        try:
            assert_past_unchanged(
                instruments, orders, rules, calendar, day=calendar.size // 2, seed=seed, shift_s=5 * 86_400
            )
        except AssertionError:
            return
    pytest.fail("nobody noticed that known bars were changed")


@quick
@seeds
def test_higher_costs_never_raise_the_net_of_the_same_trades(seed):
    instruments, orders, _rules, calendar = drawn(seed)
    # With fixed stakes and money to spare costs do not decide what is traded.
    rules = account(capital_rub=1e7, max_open=3, stake_frac=0.1, compounding=False)
    results = [
        run(instruments, orders, dataclasses.replace(rules, costs=costs), calendar)
        for costs in (FlatCost(round_trip_bp=5.0), FlatCost(round_trip_bp=10.0), COSTS)
    ]
    cheap, dear, model = results
    for other in (dear, model):
        np.testing.assert_array_equal(cheap.trades.order, other.trades.order)
        np.testing.assert_array_equal(cheap.trades.lots, other.trades.lots)
        np.testing.assert_array_equal(cheap.trades.gross_rub, other.trades.gross_rub)
        assert (other.trades.net_rub < cheap.trades.net_rub).all()
    assert len(cheap.trades) == 0 or dear.daily.equity_rub[-1] < cheap.daily.equity_rub[-1]


@quick
@given(st.integers(0, 10**6), st.sampled_from([2.0, 10.0, 0.01]))
def test_splitting_a_share_changes_no_ruble(seed, ratio):
    instruments, orders, rules, calendar = drawn(seed)
    plain, split = [], []
    for i, each in enumerate(instruments):
        n = len(each.bars)
        before, after = np.ones(n), np.where(np.arange(n) < n * (i + 1) // 4, 1.0, ratio)
        # The same bars and, in money, the same lots and steps.
        terms = {"price_step_rub": 0.05 / before, "lot_size": np.full(n, 100)}
        plain.append(
            dataclasses.replace(each, bars=dataclasses.replace(each.bars, split_factor=before), **terms)
        )
        terms = {"price_step_rub": 0.05 / after, "lot_size": np.round(100 * after).astype(np.int64)}
        split.append(
            dataclasses.replace(each, bars=dataclasses.replace(each.bars, split_factor=after), **terms)
        )
    got, wanted = run(split, orders, rules, calendar), run(plain, orders, rules, calendar)
    np.testing.assert_array_equal(got.fate, wanted.fate)
    for name in ("order", "exit_bar", "reason", "lots"):
        np.testing.assert_array_equal(getattr(got.trades, name), getattr(wanted.trades, name))
    for name in ("gross_rub", "fees_rub", "slippage_rub", "borrow_rub", "net_rub"):
        np.testing.assert_allclose(
            getattr(got.trades, name), getattr(wanted.trades, name), atol=1e-9 * rules.capital_rub
        )
    for name, column in columns_of(got.daily).items():
        np.testing.assert_allclose(
            column, getattr(wanted.daily, name), rtol=1e-9, atol=1e-9 * rules.capital_rub
        )


@quick
@seeds
def test_the_order_of_the_instruments_changes_nothing(seed):
    instruments, orders, rules, calendar = drawn(seed)
    places = np.random.default_rng(seed).permutation(len(instruments))
    moved = [instruments[int(np.flatnonzero(places == i)[0])] for i in range(len(instruments))]
    there = dataclasses.replace(orders, instrument=places[orders.instrument])
    got, wanted = run(moved, there, rules, calendar), run(instruments, orders, rules, calendar)
    assert_equal_bits(got, wanted, but="instrument")
    np.testing.assert_array_equal(got.trades.instrument, places[wanted.trades.instrument])


@quick
@seeds
def test_the_order_of_the_rows_changes_nothing_where_priorities_differ(seed):
    instruments, orders, rules, calendar = drawn(seed)
    orders = dataclasses.replace(orders, priority=np.random.default_rng(seed).random(len(orders)))
    shuffled = np.random.default_rng(seed + 1).permutation(len(orders))
    there = type(orders)(**{name: column[shuffled] for name, column in columns_of(orders).items()})
    got, wanted = run(instruments, there, rules, calendar), run(instruments, orders, rules, calendar)
    np.testing.assert_array_equal(shuffled[got.trades.order], wanted.trades.order)
    np.testing.assert_array_equal(got.daily.equity_rub, wanted.daily.equity_rub)
    np.testing.assert_array_equal(got.fate, wanted.fate[shuffled])


@quick
@given(st.integers(0, 10**6), st.sampled_from(["1d", "2d", "3d"]), st.sampled_from([1, -1]))
def test_a_trade_is_worth_what_its_label_says(seed, horizon, side):
    bars = random_bars(seed)
    labels = labelled(bars, spec(), horizon)
    outcome = labels.long if side > 0 else labels.short
    market = stack_market([instrument(bars, price_step_rub=0.0, lot_size=1)])
    rules = account(capital_rub=1e9, costs=FlatCost(round_trip_bp=1e-6), max_wait_days=50.0)
    for row in np.flatnonzero(labels.labelled)[:12]:
        order = {
            "decision_bar": row, "entry_bar": labels.entry_index[row], "last_bar": labels.last_index[row],
            "side": side, "take_profit_frac": 0.04, "stop_loss_frac": 0.02,
        }  # fmt: skip
        got = simulate(market, orders_of(order), rules, calendar=calendar_of(bars)).trades
        assert got.gross_frac[0] == pytest.approx(outcome.gross_frac[row], abs=1e-12)
        assert got.reason[0] == outcome.exit_reason[row]
        assert got.bars_held[0] == outcome.bars_held[row]
        assert got.exit_price_rub[0] * bars.split_factor[got.exit_bar[0]] == pytest.approx(
            outcome.exit_price[row]
        )
