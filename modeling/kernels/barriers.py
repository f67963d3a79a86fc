"""The one rule of barriers: which one a price reaches first, at what price, and what happened on the way.

Labels and simulator share it. Prices are "lifted": each has all dividends paid so far added, so that barriers that
move down by the dividend on its ex-date become constant, and a lifted exit minus a lifted entry is the result with the
dividend credited to a long and charged to a short.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from market.contracts import Bars
from traderai.common.arrays import F64

TAKE_PROFIT, STOP_LOSS, TIMEOUT = 1, 2, 3
TOUCH_SLACK_FRAC = 1e-9  # of the entry price: a price exactly on a barrier touches it in spite of rounding
_BLOCK = 16  # bars that one comparison skips where no barrier is near


class PricePath(NamedTuple):
    """The lifted prices of one instrument's bars, and the extremes of every 16 of them."""

    open: F64  # (n,)
    high: F64
    low: F64
    close: F64
    paid: F64  # (n,) dividends up to and including each bar, rubles
    block_high: F64  # (ceil(n / 16),)
    block_low: F64


class Exit(NamedTuple):
    """How a position in one side ended."""

    bar: int
    reason: int  # TAKE_PROFIT, STOP_LOSS or TIMEOUT
    lifted_price: float
    best: float  # most favourable lifted move from the entry, rubles, at least 0
    worst: float  # the most adverse one, at most 0


def price_path(bars: Bars) -> PricePath:
    """Return the lifted prices of bars.

    Shapes: bars of n.
    Units:  rubles, forward-adjusted for splits as the bars are.
    Causal: row t reads bars up to t; a block's extremes read its 16 bars.
    """
    paid = np.cumsum(bars.dividend_rub)
    high, low = bars.high + paid, bars.low + paid
    starts = np.arange(0, len(bars), _BLOCK)
    return PricePath(
        open=bars.open + paid,
        high=high,
        low=low,
        close=bars.close + paid,
        paid=paid,
        block_high=np.maximum.reduceat(high, starts) if starts.size else high,
        block_low=np.minimum.reduceat(low, starts) if starts.size else low,
    )


@njit(nogil=True, cache=True)
def first_exit(
    path: PricePath, first: int, last: int, sign: float, take_profit_rub: float, stop_loss_rub: float
) -> Exit:
    """Return how a side entered at the open of bar `first` ends by bar `last`.

    A bar that opens beyond a barrier exits at its open; a bar that touches both exits at the stop; without a touch
    the exit is the close of `last`. The exit bar adds only its open and the exit price to the excursions, because
    the order inside a bar is unknown.

    Shapes: scalars; `sign` 1.0 for a long, -1.0 for a short.
    Units:  rubles from the entry price, both distances above 0.
    Causal: reads bars `first` to the exit's; the extremes of blocks lie within `first` to `last`.
    """
    entry = path.open[first]
    slack = (entry - path.paid[first]) * TOUCH_SLACK_FRAC
    above, below = take_profit_rub, stop_loss_rub
    if sign < 0:
        above, below = stop_loss_rub, take_profit_rub
    up, down = entry + above - slack, entry - below + slack
    bar, highest, lowest = _untouched(path, first, last, up, down)
    highest, lowest = max(highest, entry), min(lowest, entry)
    if bar > last:
        best, worst = _moves(highest, lowest, entry, sign)
        return Exit(last, TIMEOUT, path.close[last], best, worst)
    opened = path.open[bar]
    highest, lowest = max(highest, opened), min(lowest, opened)
    if opened >= up or opened <= down:
        why = TAKE_PROFIT if (opened >= up) == (sign > 0) else STOP_LOSS
        best, worst = _moves(highest, lowest, entry, sign)
        return Exit(bar, why, opened, best, worst)
    stopped = path.low[bar] <= down if sign > 0 else path.high[bar] >= up
    moved = -stop_loss_rub if stopped else take_profit_rub
    best, worst = _moves(highest, lowest, entry, sign)
    return Exit(
        bar,
        STOP_LOSS if stopped else TAKE_PROFIT,
        entry + sign * moved,
        max(best, moved),
        min(worst, moved),
    )


@njit(nogil=True, cache=True)
def _untouched(path: PricePath, first: int, last: int, up: float, down: float) -> tuple[int, float, float]:
    """Return the first bar that touches a level, `last + 1` if none, and the extremes of the bars before it."""
    highest, lowest = -np.inf, np.inf
    bar = first
    while bar <= last:
        block = bar // _BLOCK
        whole = bar == block * _BLOCK and bar + _BLOCK - 1 <= last
        if whole and path.block_high[block] < up and path.block_low[block] > down:
            highest, lowest = max(highest, path.block_high[block]), min(lowest, path.block_low[block])
            bar += _BLOCK
            continue
        if path.high[bar] >= up or path.low[bar] <= down:
            break
        highest, lowest = max(highest, path.high[bar]), min(lowest, path.low[bar])
        bar += 1
    return bar, highest, lowest


@njit(nogil=True, cache=True)
def _moves(highest: float, lowest: float, entry: float, sign: float) -> tuple[float, float]:
    """Return the best and the worst move of a side."""
    if sign > 0:
        return highest - entry, lowest - entry
    return entry - lowest, entry - highest
