"""Straight lines through the last bars."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.doubling import CHUNK
from features.kernels.rolling import require_window
from traderai.common.arrays import F64


def line_fit(values: F64, *, window: int) -> F64:
    """Return the slope and the R2 of the least-squares line through the last `window` values.

    Shapes: values (n,); returns (2, n): slope, R2.
    Units:  slope in units of the values a bar; R2 0 (no line) to 1 (the values lie on it).
    NaN:    the first `window - 1` values, every window that touches a NaN; R2 also where all values are equal.
    Causal: out[:, t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 3: two points always lie on a line.
    Source: least squares against the bar number 0 to window - 1; R2 is the squared correlation with it.
    """
    require_window(window, least=3)
    return np.asarray(_line_fit(np.ascontiguousarray(values), window), dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _line_fit(values: F64, window: int) -> F64:
    """Put windows together from parts of 1, 2, 4 ... values, as `features.kernels.doubling`; rows as `_next_rows`."""
    out = np.full((2, values.size), np.nan)
    rows = np.empty((2, 3, CHUNK + window))
    own = np.empty((4, CHUNK))
    for start in range(window - 1, values.size, CHUNK):
        size = min(CHUNK, values.size - start)
        rows[0, 0, : size + window - 1] = values[start - window + 1 : start + size]
        rows[0, 1:] = 0.0
        own[:] = 0.0
        width, at, held = 1, 0, 0
        while True:
            if window & width:
                _add_part(rows[held], own, at, width, window, size)
                at += width
            if 2 * width > window:
                break
            _next_rows(rows[held], rows[1 - held], width, size + window - 2 * width)
            width, held = 2 * width, 1 - held
        _slope_and_r2(own, window, out[0, start : start + size], out[1, start : start + size])
    return out


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _next_rows(rows: F64, into: F64, width: int, size: int) -> None:
    """Double the parts: their sums, their squares and their products with the bar number, both about their means."""
    sums, squares, products = rows[0], rows[1], rows[2]
    later_sums, later_squares, later_products = sums[width:], squares[width:], products[width:]
    into_sums, into_squares, into_products = into[0], into[1], into[2]
    share, half = 0.5 / width, 0.5 * width
    for j in range(size):
        apart = later_sums[j] - sums[j]
        into_sums[j] = sums[j] + later_sums[j]
        into_squares[j] = squares[j] + later_squares[j] + share * (apart * apart)
        into_products[j] = products[j] + later_products[j] + half * apart


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _add_part(rows: F64, own: F64, at: int, width: int, window: int, size: int) -> None:
    """Add a part's squares and products; means count from the first part's mean, bar numbers from the middle."""
    sums, squares, products = rows[0, at:], rows[1, at:], rows[2, at:]
    origin, spread, product, apart_sum = own[0], own[1], own[2], own[3]
    share = 1.0 / width
    if at == 0:
        for j in range(size):
            origin[j] = share * sums[j]
    place = width * (at + 0.5 * (width - window))
    for j in range(size):
        apart = share * sums[j] - origin[j]
        spread[j] += squares[j] + width * (apart * apart)
        product[j] += products[j] + place * apart
        apart_sum[j] += width * apart


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _slope_and_r2(own: F64, window: int, slope: F64, r2: F64) -> None:
    spreads, products, apart_sum = own[1], own[2], own[3]
    bars_squares = window * (window * window - 1.0) / 12.0
    for j in range(slope.size):
        product = products[j]
        spread = spreads[j] - apart_sum[j] * apart_sum[j] / window
        slope[j] = product / bars_squares
        fit = product * product / (bars_squares * spread)
        fit = fit if fit < 1.0 else 1.0
        r2[j] = fit if spread > 0.0 else np.nan
