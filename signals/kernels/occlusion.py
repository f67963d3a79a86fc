"""What moved the model: each family of features replaced by its own mean over the window."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, F64


def occluded(windows: F32, columns: tuple[int, ...]) -> F32:
    """Return a copy of the windows in which these columns stand at their mean over each window.

    Shapes: windows (n, l, k); returns (n, l, k).
    NaN:    what is missing stays missing and does not count in the mean.
    Causal: reads the window only.
    Raises: ValueError when a column is outside the window or none is given.
    Source: occlusion sensitivity, Zeiler and Fergus (2014), with the window's mean as the baseline.
    """
    if not columns or min(columns) < 0 or max(columns) >= windows.shape[2]:
        raise ValueError(f"columns must lie within 0 to {windows.shape[2] - 1}, were {columns}")
    changed = windows.copy()
    chosen = list(columns)
    own = windows[:, :, chosen]
    known = np.isfinite(own)
    total = np.where(known, own, np.float32(0.0)).sum(axis=1, keepdims=True)
    mean = total / np.maximum(known.sum(axis=1, keepdims=True), 1).astype(np.float32)
    changed[:, :, chosen] = np.where(known, mean, own)
    return changed


def most_unusual(last_row: F32, columns: tuple[int, ...], *, mean: F64, std: F64) -> int:
    """Return the column, of those given, that lies the most standard deviations from the training mean.

    Shapes: last_row (k,); mean, std (k,) or longer.
    NaN:    a missing value is the least unusual.
    Raises: ValueError when no column is given.
    """
    if not columns:
        raise ValueError("columns must name at least one column, were none")
    chosen = list(columns)
    distance = np.abs((last_row[chosen] - mean[chosen]) / std[chosen])
    return chosen[int(np.argmax(np.nan_to_num(distance, nan=-1.0)))]
