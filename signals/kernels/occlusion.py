"""What moved the model: each family of features replaced by its own mean over the window."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, F64


def occluded(windows: F32, columns: tuple[int, ...]) -> F32:
    """Return a copy of the windows in which these columns stand at their mean over each window.

    Shapes: windows (n, l, k); returns (n, l, k).
    NaN:    not accepted in the columns.
    Causal: reads the window only.
    Raises: ValueError when a column is outside the window or none is given.
    Source: occlusion sensitivity, Zeiler and Fergus (2014), with the window's mean as the baseline.
    """
    if not columns or min(columns) < 0 or max(columns) >= windows.shape[2]:
        raise ValueError(f"columns must lie within 0 to {windows.shape[2] - 1}, were {columns}")
    changed = windows.copy()
    chosen = list(columns)
    changed[:, :, chosen] = windows[:, :, chosen].mean(axis=1, keepdims=True)
    return changed


def most_unusual(last_row: F32, columns: tuple[int, ...], *, mean: F64, std: F64) -> int:
    """Return the column, of those given, that lies the most standard deviations from the training mean.

    Shapes: last_row (k,), mean (k,), std (k,).
    Raises: ValueError when no column is given.
    """
    if not columns:
        raise ValueError("columns must name at least one column, were none")
    chosen = list(columns)
    distance = np.abs((last_row[chosen] - mean[chosen]) / std[chosen])
    return chosen[int(np.argmax(distance))]
