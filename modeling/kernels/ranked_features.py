"""Features as ranks among the shares of a date: what a share is beside the others, whatever the day was like."""

from __future__ import annotations

import numpy as np
import polars as pl

from traderai.common.arrays import F32, I64


def ranks_within_dates(date: I64, values: F32) -> F32:
    """Return where each value stands among those of its date, column by column.

    Equal values share their mean rank. What every share of a date has alike (a feature of the market) is 0 for all.

    Shapes: date (n,); values (n, k); returns (n, k).
    Units:  from -1, the lowest of the date, to 1, the highest.
    NaN:    a missing value, or one without another on its date, stands at the centre: 0.
    Causal: a row reads rows of its own date only.
    Raises: ValueError for shapes that do not fit, or infinite values.
    """
    if values.ndim != 2 or date.shape != values.shape[:1]:
        raise ValueError(f"date must be (n,) and values (n, k), were {date.shape} and {values.shape}")
    if np.isinf(values).any():
        raise ValueError("a value is infinite; what is not known is NaN")
    out = np.zeros(values.shape, dtype=np.float32)
    value = pl.col("value")
    below, others = value.rank(method="average").over("date") - 1.0, value.count().over("date") - 1.0
    rank = pl.when(others > 0).then(2.0 * below / others - 1.0).otherwise(0.0).fill_null(0.0)
    for column in range(values.shape[1]):
        # -0 is not below 0
        own = pl.Series("value", values[:, column] + np.float32(0.0), nan_to_null=True)
        out[:, column] = pl.DataFrame({"date": date, "value": own}).select(rank).to_series().to_numpy()
    return out
