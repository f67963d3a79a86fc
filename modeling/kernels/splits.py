"""Chronological splits, purged: no label of an earlier part reaches into a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChronologicalSplit:
    """Row indices of three consecutive parts, and how many rows the borders cost."""

    train: I64
    validation: I64
    test: I64
    validation_start_s: int
    test_start_s: int
    purged_train: int  # rows whose label window (plus embargo) reaches the validation part
    purged_validation: int  # the same at the test part


def chronological_split(
    decision_s: I64,
    window_end_s: I64,
    *,
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2),
    embargo_s: int = 0,
) -> ChronologicalSplit:
    """Return train, validation and test by shares of the time between the first and the last decision.

    Shapes: decision_s, window_end_s (n,), labelled rows of any instruments in any order.
    Units:  seconds since 1970 UTC; shares of time, not of rows, adding up to 1.
    Causal: as `split_at`.
    Raises: ValueError for shares that are not positive or do not add up to 1, and as `split_at`.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1.0) > 1e-9:
        raise ValueError(f"shares must be positive and add up to 1, were {shares}")
    if decision_s.size == 0:
        raise ValueError("there is no row to split")
    first, last = int(decision_s.min()), int(decision_s.max())
    span = last - first
    return split_at(
        decision_s,
        window_end_s,
        validation_start_s=first + round(span * shares[0]),
        test_start_s=first + round(span * (shares[0] + shares[1])),
        embargo_s=embargo_s,
    )


def split_at(
    decision_s: I64,
    window_end_s: I64,
    *,
    validation_start_s: int,
    test_start_s: int,
    embargo_s: int = 0,
) -> ChronologicalSplit:
    """Return the parts before, between and from two moments, purged and embargoed.

    A row belongs to the part in which its decision is made. A row of an earlier part is dropped when the end of
    its label window plus the embargo is not before the start of the next part.

    Shapes: decision_s, window_end_s (n,); each part holds row indices in rising order.
    Units:  seconds since 1970 UTC.
    Causal: max(window_end_s[train]) + embargo_s < validation_start_s <= min(decision_s[validation]), and so on.
    Raises: ValueError if shapes differ, a window ends before its decision, the moments do not rise, the embargo
            is negative, or a part would be empty.
    """
    if decision_s.shape != window_end_s.shape or decision_s.ndim != 1:
        raise ValueError(
            f"decision_s and window_end_s must be (n,), were {decision_s.shape}, {window_end_s.shape}"
        )
    if np.any(window_end_s < decision_s):
        raise ValueError("a label window ends before its decision; pass labelled rows only")
    if validation_start_s >= test_start_s or embargo_s < 0:
        raise ValueError(
            "validation_start_s must be before test_start_s and embargo_s not negative, were "
            f"{validation_start_s}, {test_start_s} and {embargo_s}"
        )
    in_train = decision_s < validation_start_s
    in_test = decision_s >= test_start_s
    in_validation = ~in_train & ~in_test
    train, purged_train = _purged(in_train, window_end_s, validation_start_s - embargo_s)
    validation, purged_validation = _purged(in_validation, window_end_s, test_start_s - embargo_s)
    test = np.flatnonzero(in_test).astype(np.int64)
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        if part.size == 0:
            raise ValueError(f"the {name} part is empty after purging; give it more time")
    return ChronologicalSplit(
        train=train,
        validation=validation,
        test=test,
        validation_start_s=validation_start_s,
        test_start_s=test_start_s,
        purged_train=purged_train,
        purged_validation=purged_validation,
    )


def _purged(inside: Bools, window_end_s: I64, before_s: int) -> tuple[I64, int]:
    kept = inside & (window_end_s < before_s)
    return np.flatnonzero(kept).astype(np.int64), int(inside.sum() - kept.sum())
