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
    if window.ndim != 2 or reference.shape != window.shape[1:]:
        raise ValueError(
            f"window must be (l, k) and reference (k,), were {window.shape} and {reference.shape}"
        )
    k = window.shape[1]
    if any(group.size and not 0 <= int(group.min()) <= int(group.max()) < k for group in groups):
        raise ValueError(f"columns must lie from 0 to {k - 1}; name features of the window")
    out = np.repeat(window[None], 1 + len(groups), axis=0)
    for place, group in enumerate(groups, start=1):
        out[place][:, group] = reference[group]
    return out


def occlusion_effects(answers: F64) -> F64:
    """Return by how much each group raises the answers: the answer with it less the answer without it.

    Shapes: answers (1 + g, o) to what `occluded_windows` gives; returns (g, o).
    Raises: ValueError if not even the whole window is answered.
    """
    if answers.ndim != 2 or answers.shape[0] == 0:
        raise ValueError(f"answers must be (1 + g, o), the whole window's first, were {answers.shape}")
    return np.asarray(answers[0] - answers[1:])
