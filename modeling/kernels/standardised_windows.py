"""Windows gathered and standardised in one pass, so that no standardised matrix stands beside the raw one."""

from __future__ import annotations

import numpy as np
from numba import njit

from modeling.kernels.sparse import CLIP_STD
from modeling.kernels.windows import require_windows
from traderai.common.arrays import F32, F64, I64, Bools

_CLIP = np.float32(CLIP_STD)


def gather_standardised(values: F32, rows: I64, *, lookback: int, mean: F64, std: F64, sparse: Bools) -> F32:
    """Return the windows that end with the given rows as `sparse.standardise` makes them, to the same bits.

    Shapes: values (n, k) C-contiguous; rows (b,) of eligible rows; mean, std, sparse (k,); returns a new
            (b, lookback, k), oldest step first.
    NaN:    0 in columns that may be missing; stays NaN in the others.
    Causal: out[i] reads rows[i] - lookback + 1 to rows[i].
    Raises: ValueError if lookback is below 1, a row has no full look-back in the matrix or shapes differ.
    """
    require_windows(values, rows, lookback=lookback)
    k = values.shape[1]
    if not mean.shape == std.shape == sparse.shape == (k,):
        raise ValueError(
            f"mean, std and sparse must be ({k},), were {mean.shape}, {std.shape} and {sparse.shape}"
        )
    out = np.empty((rows.size, lookback, k), dtype=np.float32)
    instead = np.where(sparse, 0.0, np.nan).astype(np.float32)
    _gather_standardised(values, rows, mean.astype(np.float32), std.astype(np.float32), instead, out)
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _gather_standardised(values: F32, rows: I64, mean: F32, std: F32, instead: F32, out: F32) -> None:
    lookback = out.shape[1]
    for place in range(rows.size):
        first = rows[place] - lookback + 1
        for step in range(lookback):
            for column in range(values.shape[1]):
                x = (values[first + step, column] - mean[column]) / std[column]
                x = _CLIP if x > _CLIP else (-_CLIP if x < -_CLIP else x)
                out[place, step, column] = x if x == x else instead[column]  # not equal to itself: NaN
