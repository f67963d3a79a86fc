"""Which of some features stands out."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, F64, I64


def most_unusual(last_row: F32, columns: I64, *, mean: F64, std: F64) -> int:
    """Return the column, of those given, that lies the most standard deviations from the training mean.

    Shapes: last_row (k,); columns (c,); mean, std (k,) or longer.
    NaN:    a missing value is the least unusual.
    Raises: ValueError when no column is given.
    """
    if not columns.size:
        raise ValueError("columns must name at least one column, were none")
    distance = np.abs((last_row[columns] - mean[columns]) / std[columns])
    return int(columns[np.argmax(np.where(np.isnan(distance), -1.0, distance))])
