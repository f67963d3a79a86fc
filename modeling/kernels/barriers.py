"""The one rule of barriers: which one a price reaches first, at what price, and what happened on the way.

Labels and simulator share it. Prices are "lifted": each has all dividends paid so far added, so that barriers that
move down by the dividend on its ex-date become constant, and a lifted exit minus a lifted entry is the result with the
dividend credited to a long and charged to a short.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.contracts import Bars
from modeling.kernels.loops import borrowing_njit, inlined_borrowing_njit
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
    n = len(bars)
    columns = [bars.open, bars.high, bars.low, bars.close, bars.dividend_rub]
    if bars.dividend_rub.any():
        lifted = np.empty((5, n))  # one piece of memory: of five the system takes longer than all the sums do
        _lift(*columns, lifted)
        columns = list(lifted)
    blocks = np.empty((2, -(-n // _BLOCK)))
    path = PricePath(*(_read_only(column) for column in columns), *blocks)
    _fill_blocks(path)
    return path


@borrowing_njit
def _lift(open_: F64, high: F64, low: F64, close: F64, dividend_rub: F64, out: F64) -> None:
    """Add the dividends paid up to each bar to its prices; `out` (5, n) gets the prices and what was paid."""
    paid = 0.0
    for t in range(dividend_rub.size):
        if dividend_rub[t] != 0.0:  # nearly never: without the sum bars would have to wait for one another
            paid += dividend_rub[t]
        out[0, t], out[1, t] = open_[t] + paid, high[t] + paid
        out[2, t], out[3, t] = low[t] + paid, close[t] + paid
        out[4, t] = paid


@borrowing_njit
def _fill_blocks(path: PricePath) -> None:
    for block in range(path.block_high.size):
        highest, lowest = -np.inf, np.inf
        for t in range(_BLOCK * block, min(_BLOCK * (block + 1), path.high.size)):
            highest, lowest = max(highest, path.high[t]), min(lowest, path.low[t])
        path.block_high[block], path.block_low[block] = highest, lowest


def _read_only(values: F64) -> F64:
    """Return a view that cannot be written to: loops are compiled once for lifted prices and for the bars' own."""
    view = values.view()
    view.flags.writeable = False
    return view


@inlined_borrowing_njit
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
    above, below = (take_profit_rub, stop_loss_rub) if sign > 0 else (stop_loss_rub, take_profit_rub)
    up, down = entry + above - slack, entry - below + slack
    highest = lowest = high = low = entry
    bar, block_start = first, (first // _BLOCK + 2) * _BLOCK  # most trades end before blocks are worth a look
    while bar <= last:
        high, low = path.high[bar], path.low[bar]
        if (high >= up) | (low <= down):
            break
        highest, lowest = max(highest, high), min(lowest, low)
        bar += 1
        if bar == block_start:
            block = bar // _BLOCK
            while bar + _BLOCK <= last + 1 and path.block_high[block] < up and path.block_low[block] > down:
                highest = max(highest, path.block_high[block])
                lowest = min(lowest, path.block_low[block])
                bar, block = bar + _BLOCK, block + 1
            block_start = bar + _BLOCK
    if bar > last:
        bar, reason, lifted, moved = last, TIMEOUT, path.close[last], 0.0
    elif path.open[bar] >= up or path.open[bar] <= down:
        lifted, moved = path.open[bar], sign * (path.open[bar] - entry)
        reason = TAKE_PROFIT if moved > 0 else STOP_LOSS
    else:
        stopped = low <= down if sign > 0 else high >= up
        reason, moved = (STOP_LOSS, -stop_loss_rub) if stopped else (TAKE_PROFIT, take_profit_rub)
        lifted = entry + sign * moved
        highest, lowest = max(highest, path.open[bar]), min(lowest, path.open[bar])
    best, worst = sign * (highest - entry), sign * (lowest - entry)
    return Exit(bar, reason, lifted, max(best, worst, moved), min(best, worst, moved))
