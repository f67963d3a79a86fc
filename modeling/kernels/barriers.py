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
_ALONE, _GROUP = 8, 8  # most trades end within the first bars; of longer ones bars are looked at in groups


class PricePath(NamedTuple):
    """The lifted prices of one instrument's bars."""

    open: F64  # (n,) as all
    high: F64
    low: F64
    close: F64
    paid: F64  # dividends up to and including each bar, rubles


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
    Causal: row t reads bars up to t.
    """
    columns = [bars.open, bars.high, bars.low, bars.close, bars.dividend_rub]
    if bars.dividend_rub.any():
        # One piece of memory: of five the system takes longer than all the sums do.
        lifted = np.empty((5, len(bars)))
        _lift(*columns, lifted)
        columns = list(lifted)
    return PricePath(*(_read_only(column) for column in columns))


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
    Causal: reads bars `first` to the exit's.
    """
    barriers = _barriers(path, first, sign, take_profit_rub, stop_loss_rub)
    out: Exit = _settled(path, last, barriers, _first_touch(path, last, barriers, _at_open(path, first)))
    return out


@inlined_borrowing_njit
def both_exits(
    path: PricePath, first: int, last: int, take_profit_rub: float, stop_loss_rub: float
) -> tuple[Exit, Exit]:
    """Return how a long and a short with the same distances end: what `first_exit` says of each, in one look.

    Until the nearer barriers of the two are touched neither has ended, and their bars are looked at once.

    Shapes: scalars.
    Units:  rubles from the entry price, both distances above 0.
    Causal: reads bars `first` to the later exit's.
    """
    long = _barriers(path, first, 1.0, take_profit_rub, stop_loss_rub)
    short = _barriers(path, first, -1.0, take_profit_rub, stop_loss_rub)
    nearer = _Barriers(long.entry, 0.0, 0.0, 0.0, min(long.up, short.up), max(long.down, short.down))
    open_yet = _first_touch(path, last, nearer, _at_open(path, first))
    return (
        _settled(path, last, long, _first_touch(path, last, long, open_yet)),
        _settled(path, last, short, _first_touch(path, last, short, open_yet)),
    )


class _Barriers(NamedTuple):
    """Where one side ends."""

    entry: float  # lifted, as up and down
    sign: float
    take_profit_rub: float
    stop_loss_rub: float
    up: float  # what touches the barrier above
    down: float


class _Touch(NamedTuple):
    """The first bar that touches a barrier, one behind the last where none does, and the extremes before it."""

    bar: int
    highest: float
    lowest: float


@inlined_borrowing_njit
def _barriers(
    path: PricePath, first: int, sign: float, take_profit_rub: float, stop_loss_rub: float
) -> _Barriers:
    entry = path.open[first]
    slack = (entry - path.paid[first]) * TOUCH_SLACK_FRAC
    above, below = (take_profit_rub, stop_loss_rub) if sign > 0 else (stop_loss_rub, take_profit_rub)
    return _Barriers(
        entry, sign, take_profit_rub, stop_loss_rub, entry + above - slack, entry - below + slack
    )


@inlined_borrowing_njit
def _at_open(path: PricePath, first: int) -> _Touch:
    return _Touch(first, path.open[first], path.open[first])


@inlined_borrowing_njit
def _first_touch(path: PricePath, last: int, barriers: _Barriers, so_far: _Touch) -> _Touch:
    """Return the first touch from a bar on, given the extremes of the bars before it."""
    bar, highest, lowest = so_far
    end, alone = last + 1, bar + _ALONE
    while bar < end:
        at = np.uintp(bar)  # no number to count from the end by, which each read would check
        high, low = path.high[at], path.low[at]
        if (high >= barriers.up) | (low <= barriers.down):
            break
        highest, lowest = max(highest, high), min(lowest, low)
        bar += 1
        if bar == alone:
            while bar + _GROUP <= end:
                high, low = _highest_of_group(path.high, bar), _lowest_of_group(path.low, bar)
                if (high >= barriers.up) | (low <= barriers.down):
                    break
                highest, lowest = max(highest, high), min(lowest, low)
                bar += _GROUP
    return _Touch(bar, highest, lowest)


# Written out as trees: a loop over eight bars would wait for the last comparison before each next one.
@inlined_borrowing_njit
def _highest_of_group(x: F64, bar: int) -> float:
    a, b, c, d = np.uintp(bar), np.uintp(bar + 2), np.uintp(bar + 4), np.uintp(bar + 6)
    one = np.uintp(1)
    half: float = max(max(x[a], x[a + one]), max(x[b], x[b + one]))
    other: float = max(max(x[c], x[c + one]), max(x[d], x[d + one]))
    return max(half, other)


@inlined_borrowing_njit
def _lowest_of_group(x: F64, bar: int) -> float:
    a, b, c, d = np.uintp(bar), np.uintp(bar + 2), np.uintp(bar + 4), np.uintp(bar + 6)
    one = np.uintp(1)
    half: float = min(min(x[a], x[a + one]), min(x[b], x[b + one]))
    other: float = min(min(x[c], x[c + one]), min(x[d], x[d + one]))
    return min(half, other)


@inlined_borrowing_njit
def _settled(path: PricePath, last: int, barriers: _Barriers, touch: _Touch) -> Exit:
    bar, highest, lowest = touch
    entry, sign = barriers.entry, barriers.sign
    if bar > last:
        bar, reason, lifted, moved = last, TIMEOUT, path.close[last], 0.0
    elif path.open[bar] >= barriers.up or path.open[bar] <= barriers.down:
        lifted, moved = path.open[bar], sign * (path.open[bar] - entry)
        reason = TAKE_PROFIT if moved > 0 else STOP_LOSS
    else:
        stopped = path.low[bar] <= barriers.down if sign > 0 else path.high[bar] >= barriers.up
        reason, moved = (
            (STOP_LOSS, -barriers.stop_loss_rub) if stopped else (TAKE_PROFIT, barriers.take_profit_rub)
        )
        lifted = entry + sign * moved
        highest, lowest = max(highest, path.open[bar]), min(lowest, path.open[bar])
    best, worst = sign * (highest - entry), sign * (lowest - entry)
    return Exit(bar, reason, lifted, max(best, worst, moved), min(best, worst, moved))
