"""Whose features a held-out row is lent, so that what they tell of it is gone and what they are like is not."""

from __future__ import annotations

import numpy as np

from modeling.kernels.permutation import block_orders
from traderai.common.arrays import I64


def lent_moments(day: I64, *, block_days: int, rng: np.random.Generator) -> I64:
    """Return for each moment the place of the moment that lends it features: blocks of days change places.

    All shares of a moment are lent the features of one moment, so that a market stays a market. Within a day the
    moments are rotated by a lot of that day's own: otherwise what tells the hour would lend itself. A block that
    keeps its place, one of them on average, makes an importance a little too small.

    Shapes: day (m,) of each moment, moments in order; returns (m,).
    Units:  places from 0 to m - 1.
    Raises: ValueError for days that are not in order or none, and as `block_orders`.
    Source: Breiman (2001), Machine Learning 45, 5-32 (permutation importance); by blocks of days, as days depend.
    """
    if day.ndim != 1 or day.size == 0 or np.any(np.diff(day) < 0):
        raise ValueError(f"day must be (m,) in order, one at least, was {day.shape}")
    _, first, count = np.unique(day, return_index=True, return_counts=True)
    own = np.repeat(np.arange(count.size), count)
    lender = block_orders(count.size, block_days=block_days, resamples=1, rng=rng)[0][own]
    turn = rng.integers(0, count)[lender]
    place = np.arange(day.size) - first[own]
    return np.asarray(first[lender] + (place + turn) % count[lender], dtype=np.int64)


def lending_rows(instrument: I64, moment: I64, lent: I64) -> I64:
    """Return for each row the row of its own share at the moment that lends it features.

    Where the share has none, it is the share's last row before, or else its first.

    Shapes: instrument, moment (n,), rows ordered by instrument and then by moment; lent (m,) as `lent_moments`
            gives; returns (n,) places among the rows.
    Raises: ValueError for shapes that differ, rows out of order or moments beyond `lent`.
    """
    key = instrument * lent.size + moment
    if instrument.shape != moment.shape or np.any(np.diff(key) <= 0):
        raise ValueError("rows must be ordered by instrument and then by moment, each pair once")
    if moment.size and not 0 <= int(moment.min()) <= int(moment.max()) < lent.size:
        raise ValueError(f"moments must lie from 0 to {lent.size - 1}, were to {int(moment.max())}")
    found = np.searchsorted(key, instrument * lent.size + lent[moment], side="right") - 1
    return np.asarray(np.maximum(found, np.searchsorted(instrument, instrument)), dtype=np.int64)
