"""Division where the divisor may be missing."""

from __future__ import annotations

import numpy as np
from numba import njit

from traderai.common.arrays import F64


def quotient(above: F64, below: F64) -> F64:
    """Return `above / below`.

    Shapes: above, below (n,); returns (n,).
    Units:  those of `above` over those of `below`.
    NaN:    where `below` is zero or either is NaN.
    Causal: out[t] reads position t alone.
    """
    return np.asarray(_quotient(above, below), dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _quotient(above: F64, below: F64) -> F64:
    out = np.empty(above.size)
    for t in range(above.size):
        out[t] = above[t] / below[t] if below[t] != 0.0 else np.nan
    return out
