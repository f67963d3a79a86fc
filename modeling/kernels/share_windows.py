"""Windows over a panel's rows share by share: one matrix in which the rows before a row are the share's own past."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F32, I64


def stacked_by_share(
    share: I64, day: I64, values: F32, *, lookback: int, max_gap_days: int
) -> tuple[F32, I64]:
    """Return the rows of a panel share after share, each in time, and where each row of the panel stands there.

    The `lookback - 1` rows before a share's first one, and before one after a hole of more than `max_gap_days`, are
    0: what was before a hole is no past of what comes after it. A window that ends with a row therefore holds
    nothing of another share, and every row has one.

    Shapes: share, day (n,), a share once a day, in any order; values (n, k); returns (m, k) and (n,), m >= n.
    Units:  day in calendar days.
    NaN:    stays where it is.
    Causal: the window that ends with a row reads rows of the row's share on that day and before.
    Raises: ValueError for shapes that differ, a share twice on a day, or a lookback or gap below 1.
    """
    n = day.size
    if share.shape != (n,) or day.shape != (n,) or values.ndim != 2 or values.shape[0] != n:
        raise ValueError(
            f"share and day must be (n,) and values (n, k), were {share.shape}, {day.shape} and {values.shape}"
        )
    if min(lookback, max_gap_days) < 1:
        raise ValueError(f"lookback and max_gap_days must be at least 1, were {lookback} and {max_gap_days}")
    order = np.lexsort((day, share))
    other = np.diff(share[order], prepend=-1 if n == 0 else share[order[:1]] - 1) != 0
    later = np.diff(day[order], prepend=day[order[:1]])
    if np.any(~other & (later == 0)):
        raise ValueError("a share stands twice on a day; keep one row")
    begins = other | (later > max_gap_days)
    place = np.arange(n) + (lookback - 1) * np.cumsum(begins)
    stacked = np.zeros((n + (lookback - 1) * int(begins.sum()), values.shape[1]), dtype=np.float32)
    stacked[place] = values[order]
    where = np.empty(n, dtype=np.int64)
    where[order] = place
    return stacked, where
