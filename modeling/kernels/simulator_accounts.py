"""The money of the simulator: what a trade brings, and what the account is worth at a moment and at each day's end.

A position is held in adjusted shares (as traded / split factor), so that its value is shares times adjusted price
on either side of a split.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from modeling.kernels.barriers import TIMEOUT, first_exit
from modeling.kernels.loops import borrowing_njit
from modeling.kernels.simulator_market import Market, Rows
from modeling.kernels.simulator_orders import Order, Terms
from traderai.common.arrays import F64, I64

DATA_END = (
    4  # beside the reasons of `barriers`: the data end before the window does (delisted, or the newest bar)
)
STEP_SLACK = 1e-6  # of a step: a price that lies on the step but for rounding stays where it is


# A trade as the event loop writes it; prices adjusted, bars are rows of the market.
TRADE = np.dtype(
    [
        ("order", np.int64),
        ("instrument", np.int64),
        ("entry", np.int64),
        ("exit", np.int64),
        ("exit_s", np.int64),
        ("lots", np.int64),
        ("side", np.float64),
        ("shares", np.float64),  # adjusted
        ("entry_price", np.float64),
        ("exit_price", np.float64),
        ("dividend_rub", np.float64),
        ("fees_rub", np.float64),
        ("slippage_rub", np.float64),
        ("borrow_rub", np.float64),
        ("entry_cost_rub", np.float64),  # the part of fees and slippage that the entry took
        ("net_rub", np.float64),
        ("reason", np.int8),
        ("at_open", np.bool_),  # out at the exit bar's open
    ],
    align=True,
)


class Days(NamedTuple):
    """The account at the end of each day, as `mark_days` fills it in."""

    end_s: I64  # (d,) as all
    cash_rub: F64
    positions_rub: F64
    gross_rub: F64
    turnover_rub: F64
    open_positions: I64


class Plan(NamedTuple):
    """What an order that finds its place is going to do."""

    lots: int
    take_profit_rub: float  # from the entry price, adjusted
    stop_loss_rub: float


@borrowing_njit
def on_step(price: float, step: float, side: float) -> float:
    """Return the step at or below the price for a long, at or above it for a short: always away from profit."""
    if step <= 0.0 or math.isinf(price):
        return price
    steps = price / step
    return step * (math.floor(steps + STEP_SLACK) if side > 0 else math.ceil(steps - STEP_SLACK))


@borrowing_njit
def ends_before(end_s: I64, moment_s: int, at_open: bool) -> int:
    """Return how many days have ended by a moment; one that ends then only for what a bar's open begins with.

    Shapes: end_s (d,), rising.
    """
    return int(np.searchsorted(end_s, moment_s + 1 if at_open else moment_s))


@borrowing_njit
def book_trade(market: Market, terms: Terms, order: Order, plan: Plan, trade: np.record) -> None:
    """Write what becomes of an order that is filled now; nobody may look at it before its `exit_s`.

    Shapes: trade a single row of TRADE.
    Units:  rubles; what every side of a trade costs is reckoned on that side's own value.
    """
    entry, side, paid = order.entry, order.side, market.path.paid
    price = market.path.open[entry] - paid[entry]
    shares = plan.lots * market.bar[entry].lot_size / market.bar[entry].split_factor
    bar, reason, at_open, exit_price = _way_out(market, order, plan)
    exit_s = market.begin_s[bar] if at_open else market.known_s[bar]
    trade.reason, trade.at_open, trade.exit_s = reason, at_open, exit_s
    fees_in, slippage_in = _side_cost(market, terms, order, entry, shares, price)
    fees_out, slippage_out = _side_cost(market, terms, order, bar, shares, exit_price)
    trade.instrument, trade.entry, trade.exit = order.instrument, entry, bar
    trade.lots, trade.side, trade.shares = plan.lots, side, shares
    trade.entry_price, trade.exit_price = price, exit_price
    trade.dividend_rub = side * shares * (paid[bar] - paid[entry])
    trade.fees_rub, trade.slippage_rub = fees_in + fees_out, slippage_in + slippage_out
    trade.entry_cost_rub = fees_in + slippage_in
    trade.borrow_rub = _borrowed(market, terms, trade, exit_s, at_open)
    gross = side * shares * (exit_price - price) + trade.dividend_rub
    trade.net_rub = gross - trade.fees_rub - trade.slippage_rub - trade.borrow_rub


@borrowing_njit
def carried(
    market: Market, terms: Terms, trade: np.record, moment_s: int, at_open: bool
) -> tuple[float, float]:
    """Return the value of an open position at the last close known by a moment, and the cash it has moved so far.

    A short's value is negative. A dividend is cash from the close of its first bar on, as the price that fell by it;
    a position whose first bar has not ended stands at its entry.

    Shapes: trade a single row of TRADE.
    """
    entry, price, paid = trade.entry, trade.entry_price, market.path.paid
    signed = trade.side * trade.shares
    known = np.searchsorted(market.known_s[entry : trade.exit + 1], moment_s, side="right")
    cash = -signed * price - trade.entry_cost_rub
    cash -= _borrowed(market, terms, trade, moment_s, at_open)
    if known == 0:
        return signed * price, cash
    bar = entry + known - 1
    cash += signed * (paid[bar] - paid[entry])
    return signed * (market.path.close[bar] - paid[bar]), cash


@njit(nogil=True, cache=True)
def mark_days(market: Market, terms: Terms, trades: Rows, days: Days) -> None:
    """Add the trades to the days, all of which begin with nothing."""
    settled = np.zeros(days.end_s.size + 1)
    for trade in trades:
        first = ends_before(days.end_s, market.begin_s[trade.entry], True)
        last = ends_before(days.end_s, trade.exit_s, trade.at_open)
        for k in range(first, last):
            value, cash = carried(market, terms, trade, days.end_s[k], False)
            days.cash_rub[k] += cash
            days.positions_rub[k] += value
            days.gross_rub[k] += abs(value)
            days.open_positions[k] += 1
        settled[last] += trade.net_rub
        days.turnover_rub[first] += trade.shares * trade.entry_price
        days.turnover_rub[last] += trade.shares * trade.exit_price
    cash = terms.capital_rub
    for k in range(days.end_s.size):
        cash += settled[k]
        days.cash_rub[k] += cash


@borrowing_njit
def _way_out(market: Market, order: Order, plan: Plan) -> tuple[int, int, bool, float]:
    """Return the exit's bar, reason, whether it is at that bar's open, and its price, adjusted."""
    side = order.side
    out = first_exit(market.path, order.entry, order.last, side, plan.take_profit_rub, plan.stop_loss_rub)
    bar = out.bar
    price = out.lifted_price - market.path.paid[bar]
    if out.reason == TIMEOUT:
        return bar, DATA_END if order.beyond_data else TIMEOUT, False, price
    if out.lifted_price == market.path.open[bar]:
        return bar, out.reason, True, price
    # A dividend or a split may have moved the barrier off the step.
    factor = market.bar[bar].split_factor
    return bar, out.reason, False, on_step(price / factor, market.bar[bar].price_step_rub, side) * factor


@borrowing_njit
def _side_cost(
    market: Market, terms: Terms, order: Order, bar: int, shares: float, price: float
) -> tuple[float, float]:
    """Return fees and slippage of trading adjusted shares in a bar."""
    value = shares * price
    steps_rub = terms.slippage_steps * market.bar[bar].price_step_rub
    traded_shares = shares * market.bar[bar].split_factor
    return terms.fee_frac * value, order.spread_frac * value + steps_rub * traded_shares


@borrowing_njit
def _borrowed(market: Market, terms: Terms, trade: np.record, moment_s: int, at_open: bool) -> float:
    """Return what a short has paid by a moment: for every midnight since its entry, on its value then."""
    if trade.side > 0:
        return 0.0
    until = ends_before(terms.midnight_s, moment_s, at_open)
    since = ends_before(terms.midnight_s, market.begin_s[trade.entry], True)
    held_frac: float = terms.borrowed_frac[until] - terms.borrowed_frac[since]
    value_rub: float = trade.shares * trade.entry_price
    return value_rub * held_frac
