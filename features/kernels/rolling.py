"""Rolling statistics, summed afresh for every window so that a value depends on its own window alone."""

from __future__ import annotations

import numpy as np
import talib
from numba import njit

from traderai.common.arrays import F64


def require_window(window: int, *, least: int = 1) -> None:
    """Refuse a window that is too short.

    Raises: ValueError if a window is shorter than `least` bars.
    """
    if window < least:
        raise ValueError(f"window must be at least {least}, was {window}")


def rolling_mean(values: F64, *, window: int) -> F64:
    """Return the mean of the last `window` values at each position.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    require_window(window)
    return _rolling_mean(np.ascontiguousarray(values), window)


def rolling_std(values: F64, *, window: int) -> F64:
    """Return the sample standard deviation (divisor `window - 1`) of the last `window` values.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    return _rolling_std(np.ascontiguousarray(values), window)


def rolling_robust_z(values: F64, *, window: int) -> F64:
    """Return how many robust deviations (1.4826 MAD) a value lies from the median of its window.

    Shapes: values (n,) without NaN; returns (n,).
    Units:  robust standard deviations.
    NaN:    the first `window - 1` values, and windows whose MAD is zero.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2 or a value is NaN.
    Source: Iglewicz and Hoaglin (1993), How to Detect and Handle Outliers.
    """
    require_window(window, least=2)
    if np.isnan(values).any():
        raise ValueError("values must not hold a NaN: their order is not defined")
    return _rolling_robust_z(np.ascontiguousarray(values), window)


def rolling_highest(values: F64, *, window: int) -> F64:
    """Return the largest of the last `window` values.

    Shapes: values (n,) without NaN; returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    return np.asarray(talib.MAX(values, timeperiod=window), dtype=np.float64)


def rolling_lowest(values: F64, *, window: int) -> F64:
    """Return the smallest of the last `window` values.

    Shapes: values (n,) without NaN; returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    return np.asarray(talib.MIN(values, timeperiod=window), dtype=np.float64)


@njit(nogil=True)
def _rolling_mean(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    for t in range(window - 1, values.size):
        total = 0.0
        for i in range(t - window + 1, t + 1):
            total += values[i]
        out[t] = total / window
    return out


@njit(nogil=True)
def _rolling_std(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    for t in range(window - 1, values.size):
        total = 0.0
        for i in range(t - window + 1, t + 1):
            total += values[i]
        mean = total / window
        squares = 0.0
        for i in range(t - window + 1, t + 1):
            squares += (values[i] - mean) ** 2
        out[t] = np.sqrt(squares / (window - 1))
    return out


@njit(nogil=True)
def _rolling_robust_z(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    if values.size < window:
        return out
    ordered = np.sort(values[:window])
    for t in range(window - 1, values.size):
        if t >= window:
            _replace_in_order(ordered, values[t - window], values[t])
        median = (ordered[(window - 1) // 2] + ordered[window // 2]) / 2.0
        deviation = 1.4826 * _median_distance(ordered, median)
        if deviation > 0.0:
            out[t] = (values[t] - median) / deviation
    return out


@njit(nogil=True)
def _replace_in_order(ordered: F64, old: float, new: float) -> None:
    """Take one value out of a sorted array and put another in, in place."""
    at = np.searchsorted(ordered, old)
    while at + 1 < ordered.size and ordered[at + 1] < new:
        ordered[at] = ordered[at + 1]
        at += 1
    while at > 0 and ordered[at - 1] > new:
        ordered[at] = ordered[at - 1]
        at -= 1
    ordered[at] = new


@njit(nogil=True)
def _median_distance(ordered: F64, median: float) -> float:
    """Return the median of the distances of sorted values from their median, walking outwards from it."""
    right = np.searchsorted(ordered, median)
    left = right - 1
    before = nearest = 0.0
    for _ in range(ordered.size // 2 + 1):
        before = nearest
        take_right = left < 0 or (right < ordered.size and ordered[right] - median <= median - ordered[left])
        if take_right:
            nearest = ordered[right] - median
            right += 1
        else:
            nearest = median - ordered[left]
            left -= 1
    return nearest if ordered.size % 2 else (before + nearest) / 2.0
