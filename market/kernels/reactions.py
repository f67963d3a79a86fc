"""How prices moved after moments: one share against all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import F64, I64


def reactions(
    known_s: I64, share: I64, begins_s: Sequence[I64], opens: Sequence[F64], closes: Sequence[F64], bars: int
) -> F64:
    """Return the log return from the first open at or after each moment over `bars` bars, less that of all shares.

    The way of all shares is the mean over those that have the entry bar and the exit bar, the share itself left out.

    Shapes: known_s and share (N,); one (M_i,) array a share for begins, opens and closes; returns (N,).
    Units: log returns.
    NaN: where the share has no entry within a day of the moment, no exit, or no other share has both bars.
    Causal: a label, made of what follows; never a feature.
    Raises: ValueError for less than one bar.
    """
    if bars < 1:
        raise ValueError(f"bars must be at least 1, was {bars}")
    found = np.full(known_s.shape, np.nan)
    tables = [dict(zip(begin.tolist(), range(begin.size), strict=True)) for begin in begins_s]
    for row, (moment, own) in enumerate(zip(known_s.tolist(), share.tolist(), strict=True)):
        entry = int(np.searchsorted(begins_s[own], moment))
        last = entry + bars - 1
        if last >= begins_s[own].size or begins_s[own][entry] - moment > 86_400:
            continue
        at, until = int(begins_s[own][entry]), int(begins_s[own][last])
        others = [
            float(np.log(closes[other][table[until]] / opens[other][table[at]]))
            for other, table in enumerate(tables)
            if other != own and at in table and until in table
        ]
        if others:
            found[row] = np.log(closes[own][last] / opens[own][entry]) - float(np.mean(others))
    return found
