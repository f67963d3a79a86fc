"""Fewer negatives to learn from, and the probabilities put right afterwards."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I64


def downsampled_rows(label: I64, *, keep_frac: float, rng: np.random.Generator) -> I64:
    """Return all positive rows and a drawn share of the negative ones, in their order.

    Shapes: label (n,) of 0 and 1 -> (m,)
    Raises: ValueError for a share outside (0, 1].
    """
    if not 0.0 < keep_frac <= 1.0:
        raise ValueError(f"keep_frac must lie in (0, 1], was {keep_frac}")
    negative = np.flatnonzero(label == 0)
    kept = rng.choice(negative, size=round(keep_frac * negative.size), replace=False)
    return np.sort(np.concatenate([np.flatnonzero(label == 1), kept])).astype(np.int64)


def prior_corrected(p: F64, *, keep_frac: float) -> F64:
    """Return the probabilities among all rows, of those told by a model that saw a share of the negatives.

    `p' = keep p / (keep p + 1 - p)`: the odds of the sample times the share of the negatives that were kept.

    Shapes: p (n,) -> (n,)
    NaN:    stays NaN.
    Raises: ValueError for a share outside (0, 1] or probabilities outside [0, 1].
    Source: Elkan (2001), The foundations of cost-sensitive learning, theorem 2.
    """
    if not 0.0 < keep_frac <= 1.0:
        raise ValueError(f"keep_frac must lie in (0, 1], was {keep_frac}")
    if np.any((p < 0) | (p > 1)):
        raise ValueError("probabilities must lie in [0, 1]")
    return np.asarray(keep_frac * p / (keep_frac * p + 1.0 - p))
