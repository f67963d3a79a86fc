"""Levels that a chart reader draws: pivots of the day before, and support and resistance at swing points."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from traderai.common.arrays import F64, I64

LEVELS_MAX: Final = 20  # as many swing points are remembered
TOUCH_ATR: Final = 0.5  # swing points this near to a level touch it
# Rows of `swing_levels`.
RESISTANCE, RESISTANCE_TOUCHES, SUPPORT, SUPPORT_TOUCHES = range(4)


def day_before(high: F64, low: F64, close: F64, trading_day: I64, *, whole_days: bool) -> F64:
    """Return high, low and close of the trading day before each bar's.

    Shapes: high, low, close, trading_day (n,); returns (3, n).
    Units:  those of the prices.
    NaN:    the first trading day; the second as well unless `whole_days` (bars of a day or longer): bars that begin
        somewhere within a day do not show all of it.
    Causal: out[t] reads the bars before t's trading day.
    """
    return _day_before(high, low, close, trading_day, whole_days)


def pivot_distance_atr(close: F64, before: F64, average_range: F64, *, level: int) -> F64:
    """Return how far the close is above a floor pivot of the trading day before.

    The pivot is P = (H + L + C) / 3; level 1 is R1 = 2 P - L, 2 is R2 = P + (H - L), -1 is S1 = 2 P - H,
    -2 is S2 = P - (H - L), 0 is P itself.

    Shapes: close, average_range (n,), before (3, n) of `day_before`; returns (n,).
    Units:  average true ranges.
    NaN:    where the day before or the range is unknown, or the range is zero.
    Causal: out[t] reads row t of its inputs.
    Raises: ValueError for another level.
    Source: Person (2004), A Complete Guide to Technical Trading Tactics.
    """
    if level not in {-2, -1, 0, 1, 2}:
        raise ValueError(f"level must be within -2 to 2, was {level}")
    return _pivot_distance_atr(close, before, average_range, level)


def swing_levels(high: F64, low: F64, close: F64, average_range: F64, *, side: int, window: int) -> F64:
    """Return the nearest resistance and support, and how often the price turned there.

    A swing high is higher than the highs of the `side` bars before it and not lower than those of the `side` bars
    after it, a swing low the mirror image; each is known `side` bars later. Levels are the newest 20 swing points,
    highs and lows alike, of which all bars lie within the last `window` bars. Resistance is the lowest level above
    the close, support the highest at or below it; its touches are the levels within half an average true range of
    it, itself included.

    Shapes: high, low, close, average_range (n,); returns (4, n): distance to resistance, its touches, distance to
        support, its touches.
    Units:  distances in average true ranges, 0 or more; touches 1 to 20.
    NaN:    the first `window - 1` values, where no level lies on that side, where the range is unknown or zero.
    Causal: out[t] reads bars t - window + 1 to t, and the range at t.
    Raises: ValueError if `side` is below 1 or `window` does not hold a swing.
    Source: fractals of Williams (1995), Trading Chaos, with `side` bars for his two.
    """
    if side < 1:
        raise ValueError(f"side must be at least 1, was {side}")
    if window < 2 * side + 1:
        raise ValueError(f"window must hold a swing of {2 * side + 1} bars, was {window}")
    return _swing_levels(high, low, close, average_range, side, window)


@njit(nogil=True, cache=True)
def _day_before(high: F64, low: F64, close: F64, trading_day: I64, whole_days: bool) -> F64:
    out = np.full((3, close.size), np.nan)
    whole = whole_days  # whether the day at hand was seen from its first bar on
    known = False
    highest, lowest = np.nan, np.nan
    day_high, day_low, day_close = np.nan, np.nan, np.nan
    for t in range(close.size):
        if t > 0 and trading_day[t] != trading_day[t - 1]:
            known = whole
            day_high, day_low, day_close = highest, lowest, close[t - 1]
            whole = True
        if t == 0 or trading_day[t] != trading_day[t - 1]:
            highest, lowest = high[t], low[t]
        highest, lowest = max(highest, high[t]), min(lowest, low[t])
        if known:
            out[0, t], out[1, t], out[2, t] = day_high, day_low, day_close
    return out


@njit(nogil=True, cache=True)
def _pivot_distance_atr(close: F64, before: F64, average_range: F64, level: int) -> F64:
    out = np.full(close.size, np.nan)
    for t in range(close.size):
        if average_range[t] > 0.0:
            high, low = before[0, t], before[1, t]
            line = (high + low + before[2, t]) / 3.0
            if level == 1:
                line = 2.0 * line - low
            elif level == -1:
                line = 2.0 * line - high
            elif level == 2:
                line += high - low
            elif level == -2:
                line -= high - low
            out[t] = (close[t] - line) / average_range[t]
    return out


@njit(nogil=True, cache=True)
def _swing_levels(high: F64, low: F64, close: F64, average_range: F64, side: int, window: int) -> F64:
    out = np.full((4, close.size), np.nan)
    level = np.empty(2 * close.size)  # in the order in which they became known
    centre = np.empty(2 * close.size, dtype=np.int64)
    first, stop = 0, 0  # those at hand
    above, below = np.inf, -np.inf
    for t in range(2 * side, close.size):
        at, first_before, stop_before = t - side, first, stop
        if _is_peak(high, at, side, 1.0):
            level[stop], centre[stop] = high[at], at
            stop += 1
        if _is_peak(low, at, side, -1.0):
            level[stop], centre[stop] = low[at], at
            stop += 1
        first = max(first, stop - LEVELS_MAX)
        while first < stop and centre[first] < at - window + 1 + 2 * side:
            first += 1
        # Without another level at hand the nearest two stay while the price stays between them.
        if first > first_before or stop > stop_before or not below <= close[t] < above:
            above, below = _nearest(level[first:stop], close[t])
        if t < window - 1 or not average_range[t] > 0.0:
            continue
        touch = TOUCH_ATR * average_range[t]
        if above < np.inf:
            out[RESISTANCE, t] = (above - close[t]) / average_range[t]
            out[RESISTANCE_TOUCHES, t] = _touches(level[first:stop], above, touch)
        if below > -np.inf:
            out[SUPPORT, t] = (close[t] - below) / average_range[t]
            out[SUPPORT_TOUCHES, t] = _touches(level[first:stop], below, touch)
    return out


@njit(nogil=True, cache=True)
def _is_peak(values: F64, at: int, side: int, sign: float) -> bool:
    top = sign * values[at]
    peak = True
    for i in range(1, side + 1):
        if sign * values[at - i] >= top or sign * values[at + i] > top:
            peak = False
            break
    return peak


@njit(nogil=True, cache=True)
def _nearest(level: F64, price: float) -> tuple[float, float]:
    above = np.inf
    below = -np.inf
    for i in range(level.size):
        higher = level[i] if level[i] > price else np.inf
        lower = level[i] if level[i] <= price else -np.inf
        above = higher if higher < above else above
        below = lower if lower > below else below
    return above, below


@njit(nogil=True, cache=True)
def _touches(level: F64, line: float, within: float) -> int:
    count = 0
    for i in range(level.size):
        count += abs(level[i] - line) <= within
    return count
