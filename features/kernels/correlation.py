"""Rolling correlation."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.doubling import CHUNK
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
    """Put windows together from parts of 1, 2, 4 ... pairs, as `features.kernels.doubling`; rows as `_next_rows`."""
    out = np.full(left.size, np.nan)
    rows = np.empty((2, 5, CHUNK + window))
    own = np.empty((7, CHUNK))
    for start in range(window - 1, left.size, CHUNK):
        size = min(CHUNK, left.size - start)
        rows[0, 0, : size + window - 1] = left[start - window + 1 : start + size]
        rows[0, 1, : size + window - 1] = right[start - window + 1 : start + size]
        rows[0, 2:] = 0.0
        own[:] = 0.0
        width, at, held = 1, 0, 0
        while True:
            if window & width:
                _add_part(rows[held], own, at, width, size)
                at += width
            if 2 * width > window:
                break
            _next_rows(rows[held], rows[1 - held], width, size + window - 2 * width)
            width, held = 2 * width, 1 - held
        _pearson(own, window, out[start : start + size])
    return out


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _next_rows(rows: F64, into: F64, width: int, size: int) -> None:
    """Double the parts: sums of both sides, their squares and their products about their means."""
    x, y, xx, yy, xy = rows[0], rows[1], rows[2], rows[3], rows[4]
    later_x, later_y, later_xx, later_yy, later_xy = x[width:], y[width:], xx[width:], yy[width:], xy[width:]
    into_x, into_y, into_xx, into_yy, into_xy = into[0], into[1], into[2], into[3], into[4]
    share = 0.5 / width
    for j in range(size):
        apart_x, apart_y = later_x[j] - x[j], later_y[j] - y[j]
        into_x[j] = x[j] + later_x[j]
        into_y[j] = y[j] + later_y[j]
        into_xx[j] = xx[j] + later_xx[j] + share * (apart_x * apart_x)
        into_yy[j] = yy[j] + later_yy[j] + share * (apart_y * apart_y)
        into_xy[j] = xy[j] + later_xy[j] + share * (apart_x * apart_y)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _add_part(rows: F64, own: F64, at: int, width: int, size: int) -> None:
    """Add a part's squares and products; means count from those of the first part."""
    x, y, xx, yy, xy = rows[0, at:], rows[1, at:], rows[2, at:], rows[3, at:], rows[4, at:]
    first_x, first_y, sum_x, sum_y, own_xx, own_yy, own_xy = (
        own[0], own[1], own[2], own[3], own[4], own[5], own[6],
    )  # fmt: skip
    share = 1.0 / width
    if at == 0:
        for j in range(size):
            first_x[j], first_y[j] = share * x[j], share * y[j]
    for j in range(size):
        apart_x, apart_y = share * x[j] - first_x[j], share * y[j] - first_y[j]
        sum_x[j] += width * apart_x
        sum_y[j] += width * apart_y
        own_xx[j] += xx[j] + width * (apart_x * apart_x)
        own_yy[j] += yy[j] + width * (apart_y * apart_y)
        own_xy[j] += xy[j] + width * (apart_x * apart_y)


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _pearson(own: F64, window: int, out: F64) -> None:
    sum_x, sum_y, xx, yy, xy = own[2], own[3], own[4], own[5], own[6]
    for j in range(out.size):
        spread_x = xx[j] - sum_x[j] * sum_x[j] / window
        spread_y = yy[j] - sum_y[j] * sum_y[j] / window
        value = (xy[j] - sum_x[j] * sum_y[j] / window) / np.sqrt(spread_x * spread_y)
        value = 1.0 if value > 1.0 else value
        value = -1.0 if value < -1.0 else value
        out[j] = value if spread_x > 0.0 and spread_y > 0.0 else np.nan
