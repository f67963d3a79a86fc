"""Searching an estimator's parameters on training rows alone: folds that follow one another in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import ParameterSampler

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION
from modeling.systems.estimators import Estimator, SystemTask
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.progress import silent

Space = Mapping[str, Sequence[Any]]  # values to choose from, by the name of an estimator's field
Fold = tuple[I64, I64]  # rows that teach, rows that judge
STOPPING_FRAC: Final = 0.15  # of the days that teach a fold: the newest, which stop a fit


class Searchable(Estimator, Protocol):
    """An estimator, a dataclass, that names what may be searched of it; with `tries` of 0 its own fields stand."""

    SPACE: ClassVar[Space]

    @property
    def tries(self) -> int:
        """Points that its own fit tries before."""

    @property
    def folds(self) -> int:
        """Folds that judge a point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search found: its best parameters, and every one tried with its mean score."""

    best: dict[str, Any]
    tried: tuple[dict[str, Any], ...]

    def told(self) -> dict[str, Any]:
        """Return it as plain values, the best first."""
        return {"best": self.best, "tried": sorted(self.tried, key=lambda own: -own["balanced_accuracy"])}


def time_folds(rows: SystemRows, *, folds: int) -> list[Fold]:
    """Return folds of the training part: each teaches by all that was known before the stretch that it judges.

    Scikit-learn's TimeSeriesSplit counts rows; here a stretch is one of days, so that no moment lies on both sides,
    and rows whose label reaches into the stretch do not teach.
    """
    own = rows.rows_of(TRAIN)
    stretches = np.array_split(np.unique(rows.day[own]), folds + 1)[1:]
    judged = [own[np.isin(rows.day[own], stretch)] for stretch in stretches]
    return [(_known_before(rows, own, judging), judging) for judging in judged]


def parted_folds(rows: SystemRows, *, folds: int) -> list[SystemRows]:
    """Return the rows parted anew for each fold in time, inside of the training part: what judges is the test part.

    The newest of the days that teach are the validation part, so that stopping a fit does not flatter it.
    Raises: DatasetRefusedError where a part of a fold would be empty or its training part lacks a class.
    """
    found = []
    for before, judging in time_folds(rows, folds=folds):
        part = np.full(rows.part.shape, NO_PART, dtype=np.int8)
        part[judging] = TEST
        days = np.unique(rows.day[before])
        stopping = before[np.isin(rows.day[before], days[int(days.size * (1.0 - STOPPING_FRAC)) :])]
        part[stopping] = VALIDATION
        part[_known_before(rows, before, stopping)] = TRAIN
        found.append(_checked(replace(rows, part=part)))
    return found


def point_score(
    estimator: Searchable, point: Mapping[str, Any], folds: Sequence[SystemRows], task: SystemTask
) -> float:
    """Return the mean balanced accuracy, over the folds, of an estimator with the parameters of a point."""
    unsearched = {"tries": 0} if hasattr(estimator, "tries") else {}
    own = replace(estimator, **{**point, **unsearched})  # type: ignore[type-var]  # every estimator is a dataclass
    found = []
    for fold in folds:
        fitted = own.fit(replace(task, rows=fold, say=silent))
        judging = fold.rows_of(TEST)
        found.append(balanced_accuracy(fold.label[judging], fitted.scores(fold, judging)))
    return float(np.mean(found))


def random_search(
    estimator: Searchable, task: SystemTask, *, cheaper: Mapping[str, Any] | None = None
) -> Searched | None:
    """Return the points of an estimator's space that were drawn at random, and the best; the first of equals.

    `cheaper` fields stand while points are tried, such as fewer trees. None where nothing is to be searched.
    """
    if estimator.tries == 0:
        return None
    drawn = list(ParameterSampler(dict(estimator.SPACE), n_iter=estimator.tries, random_state=task.seed))
    folds, tried = parted_folds(task.rows, folds=estimator.folds), []
    for number, point in enumerate(drawn):
        task.say(number, len(drawn), "search")
        score = point_score(estimator, {**point, **(cheaper or {})}, folds, task)
        tried.append({**point, "balanced_accuracy": score})
    best = max(range(len(tried)), key=lambda number: tried[number]["balanced_accuracy"])
    return Searched(best=dict(drawn[best]), tried=tuple(tried))


def balanced_accuracy(label: I8, scores: F64) -> float:
    """Return the mean recall of the classes (n,) by the likeliest of the scores (n, k)."""
    return float(balanced_accuracy_score(label, scores.argmax(axis=1)))


def require_search(estimator: Searchable) -> None:
    """Raise ValueError where an estimator's search cannot be made."""
    if estimator.tries < 0 or estimator.folds < 2:
        raise ValueError(
            f"tries must be at least 0 and folds at least 2, were {estimator.tries} and {estimator.folds}"
        )


def _known_before(rows: SystemRows, at: I64, later: I64) -> I64:
    """Return those of some rows whose label was known when the first of the later rows was decided."""
    begins_s = rows.decision_s[later].min() if later.size else np.iinfo(np.int64).min
    known: Bools = (rows.decision_s[at] < begins_s) & (rows.window_end_s[at] < begins_s)
    return at[known]


def _checked(fold: SystemRows) -> SystemRows:
    classes = set(range(len(fold.classes)))
    if min(fold.rows_of(part).size for part in (TRAIN, VALIDATION, TEST)) == 0 or (
        set(np.unique(fold.label[fold.rows_of(TRAIN)]).tolist()) != classes
    ):
        raise DatasetRefusedError(
            "the training part is too short to be searched in folds; give it more time, or take fewer folds or none "
            "(parameters.tries=0)"
        )
    return fold
