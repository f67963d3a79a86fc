"""Rows that the network got most wrong, mixed into the next batches."""

from __future__ import annotations

import math

import numpy as np

from traderai.common.arrays import F64, I64


def hard_rows(loss: F64, *, share: float, trimmed: float = 0.0) -> I64:
    """Return the rows with the highest losses, the worst first.

    `trimmed` leaves out the very worst: on prices they are often shocks that no input could tell.

    Shapes: loss (n,) -> (m,)
    Units:  shares of the rows.
    NaN:    a row without a loss is not hard.
    Raises: ValueError for a share outside (0, 1] or a trim outside [0, share).
    """
    if not 0.0 < share <= 1.0 or not 0.0 <= trimmed < share:
        raise ValueError(f"share must lie in (0, 1] and trimmed in [0, share), were {share} and {trimmed}")
    known = np.flatnonzero(np.isfinite(loss))
    worst_first = known[np.argsort(-loss[known], kind="stable")]
    first, last = math.floor(trimmed * known.size), math.ceil(share * known.size)
    return worst_first[first:last].astype(np.int64)


def mixed_with_hard(batches: I64, hard: I64, *, share: float, rng: np.random.Generator) -> I64:
    """Return batches in which a share of each one's places is taken by hard rows.

    Shapes: batches (b, r) row numbers, hard (m,) row numbers -> (b, r)
    Units:  the share of a batch, rounded to whole rows.
    Raises: ValueError for a share outside [0, 1) or no hard row to take.
    """
    if not 0.0 <= share < 1.0:
        raise ValueError(f"share must lie in [0, 1), was {share}")
    places = round(share * batches.shape[1])
    if places == 0:
        return batches.copy()
    if hard.size == 0:
        raise ValueError(f"hard must hold rows to fill {places} places of a batch, held none")
    mixed = batches.copy()
    where = np.argsort(rng.random(batches.shape), axis=1)[:, :places]
    np.put_along_axis(mixed, where, rng.choice(hard, size=where.shape), axis=1)
    return mixed
