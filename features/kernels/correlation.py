"""Rolling correlation in constant time a value."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import require_window
from traderai.common.arrays import F64


def rolling_correlation(left: F64, right: F64, *, window: int) -> F64:
    """Return Pearson's correlation of the last `window` pairs of values.

    Shapes: left, right (n,); returns (n,).
    Units:  -1 to 1.
    NaN:    the first `window - 1` values, every window that touches a NaN or in which one side does not move.
    Causal: out[t] reads positions t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: Pearson (1895), Proceedings of the Royal Society 58, 240-242.
    """
    require_window(window, least=2)
    return np.asarray(
        _correlation(np.ascontiguousarray(left), np.ascontiguousarray(right), window), dtype=np.float64
    )


@njit(nogil=True, cache=True, error_model="numpy")
def _correlation(left: F64, right: F64, window: int) -> F64:
    """Join the end of one block of `window` pairs and the beginning of the next one, as `features.kernels.rolling`.

    Values count from the first pair of the block, which lies in every window that ends in the block.
    """
    out = np.full(left.size, np.nan)
    ends = np.zeros((window + 1, 5))
    sums = np.zeros(5)
    for start in range(0, left.size, window):
        first_left, first_right = left[start], right[start]
        if start > 0:
            for j in range(window - 1, 0, -1):
                x, y = left[start - window + j] - first_left, right[start - window + j] - first_right
                _add_pair(ends[j], ends[j + 1], x, y)
        sums[:] = 0.0
        for j in range(min(window, left.size - start)):
            _add_pair(sums, sums, left[start + j] - first_left, right[start + j] - first_right)
            if start > 0 or j == window - 1:
                out[start + j] = _pearson(sums, ends[j + 1], window)
    return out


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _add_pair(into: F64, before: F64, x: float, y: float) -> None:
    into[0] = before[0] + x
    into[1] = before[1] + y
    into[2] = before[2] + x * x
    into[3] = before[3] + y * y
    into[4] = before[4] + x * y


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _pearson(sums: F64, ends: F64, count: int) -> float:
    x, y = sums[0] + ends[0], sums[1] + ends[1]
    spread_x = sums[2] + ends[2] - x * x / count
    spread_y = sums[3] + ends[3] - y * y / count
    if not (spread_x > 0.0 and spread_y > 0.0):
        return np.nan
    value = (sums[4] + ends[4] - x * y / count) / np.sqrt(spread_x * spread_y)
    return float(min(max(value, -1.0), 1.0))
