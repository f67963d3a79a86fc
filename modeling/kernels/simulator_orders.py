"""What is asked of the simulator: the orders, and the rules of the account that they are traded in."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numba import njit

from modeling.contracts import CostModel
from modeling.kernels.simulator_market import Market, day_ends_s
from traderai.common.arrays import F64, I8, I64, Bools

_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Orders:
    """What is to be traded, a row for each decision with a side; bars are counted from the instrument's first.

    A fraction of infinity is no barrier. A `last_bar` at or behind the end of the data says that the window is
    longer than they are.
    """

    instrument: I64  # (n,) as all
    decision_bar: I64  # the decision is made when this bar ends
    entry_bar: I64  # entered at its open
    last_bar: I64  # the window's last bar: without a touch, out at its close
    side: I8  # 1 long, -1 short
    take_profit_frac: F64  # of the entry price
    stop_loss_frac: F64
    priority: F64  # of orders with one moment of entry the higher goes first, then the earlier row
    max_value_rub: F64  # what can be traded without moving the price; infinity: no limit
    size_factor: F64  # scales the stake, in (0, 1]
    half_spread_frac: F64  # measured; NaN: the configured one

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            if array.shape != self.instrument.shape or array.ndim != 1:
                raise ValueError(
                    f"{field.name} must have shape {self.instrument.shape}, was of shape {array.shape}"
                )

    def __len__(self) -> int:
        return int(self.instrument.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatCost:
    """A round trip's cost in basis points, half of it on each side's value."""

    round_trip_bp: float

    def __post_init__(self) -> None:
        if not 0.0 < self.round_trip_bp < 1000.0:
            raise ValueError(
                f"round_trip_bp must be above 0 (no trade is free) and below 1000, was {self.round_trip_bp}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowRate:
    """What borrowing a share for a year costs from a Moscow day (since 1970) on."""

    since_day: int
    year_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """The account that trades: what it has, how much it stakes, what trading costs it."""

    capital_rub: float
    costs: CostModel | FlatCost
    borrow_rates: tuple[BorrowRate, ...]  # by rising day; the first also holds before its day
    max_open: int  # positions at a time
    stake_frac: float  # of the equity, in each position
    compounding: bool = True  # False: stakes are fractions of the starting capital for ever
    max_gross_frac: float = 1.0  # longs plus shorts, of the equity; leverage costs interest, so there is none
    max_wait_days: float = (
        5.5  # calendar days from a decision to its entry; after a longer halt it has lapsed
    )

    def __post_init__(self) -> None:
        if not (math.isfinite(self.capital_rub) and self.capital_rub > 0):
            raise ValueError(f"capital_rub must be above 0, was {self.capital_rub}")
        if self.max_open < 1:
            raise ValueError(f"max_open must be at least 1, was {self.max_open}")
        for name in ("stake_frac", "max_gross_frac"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be above 0 and at most 1, was {getattr(self, name)}")
        if not self.max_wait_days > 0:
            raise ValueError(f"max_wait_days must be above 0, was {self.max_wait_days}")
        days = [rate.since_day for rate in self.borrow_rates]
        if not days or days != sorted(set(days)):
            raise ValueError(f"borrow_rates must be given by rising day, were {days}")
        if not all(0.0 < rate.year_frac < 5.0 for rate in self.borrow_rates):
            raise ValueError(
                "a borrow rate must be above 0 (nobody lends for nothing) and below 5.0, were "
                f"{[rate.year_frac for rate in self.borrow_rates]}"
            )


class OrderColumns(NamedTuple):
    """Orders as the event loop reads them; bars are rows of the market."""

    instrument: I64  # (n,) as all
    decision: I64
    entry: I64
    last: I64
    beyond_data: Bools
    side: I8
    take_profit_frac: F64
    stop_loss_frac: F64
    max_value_rub: F64
    size_factor: F64
    spread_frac: F64  # half the spread and the slippage in basis points: what each side loses of its value


class Order(NamedTuple):
    """One row of them."""

    instrument: int
    entry: int
    last: int
    beyond_data: bool
    side: float
    take_profit_frac: float
    stop_loss_frac: float
    max_value_rub: float
    size_factor: float
    spread_frac: float


class Terms(NamedTuple):
    """The account's rules as the event loop reads them."""

    capital_rub: float
    stake_frac: float
    compounding: bool
    max_open: int
    max_gross_frac: float
    fee_frac: float  # of each side's value
    slippage_steps: float
    midnight_s: I64  # (d,) ends of all days, trading days or not, from the calendar's first to its last
    borrowed_frac: (
        F64  # (d + 1,) [k]: what borrowing costs from the start till k midnights later, of the value
    )


def order_columns(orders: Orders, market: Market, rules: AccountRules) -> OrderColumns:
    """Return the orders on the market's rows, checked.

    Shapes: orders of n.
    Units:  as in `Orders`.
    NaN:    half_spread_frac only; anywhere else refused.
    Raises: ValueError for an unknown instrument or side, a window that does not lie in the data after the
            decision, a take-profit or stop that is not above 0, and broken priorities, limits or factors.
    """
    _check_bars(orders, market)
    _check_figures(orders)
    start = market.offset[orders.instrument]
    size = market.offset[orders.instrument + 1] - start
    if isinstance(rules.costs, FlatCost):
        spread = np.zeros(len(orders))
    else:
        floor = rules.costs.half_spread_bp / 1e4
        spread = np.fmax(orders.half_spread_frac, floor) + rules.costs.slippage_bp / 1e4
    same = ("take_profit_frac", "stop_loss_frac", "max_value_rub", "size_factor")
    return OrderColumns(
        instrument=np.ascontiguousarray(orders.instrument, dtype=np.int64),
        decision=(start + orders.decision_bar).astype(np.int64, copy=False),
        entry=(start + orders.entry_bar).astype(np.int64, copy=False),
        last=(start + np.minimum(orders.last_bar, size - 1)).astype(np.int64, copy=False),
        beyond_data=np.asarray(orders.last_bar >= size),
        side=np.ascontiguousarray(orders.side, dtype=np.int8),
        spread_frac=spread,
        **{name: np.ascontiguousarray(getattr(orders, name), dtype=np.float64) for name in same},
    )


@njit(nogil=True, cache=True)
def order_at(orders: OrderColumns, row: int) -> Order:
    """Return one order."""
    return Order(
        orders.instrument[row],
        orders.entry[row],
        orders.last[row],
        orders.beyond_data[row],
        float(orders.side[row]),
        orders.take_profit_frac[row],
        orders.stop_loss_frac[row],
        orders.max_value_rub[row],
        orders.size_factor[row],
        orders.spread_frac[row],
    )


def account_terms(rules: AccountRules, calendar: I64) -> Terms:
    """Return the rules in numbers for the days of a calendar.

    Shapes: calendar (d,) rising Moscow days.
    Units:  rubles and fractions as in `AccountRules`.
    """
    costs = rules.costs
    if isinstance(costs, FlatCost):
        fee_frac, slippage_steps = costs.round_trip_bp / 2e4, 0.0
    else:
        fee_frac = costs.exchange_fee_frac + costs.broker_fee_frac
        slippage_steps = float(costs.slippage_steps)
    days = np.arange(int(calendar[0]), int(calendar[-1]) + 1)
    since = np.array([rate.since_day for rate in rules.borrow_rates])
    rates = np.array([rate.year_frac for rate in rules.borrow_rates])
    by_day = rates[np.maximum(np.searchsorted(since, days, side="right") - 1, 0)]
    return Terms(
        capital_rub=float(rules.capital_rub),
        stake_frac=float(rules.stake_frac),
        compounding=bool(rules.compounding),
        max_open=int(rules.max_open),
        max_gross_frac=float(rules.max_gross_frac),
        fee_frac=fee_frac,
        slippage_steps=slippage_steps,
        midnight_s=day_ends_s(days),
        borrowed_frac=np.concatenate(([0.0], np.cumsum(by_day / _YEAR_DAYS))),
    )


def _check_bars(orders: Orders, market: Market) -> None:
    count = market.offset.size - 1
    _refuse(
        (orders.instrument < 0) | (orders.instrument >= count),
        f"instrument must be one of 0 to {count - 1}",
        orders.instrument,
    )
    start = market.offset[orders.instrument]
    size = market.offset[orders.instrument + 1] - start
    _refuse(
        (orders.decision_bar < 0) | (orders.entry_bar >= size),
        "decision_bar and entry_bar must lie in the instrument's data; leave out rows without an entry",
        orders.entry_bar,
    )
    known_s = market.known_s[start + np.minimum(orders.decision_bar, size - 1)]
    _refuse(
        (orders.entry_bar <= orders.decision_bar) | (market.begin_s[start + orders.entry_bar] < known_s),
        "entry_bar must begin when the decision's bar has ended; enter at a later bar",
        orders.entry_bar,
    )
    _refuse(
        orders.last_bar < orders.entry_bar,
        "last_bar must not lie before entry_bar; leave out rows without a window",
        orders.last_bar,
    )


def _check_figures(orders: Orders) -> None:
    _refuse(np.abs(orders.side) != 1, "side must be 1 or -1; leave out rows without a side", orders.side)
    for name in ("take_profit_frac", "stop_loss_frac", "max_value_rub"):
        values = getattr(orders, name)
        _refuse(~(values > 0), f"{name} must be above 0; infinity is no limit", values)
    _refuse(~np.isfinite(orders.priority), "priority must be finite; leave out such rows", orders.priority)
    size = orders.size_factor
    _refuse(~((size > 0) & (size <= 1)), "size_factor must be above 0 and at most 1", size)
    spread = orders.half_spread_frac
    _refuse((spread < 0) | np.isinf(spread), "half_spread_frac must be 0 or more; NaN: not measured", spread)


def _refuse(wrong: Bools, wanted: str, values: np.ndarray) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{wanted}; was {values[row]} in row {row} of the orders")
