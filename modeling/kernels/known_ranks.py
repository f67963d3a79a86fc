"""Which of a share's daily figures was the newest known at a moment."""

from __future__ import annotations

from typing import Final

import numpy as np

from traderai.common.arrays import I64

# Longer than the longest weekend: where a share that has not been ranked since stands is not known.
STALE_RANK_S: Final = 7 * 86_400
# A day's order is made in the early morning after it, before the new day's first bar has ended. Whatever is decided
# earlier goes by the order before, in training as in service.
ORDER_TAKES_S: Final = 6 * 3600 + 1800


def newest_known(share: I64, known_s: I64, *, at_share: I64, at_s: I64, stale_s: int = STALE_RANK_S) -> I64:
    """Return the newest row of the same share that was known at each moment, -1 where none of the last `stale_s` was.

    Shapes: share, known_s (n,), rising within a share; at_share, at_s (m,), a share below 0 has no rows; returns (m,).
    Units:  seconds since 1970; positions in the n rows.
    Causal: a row counts from the moment on at which it was known.
    Raises: ValueError unless the rows of each share rise.
    """
    found = np.full(at_s.size, -1, dtype=np.int64)
    by_share = np.argsort(share, kind="stable")
    falls = (np.diff(share[by_share]) == 0) & (np.diff(known_s[by_share]) < 0)
    if falls.any():
        raise ValueError(f"known_s must rise within each share, falls {int(falls.sum())} times; sort by time")
    for own in np.unique(at_share[at_share >= 0]):
        first, end = np.searchsorted(share[by_share], (own, own + 1))
        rows = by_share[first:end]
        asked = np.flatnonzero(at_share == own)
        place = np.searchsorted(known_s[rows], at_s[asked], side="right") - 1
        asked, place = asked[place >= 0], place[place >= 0]
        fresh = at_s[asked] - known_s[rows[place]] <= stale_s
        found[asked[fresh]] = rows[place[fresh]]
    return found
