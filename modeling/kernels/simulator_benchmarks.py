"""What a strategy is held against on the same rows and costs: a long at every chance, and buying once to hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.contracts import Bars
from modeling.kernels.simulator import DailyAccount
from modeling.kernels.simulator_market import day_ends_s
from modeling.kernels.simulator_orders import FlatCost, Orders
from traderai.common.arrays import I64


def always_long(orders: Orders) -> Orders:
    """Return the orders of who knows nothing: long wherever there is a row, none before another.

    As an instrument holds one position at a time, the next row after an exit enters again. Where places are short
    the earlier row goes first.

    Shapes: orders of n; returns n.
    """
    n = len(orders)
    return replace(orders, side=np.ones(n, dtype=np.int8), priority=np.zeros(n), size_factor=np.ones(n))


def buy_and_hold(bars: Bars, *, calendar: I64, capital_rub: float, costs: FlatCost) -> DailyAccount:
    """Return the account of who buys at the first open within the calendar and sells at its last close.

    For an index as for a share: all the capital, in fractions of a share, dividends kept as cash.

    Shapes: bars of n; calendar (d,) rising Moscow days; the account's arrays (d,).
    Units:  rubles; days since 1970-01-01, Moscow time.
    Causal: a day reads bars that have ended by its end; that it is the last one is known on it.
    Raises: ValueError if the calendar does not rise, no bar lies within it, a price is not above 0 and finite, or
            the capital is not above 0.
    """
    if calendar.size == 0 or np.any(np.diff(calendar) <= 0):
        raise ValueError("calendar must hold rising days, at least one; give the exchange's trading days")
    if not (np.isfinite(capital_rub) and capital_rub > 0):
        raise ValueError(f"capital_rub must be above 0, was {capital_rub}")
    ends_s = day_ends_s(calendar)
    first = int(np.searchsorted(bars.begin_s, day_ends_s(calendar[:1] - 1)[0]))
    last = np.searchsorted(bars.known_s, ends_s, side="right") - 1
    if last[-1] < first:
        raise ValueError(f"a bar of {bars.secid} must lie within the calendar; give its own days")
    held = bars.part(first, int(last[-1]) + 1)
    if not (np.isfinite(held.close).all() and (held.close > 0).all() and held.open[0] > 0):
        raise ValueError(f"prices of {bars.secid} must be above 0 and finite; leave such bars out")
    side_frac = costs.round_trip_bp / 2e4
    shares = capital_rub / (held.open[0] * (1.0 + side_frac))
    at = last - first
    bought = at >= 0
    paid = np.cumsum(held.dividend_rub) - held.dividend_rub[0]
    positions = np.where(bought, shares * held.close[at], 0.0)
    cash = np.where(bought, shares * paid[at], capital_rub)
    turnover = np.zeros(calendar.size)
    turnover[int(np.argmax(bought))] += shares * held.open[0]
    turnover[-1] += positions[-1]
    cash[-1] += positions[-1] * (1.0 - side_frac)
    positions[-1] = 0.0
    return DailyAccount(
        day=calendar.astype(np.int64),
        equity_rub=cash + positions,
        cash_rub=cash,
        positions_rub=positions,
        gross_rub=positions.copy(),
        turnover_rub=turnover,
        open_positions=(positions > 0).astype(np.int64),
    )
