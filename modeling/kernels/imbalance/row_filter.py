"""Which rows teach: those of shares that can be traded, in markets that are neither dead nor wild."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, F64, Bools


def rows_between(values: F64 | F32, *, low: float, high: float) -> Bools:
    """Return which rows lie between two quantiles of all rows, both included.

    Shapes: values (n,) -> (n,)
    Units:  low and high are shares of the rows that have a value.
    NaN:    a row without a value is left out, unless no row is bounded: low 0 and high 1 keep all.
    Raises: ValueError unless 0 <= low < high <= 1.
    """
    if not 0.0 <= low < high <= 1.0:
        raise ValueError(f"low and high must be shares with low below high, were {low} and {high}")
    if (low, high) == (0.0, 1.0) or np.isnan(values).all():
        return np.full(values.shape, (low, high) == (0.0, 1.0))
    least, most = np.nanquantile(values, [low, high])
    return np.asarray((values >= least) & (values <= most))
