"""What one window would be without some of its features, and what an answer owes to each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import F32, F64, I64


def occluded_windows(window: F32, reference: F32, groups: Sequence[I64]) -> F32:
    """Return a window as it is and then, for each group, with its columns at their reference in every bar.

    Shapes: window (l, k); reference (k,); each of the g groups some columns; returns (1 + g, l, k).
    NaN:    a reference of NaN makes a feature missing; what was missing stands at its reference too.
    Causal: reads the window only.
    Raises: ValueError for shapes that differ or columns outside the window.
    Source: Zeiler and Fergus (2014), ECCV, 818-833 (occlusion), over whole look-backs.
    """
    if window.ndim != 2:
        raise ValueError(f"window must be (l, k), was {window.shape}")
    return np.stack([window, *(occluded(window[None], reference, group)[0] for group in groups)])


def occluded(windows: F32, reference: F32, columns: I64) -> F32:
    """Return a copy of windows in which these columns stand at their reference in every bar.

    Shapes: windows (n, l, k); reference (k,); returns (n, l, k).
    NaN:    a reference of NaN makes a feature missing; what was missing stands at its reference too.
    Causal: reads the windows only.
    Raises: ValueError for shapes that differ or columns outside the windows.
    """
    if windows.ndim != 3 or reference.shape != windows.shape[2:]:
        raise ValueError(
            f"windows must be (n, l, k) and reference (k,), were {windows.shape} and {reference.shape}"
        )
    k = windows.shape[2]
    if columns.size and not 0 <= int(columns.min()) <= int(columns.max()) < k:
        raise ValueError(f"columns must lie from 0 to {k - 1}; name features of the windows")
    out = windows.copy()
    out[:, :, columns] = reference[columns]
    return out


def occlusion_effects(answers: F64) -> F64:
    """Return by how much each group raises the answers: the answer with it less the answer without it.

    Shapes: answers (1 + g, o) to what `occluded_windows` gives; returns (g, o).
    Raises: ValueError if not even the whole window is answered.
    """
    if answers.ndim != 2 or answers.shape[0] == 0:
        raise ValueError(f"answers must be (1 + g, o), the whole window's first, were {answers.shape}")
    return np.asarray(answers[0] - answers[1:])
