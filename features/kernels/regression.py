"""Straight lines through the last bars."""

from __future__ import annotations

import numpy as np
from numba import njit

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
    """Join the end of one block of `window` values and the beginning of the next, as `rolling` does.

    Values count from the first one of the block and bars from the block's beginning: both lie in every window that
    ends in the block, so the differences of the sums keep their digits.
    """
    out = np.full((2, values.size), np.nan)
    ends = np.zeros((3, window + 1))
    bars_squares = window * (window * window - 1.0) / 12.0
    for start in range(0, values.size, window):
        origin = values[start]
        if start > 0:
            for j in range(window - 1, 0, -1):
                move = values[start - window + j] - origin
                ends[0, j] = ends[0, j + 1] + move
                ends[1, j] = ends[1, j + 1] + (j - window) * move
                ends[2, j] = ends[2, j + 1] + move * move
        total = product = squares = 0.0
        for j in range(min(window, values.size - start)):
            move = values[start + j] - origin
            total += move
            product += j * move
            squares += move * move
            if start > 0 or j == window - 1:
                whole = ends[0, j + 1] + total
                shared = ends[1, j + 1] + product - (j - (window - 1) / 2.0) * whole
                spread = ends[2, j + 1] + squares - whole * whole / window
                out[0, start + j] = shared / bars_squares
                if spread > 0.0:
                    out[1, start + j] = min(shared * shared / (bars_squares * spread), 1.0)
    return out
