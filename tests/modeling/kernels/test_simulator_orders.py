from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from modeling.kernels.simulator_market import stack_market
from modeling.kernels.simulator_orders import BorrowRate, FlatCost, account_terms, order_columns
from tests.modeling.kernels.bars_maker import random_bars
from tests.modeling.kernels.simulator_maker import COSTS, INF, NAN, account, instrument, orders_of

BARS = random_bars(3, 30, eventful=False)


def columns(*rows, rules=None):
    return order_columns(orders_of(*rows), stack_market([instrument(BARS)] * 2), rules or account())


def test_orders_stand_on_the_rows_of_the_market():
    got = columns({}, {"instrument": 1, "decision_bar": 4, "entry_bar": 5, "last_bar": 30, "side": -1})
    assert got.entry.tolist() == [1, 35]
    assert got.decision.tolist() == [0, 34]
    assert got.last.tolist() == [3, 59]
    assert got.beyond_data.tolist() == [False, True]
    assert got.side.tolist() == [1, -1]


def test_the_wider_of_measured_and_configured_spread_counts():
    rows = ({"half_spread_frac": NAN}, {"half_spread_frac": 0.0}, {"half_spread_frac": 0.003})
    np.testing.assert_allclose(
        columns(*rows, rules=account(costs=COSTS)).spread_frac, [0.0002, 0.0002, 0.0031]
    )
    assert columns(*rows).spread_frac.tolist() == [0.0, 0.0, 0.0]  # a flat cost is all there is


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"instrument": 2}, "instrument must be one of 0 to 1; was 2 in row 1"),
        ({"instrument": -1}, "instrument must be one of"),
        ({"decision_bar": -1}, "must lie in the instrument's data"),
        ({"entry_bar": 30, "last_bar": 31}, "must lie in the instrument's data"),
        (
            {"decision_bar": 5, "entry_bar": 5, "last_bar": 9},
            "entry_bar must begin when the decision's bar has ended",
        ),
        ({"decision_bar": 9, "entry_bar": 5, "last_bar": 9}, "enter at a later bar"),
        ({"decision_bar": 3, "entry_bar": 4, "last_bar": 3}, "last_bar must not lie before entry_bar"),
        ({"side": 0}, "side must be 1 or -1; leave out rows without a side; was 0 in row 1"),
        ({"take_profit_frac": -0.01}, "take_profit_frac must be above 0"),
        ({"take_profit_frac": NAN}, "take_profit_frac must be above 0"),
        ({"stop_loss_frac": 0.0}, "stop_loss_frac must be above 0; infinity is no limit; was 0.0 in row 1"),
        ({"max_value_rub": NAN}, "max_value_rub must be above 0"),
        ({"priority": NAN}, "priority must be finite"),
        ({"size_factor": 1.5}, "size_factor must be above 0 and at most 1"),
        ({"size_factor": 0.0}, "size_factor must be above 0"),
        ({"half_spread_frac": -0.1}, "half_spread_frac must be 0 or more"),
    ],
)
def test_broken_orders_are_refused(row, text):
    with pytest.raises(ValueError, match=text):
        columns({}, row)


def test_an_entry_in_an_overlapping_bar_is_refused():
    late = dataclasses.replace(BARS, begin_s=np.where(np.arange(30) == 1, BARS.begin_s - 60, BARS.begin_s))
    with pytest.raises(ValueError, match="entry_bar must begin when the decision's bar has ended"):
        order_columns(orders_of({}), stack_market([instrument(late)]), account())


def test_columns_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="priority must have shape"):
        dataclasses.replace(orders_of({}), priority=np.zeros(2))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"capital_rub": 0.0}, "capital_rub must be above 0"),
        ({"capital_rub": INF}, "capital_rub must be above 0"),
        ({"max_open": 0}, "max_open must be at least 1"),
        ({"stake_frac": 0.0}, "stake_frac must be above 0 and at most 1"),
        ({"max_gross_frac": 1.5}, "max_gross_frac must be above 0 and at most 1"),
        ({"max_wait_days": NAN}, "max_wait_days must be above 0"),
        ({"borrow_rates": ()}, "borrow_rates must be given by rising day"),
        (
            {
                "borrow_rates": (
                    BorrowRate(since_day=5, year_frac=0.2),
                    BorrowRate(since_day=4, year_frac=0.2),
                )
            },
            "by rising day",
        ),
        ({"borrow_rates": (BorrowRate(since_day=0, year_frac=0.0),)}, "nobody lends for nothing"),
        ({"borrow_rates": (BorrowRate(since_day=0, year_frac=27.0),)}, "below 5.0"),
    ],
)
def test_broken_rules_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        account(**changes)


@pytest.mark.parametrize("cost", [0.0, -1.0, NAN, 2000.0])
def test_no_trade_is_free(cost):
    with pytest.raises(ValueError, match="round_trip_bp must be above 0"):
        FlatCost(round_trip_bp=cost)


def test_borrowing_adds_up_midnight_by_midnight():
    rates = (BorrowRate(since_day=102, year_frac=0.365), BorrowRate(since_day=104, year_frac=0.73))
    got = account_terms(
        account(borrow_rates=rates), np.array([100, 103, 105])
    )  # the first rate also before its day
    assert got.midnight_s.size == 6
    np.testing.assert_allclose(got.borrowed_frac, [0, 0.001, 0.002, 0.003, 0.004, 0.006, 0.008])
