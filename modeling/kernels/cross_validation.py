"""Purged k-fold and combinatorial purged cross-validation: training rows on both sides of what is tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from modeling.kernels.splits import DAY_S, LabelledRows
from traderai.common.arrays import I64

GROUPS_MAX = 62  # one bit each of a signed 64-bit number
SPLITS_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossValidationFold:
    """Row indices of one split; train, test, purged and embargoed rows add up to all rows."""

    test_groups: tuple[int, ...]
    train: I64
    test: I64
    purged: int  # rows whose label window overlaps the span of a test group
    embargoed: int  # rows decided within the embargo after a test group's last label window

    @property
    def parts(self) -> tuple[I64, I64]:
        """What is trained on and what is tested."""
        return (self.train, self.test)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossValidation:
    """All splits of the rows by test groups; a fold's rows are made when it is asked for."""

    splits: tuple[tuple[int, ...], ...]  # the test groups of each split
    path_splits: I64  # (n_paths, n_groups): the split in which a backtest path takes its forecasts of a group
    starts_s: I64  # (n_groups,) the first moment of each group
    _tested_by: I64  # (n,) the bit of each row's group
    _purged_by: I64  # (n,) bit g: group g, when tested, forbids to train on the row
    _embargoed_by: I64  # (n,) the same, by its embargo

    def __len__(self) -> int:
        return len(self.splits)

    def __iter__(self) -> Iterator[CrossValidationFold]:
        return (self.fold(number) for number in range(len(self)))

    def fold(self, number: int) -> CrossValidationFold:
        """Return the rows of a split, in rising order."""
        tested = np.int64(_bits(self.splits[number]))
        in_test = (self._tested_by & tested) != 0
        purged = ~in_test & ((self._purged_by & tested) != 0)
        embargoed = ~(in_test | purged) & ((self._embargoed_by & tested) != 0)
        return CrossValidationFold(
            test_groups=self.splits[number],
            train=np.flatnonzero(~(in_test | purged | embargoed)).astype(np.int64),
            test=np.flatnonzero(in_test).astype(np.int64),
            purged=int(np.count_nonzero(purged)),
            embargoed=int(np.count_nonzero(embargoed)),
        )


def purged_kfold(rows: LabelledRows, *, n_groups: int, embargo_s: int, lookback_s: int) -> CrossValidation:
    """Return the n_groups splits in which each group is tested once; one path.

    Shapes: as `cpcv`.
    Units:  as `cpcv`.
    Causal: as `cpcv`.
    Raises: as `cpcv`.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 7.
    """
    return cpcv(rows, n_groups=n_groups, n_test_groups=1, embargo_s=embargo_s, lookback_s=lookback_s)


def cpcv(
    rows: LabelledRows, *, n_groups: int, n_test_groups: int, embargo_s: int, lookback_s: int
) -> CrossValidation:
    """Return all splits that test n_test_groups of n_groups equally long groups, purged and embargoed.

    A test group spans from its first decision to its last label window's end. A training row is purged when its own
    window overlaps that span, and embargoed when it is decided at most embargo_s after it: its features look back
    over lookback_s. The j-th split that tests a group gives path j its forecasts, so each of the
    n_test_groups / n_groups * C(n_groups, n_test_groups) paths forecasts each group once.

    Shapes: rows of length n.
    Units:  groups start at 00:00 UTC and are equally long to within a day.
    Causal: not chronological: trains on both sides of a test, so it compares models and never shows what was earned.
    Raises: ValueError if the numbers of groups, the embargo or the look-back are impossible, a group is empty, or
            purging leaves a split nothing to train on.
    Source: Lopez de Prado (2018), Advances in Financial Machine Learning, chapters 7 and 12.
    """
    _check_numbers(n_groups, n_test_groups, embargo_s, lookback_s)
    starts_s = _group_starts(rows, n_groups)
    group = np.searchsorted(starts_s, rows.decision_s, side="right").astype(np.int64) - 1
    empty = np.flatnonzero(np.bincount(group, minlength=n_groups) == 0)
    if empty.size:
        raise ValueError(
            f"group {int(empty[0])} of {n_groups} has no row; take fewer groups or fill the gap in the data"
        )
    purged_by, embargoed_by = _forbidden(rows, group, n_groups, embargo_s)
    tested_by = np.int64(1) << group
    splits = tuple(combinations(range(n_groups), n_test_groups))
    _check_training(rows, tested_by | purged_by | embargoed_by, splits)
    return CrossValidation(
        splits=splits,
        path_splits=_path_splits(splits, n_groups),
        starts_s=starts_s,
        _tested_by=tested_by,
        _purged_by=purged_by,
        _embargoed_by=embargoed_by,
    )


def _check_numbers(n_groups: int, n_test_groups: int, embargo_s: int, lookback_s: int) -> None:
    if not 1 <= n_test_groups < n_groups <= GROUPS_MAX:
        raise ValueError(
            f"n_groups must be at most {GROUPS_MAX} and above n_test_groups, which must be at least 1, were "
            f"{n_groups} and {n_test_groups}"
        )
    if comb(n_groups, n_test_groups) > SPLITS_MAX:
        raise ValueError(
            f"{n_test_groups} of {n_groups} groups make {comb(n_groups, n_test_groups)} splits, at most "
            f"{SPLITS_MAX} are allowed; take fewer groups"
        )
    if lookback_s < 0 or embargo_s < lookback_s:
        raise ValueError(
            f"embargo_s must be at least the longest look-back of a feature, {lookback_s} s, was {embargo_s}; "
            "lengthen the embargo, or a row just after a test carries its outcomes into training"
        )


def _group_starts(rows: LabelledRows, n_groups: int) -> I64:
    if rows.decision_s.size == 0:
        raise ValueError("there is no row to split")
    first_day = int(rows.decision_s.min()) // DAY_S
    n_days = int(rows.decision_s.max()) // DAY_S + 1 - first_day
    if n_days < n_groups:
        raise ValueError(f"{n_groups} groups need as many days, there are {n_days}; take fewer groups")
    return (first_day + np.arange(n_groups, dtype=np.int64) * n_days // n_groups) * DAY_S


def _forbidden(rows: LabelledRows, group: I64, n_groups: int, embargo_s: int) -> tuple[I64, I64]:
    """Return for each row the bits of the groups that purge and that embargo it."""
    decision_s, window_end_s = rows.decision_s, rows.window_end_s
    purged_by = np.zeros(group.size, dtype=np.int64)
    embargoed_by = np.zeros(group.size, dtype=np.int64)
    for number in range(n_groups):
        own = group == number
        first_s, last_s = decision_s[own].min(), window_end_s[own].max()
        purged = (window_end_s >= first_s) & (decision_s <= last_s)
        embargoed = (decision_s > last_s) & (decision_s <= last_s + embargo_s)
        purged_by |= purged.astype(np.int64) << number
        embargoed_by |= embargoed.astype(np.int64) << number
    return purged_by, embargoed_by


def _check_training(rows: LabelledRows, forbidden_by: I64, splits: tuple[tuple[int, ...], ...]) -> None:
    patterns = np.unique(forbidden_by)  # few: rows that lie together are forbidden together
    for groups in splits:
        if np.all(patterns & np.int64(_bits(groups))):
            longest_s = int((rows.window_end_s - rows.decision_s).max())
            raise ValueError(
                f"with groups {groups} tested no row is left to train on: labels reach up to "
                f"{longest_s / DAY_S:g} days; take fewer groups, a shorter horizon or embargo, or more data"
            )


def _path_splits(splits: tuple[tuple[int, ...], ...], n_groups: int) -> I64:
    testing: list[list[int]] = [[] for _ in range(n_groups)]
    for number, groups in enumerate(splits):
        for group in groups:
            testing[group].append(number)
    return np.array(testing, dtype=np.int64).T


def _bits(groups: tuple[int, ...]) -> int:
    return sum(1 << group for group in groups)
