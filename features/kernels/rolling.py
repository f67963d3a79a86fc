"""Rolling statistics in constant time a value, in which no rounding error outlives its window.

Windows of up to FRESH_BARS_MAX values are summed afresh, oldest first: a value depends on its own window alone, so it
has the same bits when only the window is given. Longer windows are the end of one block of `window` values plus the
beginning of the next one: two running sums of at most `window` terms each, never a difference of sums.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from traderai.common.arrays import F64

FRESH_BARS_MAX: Final = 32
# Values summed side by side; their sums stay in the processor's first cache.
_CHUNK: Final = 256


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
    sums = _fresh_sums if window <= FRESH_BARS_MAX else _block_sums
    return np.asarray(sums(np.ascontiguousarray(values), window), dtype=np.float64)


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
    squares = _fresh_squares if window <= FRESH_BARS_MAX else _block_squares
    out = np.asarray(squares(np.ascontiguousarray(values), window), dtype=np.float64)
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
    Source: van Herk (1992), Pattern Recognition Letters 13, 517-521: largest of a block's end and the next's beginning.
    """
    require_window(window, least=2)
    return np.asarray(_rolling_highest(np.ascontiguousarray(values), window), dtype=np.float64)


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
def _fresh_sums(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    for start in range(window - 1, values.size, _CHUNK):
        sums = out[start : start + _CHUNK]
        sums[:] = 0.0
        for first in range(start - window + 1, start + 1):
            part = values[first : first + sums.size]
            for j in range(sums.size):
                sums[j] += part[j]
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _fresh_squares(values: F64, window: int) -> F64:
    """Return the sum of squared deviations from the mean, both counted from the window's first value."""
    out = np.full(values.size, np.nan)
    means = np.empty(_CHUNK)
    for start in range(window - 1, values.size, _CHUNK):
        squares = out[start : start + _CHUNK]
        size = squares.size
        origin = values[start - window + 1 : start - window + 1 + size]
        means[:] = 0.0
        for first in range(start - window + 1, start + 1):
            part = values[first : first + size]
            for j in range(size):
                means[j] += part[j] - origin[j]
        for j in range(size):
            means[j] /= window
            squares[j] = 0.0
        for first in range(start - window + 1, start + 1):
            part = values[first : first + size]
            for j in range(size):
                deviation = (part[j] - origin[j]) - means[j]
                squares[j] += deviation * deviation
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _block_sums(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    ends = np.zeros(window)
    for start in range(0, values.size, window):
        total = 0.0
        for j in range(min(window, values.size - start)):
            total += values[start + j]
            if start > 0 and j + 1 < window:
                out[start + j] = ends[j + 1] + total
        if start + window <= values.size:
            out[start + window - 1] = total
            total = 0.0
            for j in range(window - 1, 0, -1):
                total += values[start + j]
                ends[j] = total
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _block_squares(values: F64, window: int) -> F64:
    """Return the sum of squared deviations from the mean.

    Values count from the first one of the block, which lies in every window that ends in the block: the sums stay
    within `window` times the result, so their difference keeps its digits.
    """
    out = np.full(values.size, np.nan)
    ends = np.zeros((2, window + 1))
    for start in range(0, values.size, window):
        origin = values[start]
        if start > 0:
            for j in range(window - 1, 0, -1):
                move = values[start - window + j] - origin
                ends[0, j] = ends[0, j + 1] + move
                ends[1, j] = ends[1, j + 1] + move * move
        total = squares = 0.0
        for j in range(min(window, values.size - start)):
            move = values[start + j] - origin
            total += move
            squares += move * move
            if start > 0 or j == window - 1:
                whole = ends[0, j + 1] + total
                rest = ends[1, j + 1] + squares - whole * whole / window
                out[start + j] = 0.0 if rest < 0.0 else rest
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _rolling_highest(values: F64, window: int) -> F64:
    out = np.full(values.size, np.nan)
    ends = np.full(window + 1, -np.inf)
    for start in range(0, values.size, window):
        highest = -np.inf
        for j in range(min(window, values.size - start)):
            highest = max(highest, values[start + j])
            if start > 0 or j == window - 1:
                out[start + j] = max(highest, ends[j + 1])
        if start + window <= values.size:
            highest = -np.inf
            for j in range(window - 1, 0, -1):
                highest = max(highest, values[start + j])
                ends[j] = highest
    return out


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
