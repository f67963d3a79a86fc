"""A second look at a split: who was taught what, from the rows themselves and not from the borders that cut them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from traderai.common.arrays import I64, Bools


def split_violations(
    train: I64, later: I64, *, decision_s: I64, window_end_s: I64, embargo_s: int = 0, around: bool = False
) -> tuple[str, ...]:
    """Return what is wrong with two parts of a split, nothing if they are clean.

    A chronological training label must end, embargo included, before the first decision of the later part. With
    `around` (k-fold) training may lie on both sides: then no training window, begun embargo_s earlier, may overlap
    any single window of the other part.

    Shapes: train, later (k,) row indices; decision_s, window_end_s (n,).
    Units:  seconds since 1970 UTC.
    Causal: recomputed from all rows of both parts; shares no code with the splitters.
    """
    inside = []
    for name, part in (("training", train), ("later", later)):
        if part.size == 0:
            return (f"the {name} part is empty; give it more data",)
        if int(part.min()) < 0 or int(part.max()) >= decision_s.size:
            return (
                f"the {name} part names rows outside 0 to {decision_s.size - 1}; it belongs to other rows",
            )
        inside.append(np.zeros(decision_s.size, dtype=np.bool_))
        inside[-1][part] = True
        if np.count_nonzero(inside[-1]) < part.size:
            return (f"the {name} part holds a row twice; list each row once",)
    found = []
    shared = np.flatnonzero(inside[0] & inside[1])
    if shared.size:
        found.append(f"{shared.size} rows are in both parts, the first is row {int(shared[0])}")
    if around:
        reaching = _overlapping(train, later, decision_s, window_end_s, embargo_s)
    else:
        reaching = window_end_s[train] + embargo_s >= decision_s[later].min()
    if reaching.any():
        row = int(train[reaching][0])
        found.append(
            f"{int(reaching.sum())} training labels reach into the later part, the first is of row {row}, "
            f"decided at {int(decision_s[row])} and known at {int(window_end_s[row])}, embargo {embargo_s} s"
        )
    return tuple(found)


def assert_no_leak(
    parts: Sequence[I64], *, decision_s: I64, window_end_s: I64, embargo_s: int = 0, around: bool = False
) -> None:
    """Refuse a split in which any part was taught what belongs to a later one.

    Shapes: parts of (k,) row indices, oldest first (k-fold: training, test); decision_s, window_end_s (n,).
    Units:  seconds since 1970 UTC.
    Raises: ValueError that tells every violation of `split_violations` between any two parts.
    """
    found = [
        f"parts {first} and {second}: {text}"
        for first, second in combinations(range(len(parts)), 2)
        for text in split_violations(
            parts[first],
            parts[second],
            decision_s=decision_s,
            window_end_s=window_end_s,
            embargo_s=embargo_s,
            around=around,
        )
    ]
    if len(parts) < 2 or found:
        told = "; ".join(found) or f"it has {len(parts)} part"
        raise ValueError(
            f"the split leaks or is no split: {told}; split these rows anew and use every border"
        )


def _overlapping(train: I64, later: I64, decision_s: I64, window_end_s: I64, embargo_s: int) -> Bools:
    """Return which training windows, begun embargo_s earlier, overlap a window of the other part."""
    oldest_first = later[np.argsort(decision_s[later], kind="stable")]
    begun = np.searchsorted(decision_s[oldest_first], window_end_s[train], side="right")
    # Of the windows begun by the time the training label is known: when does the last of them end?
    latest_end = np.maximum.accumulate(window_end_s[oldest_first])
    last_end = latest_end[np.maximum(begun - 1, 0)]
    return np.asarray((begun > 0) & (last_end >= decision_s[train] - embargo_s))
