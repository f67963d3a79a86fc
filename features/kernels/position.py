"""Where the price stands: in its day, against its rolling extremes, against yesterday's close."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels.quotient import quotient
from features.kernels.rolling import require_window
from traderai.common.arrays import F64, I64

# 1, 2 and 5 times the powers of ten around every price there is.
_ROUND_STEPS: Final = np.array([float(f"{digit}e{power}") for power in range(-12, 13) for digit in (1, 2, 5)])
_ROUNDING: Final = 1e-9  # of a step: less than that is the rounding of the price, not a distance


def day_range_position(high: F64, low: F64, close: F64, trading_day: I64) -> F64:
    """Return where the close lies in the range of its trading day so far.

    Shapes: high, low, close, trading_day (n,); returns (n,).
    Units:  0 (at the day's low) to 1 (at its high); 0.5, the middle, while the day has no range.
    Causal: out[t] reads the bars of t's trading day up to t.
    """
    return _day_range_position(high, low, close, trading_day)


def session_gap(open_: F64, close: F64, trading_day: I64) -> F64:
    """Return the log gap between the last close of the day before and the first open of the bar's trading day.

    Shapes: open_, close, trading_day (n,); returns (n,).
    Units:  log of the price ratio; the same for every bar of a day.
    NaN:    the first trading day.
    Causal: out[t] reads the first bar of t's trading day and the bar before it.
    """
    return _session_gap(open_, close, trading_day)


def log_distance(close: F64, level: F64) -> F64:
    """Return how far the close is above a level.

    Shapes: close, level (n,), above 0; returns (n,).
    Units:  log of the price ratio.
    NaN:    where the level is unknown.
    Causal: out[t] reads position t alone.
    """
    return np.log(close / level)


def position_between(close: F64, lowest: F64, highest: F64) -> F64:
    """Return where the close lies between two levels.

    Shapes: close, lowest, highest (n,); returns (n,).
    Units:  0 at the lowest, 1 at the highest.
    NaN:    where a level is unknown, and where both are the same.
    Causal: out[t] reads position t alone.
    """
    return quotient(close - lowest, highest - lowest)


def round_price_distance_bp(price: F64, *, steps: int) -> F64:
    """Return how far the price as traded is above the nearest round price.

    Round are the multiples of 1, 2 or 5 times a power of ten: the largest of those that goes into the price at least
    `steps` times. Half way, the nearest one is that above.

    Shapes: price (n,), above 0, as traded; returns (n,).
    Units:  basis points of the price, within 1e4 / (2 * steps) of 0.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `steps` is below 1.
    Source: Niederhoffer and Osborne (1966), clustering of prices; Osler (2003), stops at round numbers.
    """
    require_window(steps)
    return np.asarray(
        _round_distance_bp(np.ascontiguousarray(price), _ROUND_STEPS, _ROUND_STEPS * steps), dtype=np.float64
    )


def bars_since_high(high: F64, *, window: int) -> F64:
    """Return how many bars ago the highest high of the last `window` bars was, the latest of several.

    Shapes: high (n,) without NaN; returns (n,).
    Units:  bars, 0 to `window - 1`.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Chande (1995), Aroon.
    """
    require_window(window)
    return np.asarray(_bars_since_highest(np.ascontiguousarray(high), window), dtype=np.float64)


def bars_since_low(low: F64, *, window: int) -> F64:
    """Return how many bars ago the lowest low of the last `window` bars was, the latest of several.

    Shapes: low (n,) without NaN; returns (n,).
    Units:  bars, 0 to `window - 1`.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: `bars_since_high`.
    """
    return bars_since_high(-low, window=window)


@njit(nogil=True, cache=True, error_model="numpy")
def _round_distance_bp(price: F64, steps: F64, least: F64) -> F64:
    out = np.full(price.size, np.nan)
    at = least.size // 2
    for t in range(price.size):
        reach = price[t] * (1.0 + _ROUNDING)
        if not least[0] <= reach < least[-1]:
            continue
        while reach < least[at]:
            at -= 1
        while reach >= least[at + 1]:
            at += 1
        count = price[t] / steps[at]
        nearest = np.floor(count + 0.5 + _ROUNDING)
        out[t] = 1e4 * (count - nearest) / count
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _bars_since_highest(values: F64, window: int) -> F64:
    """Keep the places of the values that nothing later has reached: the first of them is the highest's."""
    out = np.full(values.size, np.nan)
    places = np.empty(values.size, dtype=np.int64)
    first = last = 0
    for t in range(values.size):
        while last > first and values[places[last - 1]] <= values[t]:
            last -= 1
        places[last] = t
        last += 1
        if places[first] <= t - window:
            first += 1
        if t >= window - 1:
            out[t] = t - places[first]
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _day_range_position(high: F64, low: F64, close: F64, trading_day: I64) -> F64:
    out = np.empty(close.size)
    highest = 0.0
    lowest = 0.0
    for t in range(close.size):
        if t == 0 or trading_day[t] != trading_day[t - 1]:
            highest = high[t]
            lowest = low[t]
        highest = max(highest, high[t])
        lowest = min(lowest, low[t])
        out[t] = (close[t] - lowest) / (highest - lowest) if highest > lowest else 0.5
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _session_gap(open_: F64, close: F64, trading_day: I64) -> F64:
    out = np.full(close.size, np.nan)
    gap = np.nan
    for t in range(1, close.size):
        if trading_day[t] != trading_day[t - 1]:
            gap = np.log(open_[t] / close[t - 1])
        out[t] = gap
    return out
