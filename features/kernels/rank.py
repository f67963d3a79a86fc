"""Where a value stands among the last ones, exactly."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels.rolling import require_window
from traderai.common.arrays import F64

# Values that differ by less than this share are equal: their order would be that of their rounding errors.
SAME_FRAC: Final = 1e-9


def rolling_percentile(values: F64, *, window: int) -> F64:
    """Return the share of the other values of the last `window` that are below the newest one; equal ones count half.

    Equal are values that differ by a share of less than 1e-9.

    Shapes: values (n,), NaN at the beginning only; returns (n,).
    Units:  0 (the smallest) to 1 (the largest).
    NaN:    every window that touches a NaN, and the first `window - 1` values.
    Causal: out[t] reads values t - window + 1 to t.
    Raises: ValueError if `window` is below 2 or a NaN comes after a number.
    Source: the mid-rank, (number below + half the number equal) / (window - 1), the value itself left out.
    """
    require_window(window, least=2)
    missing = np.isnan(values)
    first = int(np.count_nonzero(missing))
    if missing[first:].any():
        raise ValueError("a NaN must not come after a number: it has no place among the others")
    return np.asarray(_percentile(np.ascontiguousarray(values), first, window), dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _percentile(values: F64, first: int, window: int) -> F64:
    """Count: the processor compares several values at once, which is quicker than keeping 250 of them in order."""
    out = np.full(values.size, np.nan)
    for t in range(first + window - 1, values.size):
        near = SAME_FRAC * abs(values[t])
        least, most = values[t] - near, values[t] + near
        part = values[t - window + 1 : t]
        below = not_above = 0
        for i in range(part.size):
            below += part[i] < least
            not_above += part[i] <= most
        out[t] = 0.5 * (below + not_above) / (window - 1)
    return out
