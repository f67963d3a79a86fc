"""Where the price stands: in its day, against its rolling extremes, against yesterday's close."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import rolling_highest, rolling_lowest
from traderai.common.arrays import F64, I64


def day_range_position(high: F64, low: F64, close: F64, trading_day: I64) -> F64:
    """Return where the close lies in the range of its trading day so far.

    Shapes: high, low, close, trading_day (n,); returns (n,).
    Units:  0 (at the day's low) to 1 (at its high); 0.5, the middle, while the day has no range.
    Causal: out[t] reads the bars of t's trading day up to t.
    """
    return _day_range_position(high, low, close, trading_day)


def distance_to_high(high: F64, close: F64, *, window: int) -> F64:
    """Return how far the close is below the highest high of the last `window` bars.

    Shapes: high, close (n,); returns (n,).
    Units:  log of the price ratio, 0 or negative.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    return np.log(close / rolling_highest(high, window=window))


def distance_to_low(low: F64, close: F64, *, window: int) -> F64:
    """Return how far the close is above the lowest low of the last `window` bars.

    Shapes: low, close (n,); returns (n,).
    Units:  log of the price ratio, 0 or positive.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    return np.log(close / rolling_lowest(low, window=window))


def session_gap(open_: F64, close: F64, trading_day: I64) -> F64:
    """Return the log gap between the last close of the day before and the first open of the bar's trading day.

    Shapes: open_, close, trading_day (n,); returns (n,).
    Units:  log of the price ratio; the same for every bar of a day.
    NaN:    the first trading day.
    Causal: out[t] reads the first bar of t's trading day and the bar before it.
    """
    return _session_gap(open_, close, trading_day)


@njit(nogil=True)
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


@njit(nogil=True)
def _session_gap(open_: F64, close: F64, trading_day: I64) -> F64:
    out = np.full(close.size, np.nan)
    gap = np.nan
    for t in range(1, close.size):
        if trading_day[t] != trading_day[t - 1]:
            gap = np.log(open_[t] / close[t - 1])
        out[t] = gap
    return out
