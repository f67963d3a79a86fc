"""Walk-forward folds: train, validate and test, again and again, each time with what was known by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from modeling.kernels.splits import DAY_S, Borders, ChronologicalSplit, LabelledRows, split_between
from traderai.common.arrays import I64

PARTS = ("train", "validation", "test")
_ALL_TOGETHER = "all instruments together"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartMinimum:
    """What each part must hold after purging."""

    rows_per_instrument: int = 1  # of each instrument that has any row there: its look-back and some
    positives: int = 0

    def __post_init__(self) -> None:
        if self.rows_per_instrument < 1 or self.positives < 0:
            raise ValueError(
                "rows_per_instrument must be at least 1 and positives not negative, were "
                f"{self.rows_per_instrument} and {self.positives}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldDates:
    """The borders of one fold; where its training starts is the business of the walk."""

    name: str
    validation_start_s: int
    test_start_s: int
    test_end_s: int

    def __post_init__(self) -> None:
        if not self.validation_start_s < self.test_start_s < self.test_end_s:
            raise ValueError(
                f"fold {self.name}: validation_start_s, test_start_s and test_end_s must rise, were "
                f"{self.validation_start_s}, {self.test_start_s}, {self.test_end_s}; order the dates"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkConfig:
    """How folds are cut, and what becomes of one with too little in a part."""

    embargo_s: int
    rolling_days: float | None = None  # length of the training window; None: all that was before (expanding)
    minimum: PartMinimum = PartMinimum()
    when_short: Literal["lengthen", "pool", "refuse"] = "refuse"

    def __post_init__(self) -> None:
        if self.embargo_s < 0:
            raise ValueError(f"embargo_s must not be negative, was {self.embargo_s}")
        if self.rolling_days is not None and self.rolling_days <= 0:
            raise ValueError(
                f"rolling_days must be above 0, or None for all that was before; was {self.rolling_days}"
            )
        if self.when_short not in ("lengthen", "pool", "refuse"):
            raise ValueError(f"when_short must be lengthen, pool or refuse, was {self.when_short!r}")

    def borders(self, dates: FoldDates) -> Borders:
        """Return the borders of a fold with the training window in front of them."""
        return Borders(
            train_start_s=None
            if self.rolling_days is None
            else dates.validation_start_s - round(self.rolling_days * DAY_S),
            validation_start_s=dates.validation_start_s,
            test_start_s=dates.test_start_s,
            test_end_s=dates.test_end_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkFold:
    """One fold that may be used, and why it is not as it was asked for."""

    name: str
    borders: Borders
    split: ChronologicalSplit
    pooled: bool = False  # single instruments are below the minimum: fit and judge them together only
    reasons: tuple[str, ...] = ()  # what was short and what was done; empty: the fold is as asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFold:
    """A fold that must not be used, and why."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForward:
    """The folds, oldest first, and those that were refused; report both."""

    folds: tuple[WalkFold, ...]
    refused: tuple[RefusedFold, ...]


def equal_folds(
    decision_s: I64, *, n_folds: int, first_train_days: float, validation_days: float
) -> tuple[FoldDates, ...]:
    """Return folds whose test parts are equally long and cover all that follows the first train and validation.

    Test parts start at 00:00 UTC, 03:00 in Moscow, when nothing is traded: no trading day is cut in two.

    Shapes: decision_s (n,) in any order.
    Units:  seconds since 1970 UTC; lengths are equal to within a day.
    Raises: ValueError if a number or length is not positive or the data are too short for tests of a day each.
    """
    if n_folds < 1 or min(first_train_days, validation_days) <= 0:
        raise ValueError(
            "n_folds must be at least 1, first_train_days and validation_days above 0, were "
            f"{n_folds}, {first_train_days} and {validation_days}"
        )
    if decision_s.size == 0:
        raise ValueError("there is no row to split")
    validation_s = round(validation_days * DAY_S)
    earliest_s = int(decision_s.min()) + round(first_train_days * DAY_S) + validation_s
    first_day, end_day = -(-earliest_s // DAY_S), int(decision_s.max()) // DAY_S + 1
    if end_day - first_day < n_folds:
        raise ValueError(
            f"{n_folds} folds need {n_folds} days of tests after {first_train_days} days of training and "
            f"{validation_days} of validation, there are {max(end_day - first_day, 0)}; take fewer folds, "
            "shorter parts or more data"
        )
    starts = [
        (first_day + number * (end_day - first_day) // n_folds) * DAY_S for number in range(n_folds + 1)
    ]
    return tuple(
        FoldDates(
            name=f"fold_{number}",
            validation_start_s=start_s - validation_s,
            test_start_s=start_s,
            test_end_s=end_s,
        )
        for number, (start_s, end_s) in enumerate(pairwise(starts), start=1)
    )


def named_folds(dates: Mapping[str, tuple[int, int, int]]) -> tuple[FoldDates, ...]:
    """Return folds from their names and (validation start, test start, test end), in seconds since 1970 UTC."""
    return tuple(
        FoldDates(name=name, validation_start_s=moments[0], test_start_s=moments[1], test_end_s=moments[2])
        for name, moments in dates.items()
    )


def walk_forward(rows: LabelledRows, dates: Sequence[FoldDates], config: WalkConfig) -> WalkForward:
    """Return the folds of the dates, purged and embargoed; one with too little in a part as the config says.

    lengthen: a short test takes in the next fold, a short validation or (rolling) training part starts earlier;
    pool: the minimum of rows is asked of all instruments together. What that does not mend is refused.

    Shapes: rows of length n; in each fold parts, purged and outside rows add up to n.
    Causal: as `split_between`; rows from the end of a fold's test part on change nothing in it.
    Raises: ValueError if there are no dates, tests overlap or do not rise, positives are asked for but not told,
            or every fold is refused.
    """
    _check_dates(dates)
    if config.minimum.positives and rows.positive is None:
        raise ValueError("a minimum of positives needs rows.positive; tell which rows are positive")
    folds: list[WalkFold] = []
    refused: list[RefusedFold] = []
    left = tuple(dates)
    while left:
        fold, used = _fold(rows, left, config)
        if isinstance(fold, WalkFold):
            folds.append(fold)
        else:
            refused.append(fold)
        left = left[used:]
    if not folds:
        told = "; ".join(f"{fold.name}: {', '.join(fold.reasons)}" for fold in refused)
        raise ValueError(
            f"no fold is left ({told}); give more data, fewer folds, a shorter horizon or a lower minimum"
        )
    return WalkForward(folds=tuple(folds), refused=tuple(refused))


def _check_dates(dates: Sequence[FoldDates]) -> None:
    if not dates:
        raise ValueError("there is no fold; give at least one")
    if len({fold.name for fold in dates}) < len(dates):
        raise ValueError(f"fold names must differ, were {', '.join(fold.name for fold in dates)}")
    for earlier, later in pairwise(dates):
        if later.test_start_s < earlier.test_end_s:
            raise ValueError(
                f"the test of fold {later.name} starts at {later.test_start_s}, before that of fold "
                f"{earlier.name} ends at {earlier.test_end_s}; order the folds and let tests not overlap"
            )


def _fold(
    rows: LabelledRows, left: tuple[FoldDates, ...], config: WalkConfig
) -> tuple[WalkFold | RefusedFold, int]:
    """Return the first of the folds that are left, and how many of them it used."""
    name, borders = left[0].name, config.borders(left[0])
    split = split_between(rows, borders, embargo_s=config.embargo_s)
    short = _shortages(rows, split, config.minimum, pooled=False)
    if not short:
        return WalkFold(name=name, borders=borders, split=split), 1
    if config.when_short == "lengthen":
        return _lengthened(rows, left, config, short)
    if config.when_short == "pool":
        short_together = _shortages(rows, split, config.minimum, pooled=True)
        if not short_together:
            reasons = (*_flat(short), "pooled: fit and judge all instruments together")
            return WalkFold(name=name, borders=borders, split=split, pooled=True, reasons=reasons), 1
        short = short_together
    return RefusedFold(name=name, reasons=_flat(short)), 1


def _lengthened(
    rows: LabelledRows, left: tuple[FoldDates, ...], config: WalkConfig, short: dict[str, tuple[str, ...]]
) -> tuple[WalkFold | RefusedFold, int]:
    done = []
    used, dates = 1, left[0]
    split = split_between(rows, config.borders(dates), embargo_s=config.embargo_s)
    while "test" in _shortages(rows, split, config.minimum, pooled=False) and used < len(left):
        dates = replace(dates, name=f"{dates.name}+{left[used].name}", test_end_s=left[used].test_end_s)
        done.append(f"lengthened: the test takes in fold {left[used].name}")
        used += 1
        split = split_between(rows, config.borders(dates), embargo_s=config.embargo_s)
    if "validation" in short:
        start_s = _earlier_start(rows, dates.validation_start_s, dates.test_start_s, config)
        done.append(_moved("validation", dates.validation_start_s, start_s))
        dates = replace(dates, validation_start_s=start_s)
    borders = config.borders(dates)
    split = split_between(rows, borders, embargo_s=config.embargo_s)
    if borders.train_start_s is not None and "train" in _shortages(rows, split, config.minimum, pooled=False):
        start_s = _earlier_start(rows, borders.train_start_s, borders.validation_start_s, config)
        done.append(_moved("train", borders.train_start_s, start_s))
        borders = replace(borders, train_start_s=start_s)
        split = split_between(rows, borders, embargo_s=config.embargo_s)
    still = _shortages(rows, split, config.minimum, pooled=False)
    if still:
        return RefusedFold(name=left[0].name, reasons=(*_flat(still), "lengthening does not mend it")), 1
    reasons = (*_flat(short), *done)
    return WalkFold(name=dates.name, borders=borders, split=split, reasons=reasons), used


def _moved(part: str, from_s: int, to_s: int) -> str:
    return f"lengthened: {part} starts {(from_s - to_s) / DAY_S:g} days earlier"


def _earlier_start(rows: LabelledRows, start_s: int, end_s: int, config: WalkConfig) -> int:
    """Return the latest 00:00 UTC before `start_s` from which on a part that ends at `end_s` is not short.

    Where no start mends it, `start_s` itself.
    """
    minimum = config.minimum
    usable = np.flatnonzero(rows.window_end_s < end_s - config.embargo_s)
    usable = usable[np.argsort(-rows.decision_s[usable], kind="stable")]  # latest first
    day = rows.decision_s[usable] // DAY_S
    own_number = _number_within(_instruments(rows)[usable])
    # An instrument is short from its first row on until it has enough.
    n_short = np.cumsum(own_number == 0) - np.cumsum(own_number == minimum.rows_per_instrument - 1)
    enough = n_short == 0
    if rows.positive is not None:
        enough &= np.cumsum(rows.positive[usable]) >= minimum.positives
    day_is_whole = np.append(day[1:] != day[:-1], True) if day.size else np.zeros(0, dtype=np.bool_)
    found = np.flatnonzero(enough & day_is_whole & (day * DAY_S < start_s))
    return int(day[found[0]]) * DAY_S if found.size else start_s


def _number_within(instrument: I64) -> I64:
    """Return how many rows of the same instrument come before each row."""
    order = np.argsort(instrument, kind="stable")
    starts = np.flatnonzero(np.diff(instrument[order], prepend=-1))
    numbers = np.empty(instrument.size, dtype=np.int64)
    lengths = np.diff(starts, append=instrument.size)
    numbers[order] = np.arange(instrument.size) - np.repeat(starts, lengths)
    return numbers


def _instruments(rows: LabelledRows) -> I64:
    return np.zeros(rows.decision_s.size, dtype=np.int64) if rows.instrument is None else rows.instrument


def _shortages(
    rows: LabelledRows, split: ChronologicalSplit, minimum: PartMinimum, *, pooled: bool
) -> dict[str, tuple[str, ...]]:
    """Return by part what it lacks: instrument, count and minimum; a part that lacks nothing is not there."""
    purged = (split.purged_train, split.purged_validation, 0)
    found = {
        part: _part_shortages(rows, part, chosen, minimum, pooled=pooled)
        for part, chosen in zip(PARTS, split.parts, strict=True)
    }
    for part, chosen, lost in zip(PARTS, split.parts, purged, strict=True):
        if chosen.size == 0:
            found[part] = (f"{part}: rows of {_ALL_TOGETHER} must be at least 1, were 0 ({lost} purged)",)
    return {part: texts for part, texts in found.items() if texts}


def _part_shortages(
    rows: LabelledRows, part: str, chosen: I64, minimum: PartMinimum, *, pooled: bool
) -> tuple[str, ...]:
    wanted = minimum.rows_per_instrument
    texts = []
    if pooled or rows.instrument is None:
        if chosen.size < wanted:
            texts.append(f"{part}: rows of {_ALL_TOGETHER} must be at least {wanted}, were {chosen.size}")
    else:
        counts = np.bincount(rows.instrument[chosen])
        texts += [
            f"{part}: rows of {rows.secids[number] if rows.secids else f'instrument {number}'} "
            f"must be at least {wanted}, were {counts[number]}"
            for number in np.flatnonzero((counts > 0) & (counts < wanted))
        ]
    if minimum.positives and rows.positive is not None:
        positives = int(np.count_nonzero(rows.positive[chosen]))
        if positives < minimum.positives:
            texts.append(
                f"{part}: positives of {_ALL_TOGETHER} must be at least {minimum.positives}, were {positives}"
            )
    return tuple(texts)


def _flat(short: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(text for texts in short.values() for text in texts)
