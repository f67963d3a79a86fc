"""Sums of the last values under fixed weights, and the least-squares slopes that they give."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels.rolling import require_window
from traderai.common.arrays import F64

# Values summed side by side; their sums stay in the processor's first cache.
_CHUNK: Final = 256


def rolling_slope(values: F64, *, window: int) -> F64:
    """Return the least-squares slope of the last `window` values over their position.

    Shapes: values (n,); returns (n,).
    Units:  those of the values, per bar.
    NaN:    the first `window - 1` values, and every window that touches a NaN.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: least squares on 0, 1 ... window - 1.
    """
    require_window(window, least=2)
    place = np.arange(window) - (window - 1) / 2.0
    return _weighted_sums(np.ascontiguousarray(values), place / (place @ place))


def rolling_sum_slope(values: F64, *, window: int) -> F64:
    """Return the least-squares slope of the running sum of the values over its last `window` positions.

    The running sum need not be kept: in its slope, the value at position j of the window weighs j (window - j) / 2.

    Shapes: values (n,); returns (n,).
    Units:  those of the values, per bar.
    NaN:    the first `window - 1` values, and every window that touches a NaN, its oldest value left out.
    Causal: out[t] reads values t - window + 2 to t.
    Raises: ValueError if `window` is below 2.
    Source: least squares on 0, 1 ... window - 1; summation by parts.
    """
    require_window(window, least=2)
    place = np.arange(1.0, window)
    weights = place * (window - place) / 2.0 / (window * (window**2 - 1) / 12.0)
    out = _weighted_sums(np.ascontiguousarray(values), weights)
    out[: window - 1] = np.nan
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _weighted_sums(values: F64, weights: F64) -> F64:
    """Return the sums of the last values times the weights, oldest first."""
    out = np.full(values.size, np.nan)
    window = weights.size
    for start in range(window - 1, values.size, _CHUNK):
        sums = out[start : start + _CHUNK]
        sums[:] = 0.0
        for j in range(window):
            part = values[start - window + 1 + j : start - window + 1 + j + sums.size]
            weight = weights[j]
            for i in range(sums.size):
                sums[i] += weight * part[i]
    return out
