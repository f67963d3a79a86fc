"""Rolling statistics. Each value depends on its own window alone, to the last bit: nothing outlives its window."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.doubling import window_highest, window_squares, window_sums
from traderai.common.arrays import F64


def require_window(window: int, *, least: int = 1) -> None:
    """Refuse a window that is too short.

    Raises: ValueError if a window is shorter than `least` bars.
    """
    if window < least:
        raise ValueError(f"window must be at least {least}, was {window}")


def rolling_sum(values: F64, *, window: int) -> F64:
    """Return the sum of the last `window` values at each position.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    require_window(window)
    return np.asarray(window_sums(np.ascontiguousarray(values), window), dtype=np.float64)


def rolling_mean(values: F64, *, window: int) -> F64:
    """Return the mean of the last `window` values at each position.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    out = rolling_sum(values, window=window)
    out /= window
    return out


def rolling_std(values: F64, *, window: int) -> F64:
    """Return the sample standard deviation (divisor `window - 1`) of the last `window` values.

    It is exactly zero where all values of the window are equal.

    Shapes: values (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    out = np.asarray(window_squares(np.ascontiguousarray(values), window), dtype=np.float64)
    out /= window - 1
    return np.sqrt(out, out=out)


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
    return np.asarray(_rolling_robust_z(np.ascontiguousarray(values), window), dtype=np.float64)


def rolling_highest(values: F64, *, window: int) -> F64:
    """Return the largest of the last `window` values.

    Shapes: values (n,) without NaN; returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    require_window(window, least=2)
    return np.asarray(window_highest(np.ascontiguousarray(values), window), dtype=np.float64)


def rolling_lowest(values: F64, *, window: int) -> F64:
    """Return the smallest of the last `window` values.

    Shapes: values (n,) without NaN; returns (n,).
    Units:  those of the values.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: `rolling_highest`.
    """
    out = rolling_highest(-values, window=window)
    return np.negative(out, out=out)


@njit(nogil=True, cache=True, error_model="numpy")
def _rolling_robust_z(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    if values.size < window:
        return out
    ordered = np.sort(values[:window])
    spare = np.empty(window)
    for t in range(window - 1, values.size):
        if t >= window:
            _replace_in_order(ordered, spare, values[t - window], values[t])
        median = (ordered[(window - 1) // 2] + ordered[window // 2]) / 2.0
        deviation = 1.4826 * _median_distance(ordered, median)
        if deviation > 0.0:
            out[t] = (values[t] - median) / deviation
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _count_below(ordered: F64, value: float) -> int:
    # Counting all of them side by side is faster than a search whose every step is mispredicted.
    count = 0
    for j in range(ordered.size):
        count += 1 if ordered[j] < value else 0
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _replace_in_order(ordered: F64, spare: F64, old: float, new: float) -> None:
    """Take one value out of a sorted array and put another in, in place."""
    at, to = _count_below(ordered, old), _count_below(ordered, new)
    if to > at:
        to -= 1  # the old value is below the new one and leaves
        part, place = ordered[at + 1 : to + 1], ordered[at:to]
    else:
        part, place = ordered[to:at], ordered[to + 1 : at + 1]
    # By way of other memory: part and place overlap.
    for j in range(part.size):
        spare[j] = part[j]
    for j in range(part.size):
        place[j] = spare[j]
    ordered[to] = new


@njit(nogil=True, cache=True, error_model="numpy")
def _median_distance(ordered: F64, median: float) -> float:
    """Return the median of the distances of sorted values from their median.

    The values nearest to the median lie side by side: halving finds where they begin, their ends are the farthest.
    """
    near = ordered.size // 2
    first, size = 0, ordered.size - near - 1
    while size > 0:
        half = (size + 1) // 2
        at = first + half - 1
        first += half if median - ordered[at] > ordered[at + near + 1] - median else 0
        size -= half
    left, right = median - ordered[first], ordered[first + near] - median
    if ordered.size % 2:
        return float(max(left, right))
    if left > right:
        return float(left + max(median - ordered[first + 1], right)) / 2.0
    return float(right + max(left, ordered[first + near - 1] - median)) / 2.0
