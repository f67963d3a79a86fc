"""The trading simulator: orders in, trades and the account day by day out, after all costs.

What comes first when much happens at one moment:

1. bars that end then: their barriers and time-outs are settled, and a day that ends then is marked;
2. bars that begin then: positions that a gap carried over a barrier leave at the open;
3. orders enter at those opens, the higher priority first, then the earlier row. They see the places, the money and
   the closes that 1 and 2 left. An exit inside a bar that begins then has not happened yet.

The exit of a position is looked up when it is opened, but nothing of it is used before its own moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from modeling.kernels.barriers import TOUCH_SLACK_FRAC
from modeling.kernels.loops import borrowing_njit
from modeling.kernels.simulator_accounts import (
    TRADE,
    Days,
    Plan,
    book_trade,
    carried,
    mark_days,
    on_step,
)
from modeling.kernels.simulator_market import Market, Rows, day_ends_s, moscow_days
from modeling.kernels.simulator_orders import (
    AccountRules,
    Order,
    OrderColumns,
    Orders,
    Terms,
    account_terms,
    order_at,
    order_columns,
)
from traderai.common.arrays import F64, I8, I64, Bools

# What became of an order, the index is the code.
FATES = (
    "filled",
    "not_shortable",
    "lapsed",  # trading resumed too late after the decision
    "no_volume",  # nobody traded in the entry's bar
    "in_position",  # the instrument's last position is still open
    "no_place",  # max_open positions are
    "barrier_within_step",  # rounded to the step, a barrier lies at the entry
    "less_than_one_lot",
    "illiquid",  # max_value_rub is less than a lot
    "gross_limit",  # a lot more would exceed max_gross_frac
)
(
    FILLED, NOT_SHORTABLE, LAPSED, NO_VOLUME, IN_POSITION, NO_PLACE, BARRIER_WITHIN_STEP, LESS_THAN_ONE_LOT, ILLIQUID,
    GROSS_LIMIT,
) = range(len(FATES))  # fmt: skip
EXIT_REASONS = ("none", "take_profit", "stop_loss", "timeout", "data_end")
_LOT_SLACK = 1e-9  # of a lot: money for a whole lot but for rounding buys it
_LONG_AGO_S = -(2**62)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trades:
    """The trades in the order of their entries; net = gross - fees - slippage - borrow."""

    order: I64  # (k,) as all: row of the orders
    instrument: I64
    side: I8
    entry_bar: I64  # of the instrument
    exit_bar: I64
    entry_s: I64
    exit_s: I64  # the bar's begin where `at_open`, else its end
    at_open: Bools  # a gap carried the price over the barrier: out at the open
    bars_held: I64  # the entry's and the exit's bar included
    reason: I8  # index into EXIT_REASONS
    lots: I64
    entry_price_rub: F64  # as traded
    exit_price_rub: F64
    entry_value_rub: F64
    exit_value_rub: F64
    gross_rub: F64  # of the prices and dividends
    dividend_rub: F64  # credited to longs, charged to shorts; part of gross
    fees_rub: F64
    slippage_rub: F64
    borrow_rub: F64
    net_rub: F64
    gross_frac: F64  # of the entry value
    net_frac: F64
    r_multiple: F64  # net_frac in units of the order's stop; NaN without one

    def __len__(self) -> int:
        return int(self.order.size)

    @property
    def mean_net_frac(self) -> float:
        """The net expectancy of a trade; NaN without one."""
        return float(self.net_frac.mean()) if len(self) else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyAccount:
    """The account at the end of every day of the calendar; equity = cash + positions."""

    day: I64  # (d,) as all: Moscow days since 1970
    equity_rub: F64  # positions at their last close
    cash_rub: F64  # fees, slippage and borrow so far paid
    positions_rub: F64  # longs minus shorts
    gross_rub: F64  # longs plus shorts
    turnover_rub: F64  # bought and sold since the last day
    open_positions: I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """What trading the orders made."""

    trades: Trades
    daily: DailyAccount
    fate: I8  # (n,) of each order, index into FATES
    refused: dict[str, int]  # fate: orders, without the filled


def simulate(market: Market, orders: Orders, rules: AccountRules, *, calendar: I64) -> Simulation:
    """Return what the account makes of the orders.

    An order enters at the open of its entry's bar: as many whole lots as its share of the equity (at the last closes
    known then), its size factor, its limit and the room under the gross limit pay for. One position in an
    instrument at a time. Barriers are set on the price step, away from profit, and touched by the rule of
    `barriers.first_exit`, which labels share; a fill inside a bar is on the step, at an open or close it is the
    price that was traded. Positions without a touch leave at the close of the window's last bar, or of the last bar
    of the data. A halt changes nothing: the position leaves at the first price behind it. Splits move no money.
    Each side pays fees and slippage on its own value; a short pays for each midnight it is held.

    A day is marked at its end in Moscow; what happens on a day that the calendar leaves out counts to the next one.
    The newest bar ends every position that is still open, as if the share were delisted.

    Shapes: orders of n; calendar (d,); trades k <= n.
    Units:  rubles and fractions as each field says; days since 1970-01-01, Moscow time.
    NaN:    r_multiple without a stop.
    Causal: nothing before a moment depends on a bar that had not ended then, or begun for opens.
    Raises: ValueError for broken orders (see `order_columns`) or a calendar that does not rise or does not hold
            the orders' windows.
    """
    columns = order_columns(orders, market, rules)
    _check_calendar(market, columns, calendar)
    terms = account_terms(rules, calendar)
    fate = _own_fates(market, columns, rules)
    rows = np.flatnonzero(fate == FILLED)
    entry_s = market.begin_s[columns.entry[rows]]
    if np.any(np.diff(entry_s) <= 0):
        rows = rows[np.lexsort((-orders.priority[rows], entry_s))]  # stable: the earlier row of equals
    trades = np.empty(rows.size, dtype=TRADE)
    trades = trades[: _run(market, columns, terms, trades, rows, fate)]
    counts = np.bincount(fate, minlength=len(FATES))
    return Simulation(
        trades=_trades(market, orders, trades),
        daily=_daily(market, terms, trades, calendar),
        fate=fate,
        refused={FATES[code]: int(counts[code]) for code in range(1, len(FATES)) if counts[code]},
    )


@njit(nogil=True, cache=True)
def _run(market: Market, orders: OrderColumns, terms: Terms, trades: Rows, rows: I64, fate: I8) -> int:
    """Trade the rows, which stand in the order of time; return the number of trades."""
    instruments = market.offset.size - 1
    busy_until_s = np.full(instruments, _LONG_AGO_S)
    held = np.empty(min(terms.max_open, instruments), dtype=np.int64)
    settled_rub = terms.capital_rub
    count = size = 0
    for row in rows:
        instrument, moment_s = orders.instrument[row], market.begin_s[orders.entry[row]]
        if busy_until_s[instrument] > moment_s:
            fate[row] = IN_POSITION
            continue
        size, gained = _settle(trades, held, size, moment_s)
        settled_rub += gained
        if size == terms.max_open:
            fate[row] = NO_PLACE
            continue
        order = order_at(orders, row)
        take_profit, stop_loss, near = _levels(market, order)
        if near:
            fate[row] = BARRIER_WITHIN_STEP
            continue
        equity, gross = _standing(market, terms, trades, held[:size], order.entry)
        lots, fate[row] = _lots(market, terms, order, settled_rub + equity, gross)
        if lots == 0:
            continue
        trades[count].order = row
        book_trade(market, terms, order, Plan(lots, take_profit, stop_loss), trades[count])
        busy_until_s[instrument] = trades[count].exit_s
        held[size] = count
        size, count = size + 1, count + 1
    return count


@borrowing_njit
def _settle(trades: Rows, held: I64, size: int, moment_s: int) -> tuple[int, float]:
    """Take the positions that are closed by a moment off `held`; return how many stay, and the others' net."""
    kept, gained = 0, 0.0
    for slot in range(size):
        trade = trades[held[slot]]
        if trade.exit_s <= moment_s:
            gained += trade.net_rub
        else:
            held[kept] = held[slot]
            kept += 1
    return kept, gained


@borrowing_njit
def _levels(market: Market, order: Order) -> tuple[float, float, bool]:
    """Return the barriers' distances from the entry, adjusted, on the step, and whether one is none."""
    side, terms = order.side, market.bar[order.entry]
    adjusted = market.path.open[order.entry] - market.path.paid[order.entry]
    price = adjusted / terms.split_factor
    above = on_step(price * (1.0 + side * order.take_profit_frac), terms.price_step_rub, side)
    below = on_step(price * (1.0 - side * order.stop_loss_frac), terms.price_step_rub, side)
    take_profit = side * (above - price) * terms.split_factor
    stop_loss = side * (price - below) * terms.split_factor
    return take_profit, stop_loss, min(take_profit, stop_loss) <= 2.0 * TOUCH_SLACK_FRAC * adjusted


@borrowing_njit
def _standing(market: Market, terms: Terms, trades: Rows, held: I64, bar: int) -> tuple[float, float]:
    """Return what the open positions add to the settled money at the begin of a bar, and their gross value."""
    equity, gross = 0.0, 0.0
    for trade in held:
        value, cash = carried(market, terms, trades[trade], market.begin_s[bar], True)
        equity += value + cash
        gross += abs(value)
    return equity, gross


@borrowing_njit
def _lots(market: Market, terms: Terms, order: Order, equity_rub: float, gross_rub: float) -> tuple[int, int]:
    """Return how many lots an order may have, and its fate."""
    bar = market.bar[order.entry]
    adjusted = market.path.open[order.entry] - market.path.paid[order.entry]
    lot_rub = adjusted / bar.split_factor * bar.lot_size
    stake = terms.stake_frac * order.size_factor * (equity_rub if terms.compounding else terms.capital_rub)
    # What the entry costs lowers the equity that the limit is a fraction of.
    cost_frac = terms.fee_frac + order.spread_frac
    cost_frac += terms.slippage_steps * bar.price_step_rub * bar.lot_size / lot_rub
    room = (terms.max_gross_frac * equity_rub - gross_rub) / (1.0 + terms.max_gross_frac * cost_frac)
    lots = math.floor(min(stake, order.max_value_rub, room) / lot_rub + _LOT_SLACK)
    if lots >= 1:
        return lots, FILLED
    enough = (1.0 - _LOT_SLACK) * lot_rub
    if stake < enough:
        return 0, LESS_THAN_ONE_LOT
    return 0, ILLIQUID if order.max_value_rub < enough else GROSS_LIMIT


def _own_fates(market: Market, orders: OrderColumns, rules: AccountRules) -> I8:
    """Return the fate of orders that no account could fill, FILLED of all others."""
    fate = np.full(orders.entry.size, FILLED, dtype=np.int8)
    fate[~market.bar["has_volume"][orders.entry]] = NO_VOLUME
    wait_s = market.begin_s[orders.entry] - market.known_s[orders.decision]
    fate[wait_s > rules.max_wait_days * _DAY_S] = LAPSED
    fate[(orders.side < 0) & ~market.bar["shortable"][orders.entry]] = NOT_SHORTABLE
    return fate


def _trades(market: Market, orders: Orders, trades: Rows) -> Trades:
    start = market.offset[trades["instrument"]]
    entry, leave = trades["entry"], trades["exit"]
    entry_value = trades["shares"] * trades["entry_price"]
    exit_value = trades["shares"] * trades["exit_price"]
    gross = trades["side"] * (exit_value - entry_value) + trades["dividend_rub"]
    net_frac = trades["net_rub"] / entry_value
    stop = orders.stop_loss_frac[trades["order"]]
    same = ("order", "instrument", "exit_s", "at_open", "reason", "lots", "dividend_rub", "fees_rub")
    return Trades(
        **{name: trades[name].copy() for name in (*same, "slippage_rub", "borrow_rub", "net_rub")},
        side=trades["side"].astype(np.int8),
        entry_bar=entry - start,
        exit_bar=leave - start,
        entry_s=market.begin_s[entry],
        bars_held=leave - entry + 1,
        entry_price_rub=trades["entry_price"] / market.bar["split_factor"][entry],
        exit_price_rub=trades["exit_price"] / market.bar["split_factor"][leave],
        entry_value_rub=entry_value,
        exit_value_rub=exit_value,
        gross_rub=gross,
        gross_frac=gross / entry_value,
        net_frac=net_frac,
        r_multiple=np.where(np.isfinite(stop), net_frac / stop, np.nan),
    )


def _daily(market: Market, terms: Terms, trades: Rows, calendar: I64) -> DailyAccount:
    cash, positions, gross, turnover = (np.zeros(calendar.size) for _ in range(4))
    number = np.zeros(calendar.size, dtype=np.int64)
    days = Days(day_ends_s(calendar), cash, positions, gross, turnover, number)
    mark_days(market, terms, trades, days)
    return DailyAccount(
        day=calendar.astype(np.int64),
        equity_rub=cash + positions,
        cash_rub=cash,
        positions_rub=positions,
        gross_rub=gross,
        turnover_rub=turnover,
        open_positions=number,
    )


def _check_calendar(market: Market, orders: OrderColumns, calendar: I64) -> None:
    if calendar.size == 0 or np.any(np.diff(calendar) <= 0):
        raise ValueError("calendar must hold rising days, at least one; give the exchange's trading days")
    if orders.entry.size == 0:
        return
    window_s = np.array([market.begin_s[orders.entry].min() + 1, market.known_s[orders.last].max()])
    first, last = moscow_days(window_s)
    if first < calendar[0] or last > calendar[-1]:
        raise ValueError(
            f"calendar must hold the days {first} to {last} of the orders' windows, was {calendar[0]} to "
            f"{calendar[-1]}; give more days, or fewer orders"
        )
