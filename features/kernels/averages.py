"""Moving averages: the price's distance from them, how steep they are, and when one crossed another."""

from __future__ import annotations

from typing import Final

import numpy as np
import talib
from numba import njit

from features.kernels.rolling import require_window, rolling_mean
from traderai.common.arrays import F64

# Averages that differ by less than this share of the price are equal: it is rounding, far below any price step.
SAME_FRAC: Final = 1e-9


def sma(close: F64, *, window: int) -> F64:
    """Return the simple moving average.

    Shapes: close (n,); returns (n,).
    Units:  those of the price.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    return rolling_mean(close, window=window)


def ema(close: F64, *, window: int) -> F64:
    """Return the exponential moving average with weight 2 / (window + 1) for the newest bar.

    Shapes: close (n,); returns (n,).
    Units:  those of the price.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars 0 to t (recursive, started by the mean of the first `window` bars).
    Raises: ValueError if `window` is below 2.
    Source: TA-Lib EMA.
    """
    require_window(window, least=2)
    return np.asarray(talib.EMA(close, timeperiod=window), dtype=np.float64)


def macd(close: F64) -> F64:
    """Return the MACD (12, 26, 9): line, signal line, histogram.

    Shapes: close (n,); returns (3, n).
    Units:  those of the price.
    NaN:    the first 33 values (25 for the slow average, 8 for the signal line).
    Causal: out[:, t] reads bars 0 to t.
    Source: Appel (2005), Technical Analysis; TA-Lib MACD.
    """
    return np.array(talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9), dtype=np.float64)


def distance(values: F64, average: F64) -> F64:
    """Return how far values lie from an average.

    Shapes: values, average (n,); returns (n,).
    Units:  fraction of the average; -0.02 is 2 % below it.
    NaN:    where one of them is.
    Causal: out[t] reads position t alone.
    """
    out = values / average
    out -= 1.0
    return out


def range_unit(average_range: F64, close: F64) -> F64:
    """Return the average true range as a yardstick: NaN where it is no more than rounding of the price.

    Shapes: average_range, close (n,); returns (n,).
    Units:  those of the price.
    NaN:    where the range is, and where it is at most 1e-9 of the close (the price has not moved for long).
    Causal: out[t] reads position t alone.
    """
    return np.where(average_range > SAME_FRAC * close, average_range, np.nan)


def slope_in_ranges(average: F64, unit: F64, *, span: int) -> F64:
    """Return how steep an average has been over the last `span` bars.

    Shapes: average, unit (n,); returns (n,).
    Units:  `unit` a bar: average true ranges where `unit` comes from `range_unit`.
    NaN:    the first `span` values, and where the average now or then, or the unit, is unknown.
    Causal: out[t] reads positions t - span and t.
    Raises: ValueError if `span` is below 1.
    """
    require_window(span)
    return np.asarray(_slope_in_ranges(average, unit, span), dtype=np.float64)


def cross_freshness(fast: F64, slow: F64, *, within: int) -> F64:
    """Return how lately the fast average crossed the slow one, and to which side.

    1 on the bar on which the fast average has come to stand above the slow one (golden cross), fading evenly to 0
    after `within` bars: 1 - bars since / within; negative for the death cross; 0 without a cross in the last `within`
    bars. Averages within 1e-9 of each other stand as they stood before.

    Shapes: fast, slow (n,), NaN at their beginning only; returns (n,).
    Units:  -1 to 1.
    NaN:    until `within` bars after both are known: before, the absence of a cross is not known.
    Causal: out[t] reads positions 0 to t.
    Raises: ValueError if `within` is below 1.
    """
    require_window(within)
    return np.asarray(_cross_freshness(fast, slow, within), dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _slope_in_ranges(average: F64, unit: F64, span: int) -> F64:
    out = np.full(average.size, np.nan)
    for t in range(span, average.size):
        out[t] = (average[t] - average[t - span]) / unit[t] / span
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _cross_freshness(fast: F64, slow: F64, within: int) -> F64:
    out = np.full(fast.size, np.nan)
    side = 0
    direction = 0.0
    age = known = 0
    for t in range(fast.size):
        if np.isnan(fast[t]) or np.isnan(slow[t]):
            continue
        age += 1
        gap = fast[t] - slow[t]
        now = side
        if abs(gap) > SAME_FRAC * slow[t]:
            now = 1 if gap > 0.0 else -1
        if side != 0 and now != side:
            direction, age = float(now), 0
        side = now
        if known >= within:
            out[t] = direction * max(1.0 - age / within, 0.0)
        known += 1
    return out
