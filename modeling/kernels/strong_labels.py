"""Strong labels: the trades that paid best for their risk, the bar for them set on the training rows alone."""

from __future__ import annotations

import numpy as np

from modeling.contracts import BarrierLabelSet
from traderai.common.arrays import F64, Bools

SAME_R = 1e-9  # R-multiples nearer to each other than this are equal: every exit at the target earns the same


def strong_cut(r_multiple: F64, training: Bools, *, strong_frac: float) -> float:
    """Return the R-multiple that the best `strong_frac` of a side's training rows reach.

    Shapes: r_multiple, training (n,); rows without a label are NaN and do not count.
    Units:  R-multiples, net.
    Causal: reads the training rows alone, so that validation and test rows cannot move the cut.
    Raises: ValueError if strong_frac does not lie within (0, 0.5), for other shapes, or without a labelled
            training row.
    """
    if not 0.0 < strong_frac < 0.5:
        raise ValueError(f"strong_frac must lie within (0, 0.5), was {strong_frac}")
    if r_multiple.ndim != 1 or training.shape != r_multiple.shape or training.dtype != np.bool_:
        raise ValueError(
            f"r_multiple must be (n,) and training (n,) flags, were {r_multiple.shape} and {training.shape} of "
            f"{training.dtype}"
        )
    known = r_multiple[training & ~np.isnan(r_multiple)]
    if not known.size:
        raise ValueError(
            "a strong label's cut needs a labelled training row, there is none; add training data"
        )
    best = max(1, round(strong_frac * known.size))
    return float(np.partition(known, known.size - best)[known.size - best])


def strong_labels(r_multiple: F64, mfe_r: F64, mae_r: F64, spec: BarrierLabelSet, *, cut_r: float) -> F64:
    """Return 1 where a side's net R-multiple reaches the cut and 0 where it does not.

    Where the set says so, the trade must also have gone at least `strong_min_mfe_r` stops in its favour and at most
    `strong_max_mae_r` stops against it. Rows whose R-multiple equals the cut are all strong, so more than the share
    may be where many trades earn the same.

    Shapes: all arrays of one shape, which is also the result's.
    Units:  stops of the row: results, best and worst excursions.
    NaN:    where the R-multiple is.
    Causal: of each row its own outcome alone.
    Raises: ValueError for a cut that is no number or arrays of several shapes.
    """
    if not np.isfinite(cut_r):
        raise ValueError(f"cut_r must be a number, was {cut_r}; take strong_cut of the training rows")
    if not r_multiple.shape == mfe_r.shape == mae_r.shape:
        raise ValueError(
            f"results and excursions must have one shape, had {r_multiple.shape}, {mfe_r.shape}, {mae_r.shape}"
        )
    strong = r_multiple >= cut_r - SAME_R
    if spec.strong_min_mfe_r is not None:
        strong &= mfe_r >= spec.strong_min_mfe_r - SAME_R
    if spec.strong_max_mae_r is not None:
        strong &= -mae_r <= spec.strong_max_mae_r + SAME_R
    return np.where(np.isnan(r_multiple), np.nan, strong)
