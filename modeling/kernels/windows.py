"""Look-back windows gathered by row index from one matrix, never materialised as a whole."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, I64, Bools


def complete_rows(values: F32, may_miss: Bools) -> Bools:
    """Return True for each row that has every value which may not be missing.

    Shapes: values (..., k), may_miss (k,); returns (...).
    NaN:    what is not finite is missing.
    """
    return np.asarray((np.isfinite(values) | may_miss).all(axis=-1))


def eligible_rows(values: F32, instrument: I64, *, lookback: int, may_miss: Bools | None = None) -> Bools:
    """Return True for each row whose whole look-back lies in its own instrument and lacks nothing that must be there.

    Shapes: values (n, k), instruments stacked one after another, each oldest first; instrument (n,) its number;
            may_miss (k,), None where every column must be there; returns (n,).
    NaN:    a row is not eligible if a value of its window is not finite, columns that may miss left out.
    Causal: out[t] reads rows t - lookback + 1 to t.
    Raises: ValueError if lookback is below 1, shapes differ or an instrument's rows are not together.
    """
    if lookback < 1:
        raise ValueError(f"lookback must be at least 1, was {lookback}")
    if values.ndim != 2 or instrument.shape != values.shape[:1]:
        raise ValueError(
            f"values must be (n, k) and instrument (n,), were {values.shape}, {instrument.shape}"
        )
    n = values.shape[0]
    if n == 0:
        return np.zeros(0, dtype=np.bool_)
    starts = np.flatnonzero(np.diff(instrument, prepend=instrument[0] - 1))
    if np.unique(instrument).size != starts.size:
        raise ValueError("the rows of each instrument must stand together")
    rows = np.arange(n)
    first_own = starts[np.searchsorted(starts, rows, side="right") - 1]
    broken = ~complete_rows(values, np.zeros(values.shape[1], np.bool_) if may_miss is None else may_miss)
    last_broken = np.maximum.accumulate(np.where(broken, rows, -1))
    return np.asarray(rows - lookback + 1 >= np.maximum(first_own, last_broken + 1))


def require_windows(values: F32, rows: I64, *, lookback: int) -> None:
    """Raise unless every row has its full look-back in the matrix.

    Shapes: values (n, k); rows (b,).
    Raises: ValueError if lookback is below 1 or a row lies before its look-back or beyond the matrix.
    """
    if lookback < 1:
        raise ValueError(f"lookback must be at least 1, was {lookback}")
    if rows.size and (int(rows.min()) < lookback - 1 or int(rows.max()) >= values.shape[0]):
        raise ValueError(
            f"rows must lie from {lookback - 1} to {values.shape[0] - 1}, "
            f"were from {int(rows.min())} to {int(rows.max())}"
        )
