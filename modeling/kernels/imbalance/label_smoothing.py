"""Soft targets: how sure a label is may differ by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import F32, I64


def smoothed_labels(label: I64, *, smoothing: Sequence[float]) -> F32:
    """Return targets that keep `1 - smoothing[c]` for the class c that was seen and share the rest among the others.

    Shapes: label (n,) class numbers, smoothing of k -> (n, k), rows adding up to 1.
    Units:  shares of 1; below (k - 1) / k the class that was seen keeps the largest share.
    Raises: ValueError for fewer than two classes, a smoothing outside [0, (k - 1) / k), labels outside the classes.
    Source: Szegedy et al. (2016), Rethinking the Inception architecture, with a share for each class.
    """
    classes = len(smoothing)
    if classes < 2 or not all(0.0 <= share < (classes - 1) / classes for share in smoothing):
        raise ValueError(
            f"smoothing must be a share in [0, {(classes - 1) / max(classes, 1):.2f}) for each of two classes or more, "
            f"was {list(smoothing)}"
        )
    if label.size and (label.min() < 0 or label.max() >= classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}, were from {label.min()} to {label.max()}")
    share = np.asarray(smoothing, dtype=np.float32)
    table = np.repeat(share[:, None] / np.float32(classes - 1), classes, axis=1)
    np.fill_diagonal(table, 1.0 - share)
    return np.asarray(table[label])
