"""Sums, squares and extremes of the last values by doubling: of 2 values from those of 1, of 4 from those of 2, and so on.

A window of 20 values is one part of 4 and one of 16. A value depends on its own window alone, so it has the same bits
when only the window is given; it takes a few steps whatever the window, and each step does many positions at once.
Squares are put together by the differences of the parts' means: nothing is lost, and equal values have exactly none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from traderai.common.arrays import F64

# Positions done side by side; all steps stay in the processor's first cache.
CHUNK: Final = 512


@njit(nogil=True, cache=True, error_model="numpy")
def window_sums(values: F64, window: int) -> F64:
    """Return the sums of the last `window` values; each window that touches a NaN is NaN.

    Shapes: values (n,), contiguous; returns (n,), NaN before the first whole window.
    Causal: out[t] reads values t - window + 1 to t.
    """
    out = np.full(values.size, np.nan)
    rows = np.empty((2, CHUNK + window))
    for start in range(window - 1, values.size, CHUNK):
        whole = out[start : start + CHUNK]
        whole[:] = 0.0
        sums = values[start - window + 1 : start + whole.size]
        width, at = 1, 0
        while True:
            if window & width:
                part = sums[at : at + whole.size]
                for j in range(whole.size):
                    whole[j] += part[j]
                at += width
            if 2 * width > window:
                break
            sums = _next_sums(sums, rows[0 if width & 0x55555555 else 1], width)
            width *= 2
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def window_squares(values: F64, window: int) -> F64:
    """Return the sums of squared deviations of the last `window` values from their mean, exactly 0 for equal values.

    Shapes: values (n,), contiguous; returns (n,), NaN before the first whole window.
    Causal: out[t] reads values t - window + 1 to t.
    Source: Chan, Golub and LeVeque (1983), The American Statistician 37, 242-247: squares of parts put together.
    """
    out = np.full(values.size, np.nan)
    sum_rows, square_rows, own = (
        np.empty((2, CHUNK + window)),
        np.empty((2, CHUNK + window)),
        np.empty((3, CHUNK)),
    )
    for start in range(window - 1, values.size, CHUNK):
        whole = out[start : start + CHUNK]
        whole[:] = 0.0
        sums = values[start - window + 1 : start + whole.size]
        square_rows[0] = 0.0
        squares = square_rows[0, : sums.size]
        own[1:] = 0.0
        width, at = 1, 0
        while True:
            if window & width:
                _add_part(sums[at:], squares[at:], width, at == 0, own, whole)
                at += width
            if 2 * width > window:
                break
            row = 0 if width & 0xAAAAAAAA else 1
            squares = _next_squares(sums, squares, square_rows[row], width)
            sums = _next_sums(sums, sum_rows[row], width)
            width *= 2
        for j in range(whole.size):
            rest = whole[j] + (own[2, j] - own[1, j] * own[1, j] / window)
            whole[j] = 0.0 if rest < 0.0 else rest
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def window_highest(values: F64, window: int) -> F64:
    """Return the largest of the last `window` values: of two parts that overlap.

    Shapes: values (n,) without NaN, contiguous; returns (n,), NaN before the first whole window.
    Causal: out[t] reads values t - window + 1 to t.
    """
    out = np.full(values.size, np.nan)
    rows = np.empty((2, CHUNK + window))
    for start in range(window - 1, values.size, CHUNK):
        whole = out[start : start + CHUNK]
        highest = values[start - window + 1 : start + whole.size]
        width = 1
        while 2 * width <= window:
            into = rows[0 if width & 0x55555555 else 1, : highest.size - width]
            later = highest[width:]
            for j in range(into.size):
                into[j] = highest[j] if highest[j] > later[j] else later[j]
            highest = into
            width *= 2
        later = highest[window - width :]
        for j in range(whole.size):
            whole[j] = highest[j] if highest[j] > later[j] else later[j]
    return out


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _next_sums(sums: F64, row: F64, width: int) -> F64:
    into, later = row[: sums.size - width], sums[width:]
    for j in range(into.size):
        into[j] = sums[j] + later[j]
    return into


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _next_squares(sums: F64, squares: F64, row: F64, width: int) -> F64:
    into, later, later_squares = row[: sums.size - width], sums[width:], squares[width:]
    share = 0.5 / width
    for j in range(into.size):
        apart = sums[j] - later[j]
        into[j] = squares[j] + later_squares[j] + share * (apart * apart)
    return into


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _add_part(sums: F64, squares: F64, width: int, first: bool, own: F64, whole: F64) -> None:
    """Add a part to the squares: those within it, and its mean's distance from the first part's mean."""
    origin, apart_sum, apart_squares = own[0], own[1], own[2]
    share = 1.0 / width
    if first:
        for j in range(whole.size):
            origin[j] = share * sums[j]
            whole[j] = squares[j]
        return
    for j in range(whole.size):
        apart = share * sums[j] - origin[j]
        whole[j] += squares[j]
        apart_sum[j] += width * apart
        apart_squares[j] += width * (apart * apart)
