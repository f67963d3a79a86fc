"""Chronological splits, purged: no label of an earlier part reaches into a later one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from traderai.common.arrays import I64, Bools

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRows:
    """Rows of any instruments in any order; the label of a row is made of (decision_s, window_end_s]."""

    decision_s: I64  # (n,) seconds since 1970 UTC
    window_end_s: I64  # (n,)
    instrument: I64 | None = None  # (n,) number of the instrument from 0 on
    positive: Bools | None = None  # (n,) the label is of the class that must not be rare
    secids: tuple[str, ...] = ()  # names of the instruments by number; without them their numbers are told

    def __post_init__(self) -> None:
        if self.decision_s.shape != self.window_end_s.shape or self.decision_s.ndim != 1:
            raise ValueError(
                "decision_s and window_end_s must be (n,), were "
                f"{self.decision_s.shape}, {self.window_end_s.shape}"
            )
        for name, values in (("instrument", self.instrument), ("positive", self.positive)):
            if values is not None and values.shape != self.decision_s.shape:
                raise ValueError(f"{name} must be {self.decision_s.shape}, was {values.shape}")
        for name, values, kind in (
            ("decision_s", self.decision_s, np.integer),
            ("window_end_s", self.window_end_s, np.integer),
            ("instrument", self.instrument, np.integer),
            ("positive", self.positive, np.bool_),
        ):
            if values is not None and not np.issubdtype(values.dtype, kind):
                raise ValueError(f"{name} must be of type {kind.__name__}, was {values.dtype}; convert it")
        if np.any(self.window_end_s < self.decision_s):
            raise ValueError("a label window ends before its decision; pass labelled rows only")
        if self.instrument is not None and self.instrument.size:
            least, most = int(self.instrument.min()), int(self.instrument.max())
            if least < 0 or (self.secids and most >= len(self.secids)):
                raise ValueError(
                    "instrument must be numbers from 0 on that have a name if any has, "
                    f"were {least} to {most} with {len(self.secids)} secids"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """The moments at which parts start and end; what is before train_start_s or from test_end_s on is in none."""

    train_start_s: int | None = None  # None: from the first row on
    validation_start_s: int
    test_start_s: int
    test_end_s: int | None = None  # None: to the last row

    def __post_init__(self) -> None:
        told = [self.train_start_s, self.validation_start_s, self.test_start_s, self.test_end_s]
        known = [moment for moment in told if moment is not None]
        if any(later <= earlier for earlier, later in pairwise(known)):
            raise ValueError(
                "train_start_s, validation_start_s, test_start_s and test_end_s must rise, were "
                f"{', '.join(map(str, told))}; order the dates"
            )


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
    outside: int = 0  # rows before the training window or from the end of the test part on

    @property
    def parts(self) -> tuple[I64, I64, I64]:
        """The three parts, oldest first."""
        return (self.train, self.validation, self.test)


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

    Shapes: decision_s, window_end_s (n,); each part holds row indices in rising order.
    Units:  seconds since 1970 UTC.
    Causal: as `split_between`.
    Raises: ValueError if shapes differ, a window ends before its decision, the moments do not rise, the embargo
            is negative, or a part would be empty.
    """
    rows = LabelledRows(decision_s=decision_s, window_end_s=window_end_s)
    borders = Borders(validation_start_s=validation_start_s, test_start_s=test_start_s)
    split = split_between(rows, borders, embargo_s=embargo_s)
    purged = (split.purged_train, split.purged_validation, 0)
    for name, part, lost in zip(("train", "validation", "test"), split.parts, purged, strict=True):
        if part.size == 0:
            raise ValueError(
                f"the {name} part is empty after {lost} rows were purged at its end; "
                "give it more time, or a shorter horizon or embargo"
            )
    return split


def split_between(rows: LabelledRows, borders: Borders, *, embargo_s: int) -> ChronologicalSplit:
    """Return the parts between the borders, purged and embargoed; a part may be empty.

    A row belongs to the part in which its decision is made. A row of an earlier part is dropped when the end of
    its label window plus the embargo is not before the start of the next part.

    Shapes: rows of length n; each part holds row indices in rising order, parts, purged and outside add up to n.
    Units:  seconds since 1970 UTC.
    Causal: max(window_end_s[train]) + embargo_s < validation_start_s <= min(decision_s[validation]), and so on.
    Raises: ValueError if the embargo is negative.
    """
    if embargo_s < 0:
        raise ValueError(f"embargo_s must not be negative, was {embargo_s}")
    decision_s = rows.decision_s
    in_train = decision_s < borders.validation_start_s
    in_test = decision_s >= borders.test_start_s
    in_validation = ~(in_train | in_test)
    if borders.train_start_s is not None:
        in_train &= decision_s >= borders.train_start_s
    if borders.test_end_s is not None:
        in_test &= decision_s < borders.test_end_s
    train, purged_train = _purged(in_train, rows.window_end_s, borders.validation_start_s - embargo_s)
    validation, purged_validation = _purged(
        in_validation, rows.window_end_s, borders.test_start_s - embargo_s
    )
    test = np.flatnonzero(in_test).astype(np.int64)
    kept = train.size + validation.size + test.size
    return ChronologicalSplit(
        train=train,
        validation=validation,
        test=test,
        validation_start_s=borders.validation_start_s,
        test_start_s=borders.test_start_s,
        purged_train=purged_train,
        purged_validation=purged_validation,
        outside=decision_s.size - kept - purged_train - purged_validation,
    )


def _purged(inside: Bools, window_end_s: I64, before_s: int) -> tuple[I64, int]:
    kept = inside & (window_end_s < before_s)
    found = np.flatnonzero(kept).astype(np.int64)
    return found, int(np.count_nonzero(inside)) - found.size
