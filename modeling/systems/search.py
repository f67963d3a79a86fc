"""Searching an estimator's parameters on training rows alone: folds that follow one another in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import ParameterSampler

from modeling.fitting.dataset import TRAIN
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I64

Fold = tuple[I64, I64]  # rows that teach, rows that judge
Say = Callable[[int, int, str], None]


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
    days = np.unique(rows.day[own])
    stretches = np.array_split(days, folds + 1)
    found = []
    for stretch in stretches[1:]:
        judging = own[np.isin(rows.day[own], stretch)]
        begins_s = rows.decision_s[judging].min()
        teaching = own[(rows.decision_s[own] < begins_s) & (rows.window_end_s[own] < begins_s)]
        found.append((teaching, judging))
    return found


def random_search(
    space: Mapping[str, Sequence[Any]],
    *,
    tries: int,
    seed: int,
    score: Callable[[dict[str, Any]], float],
    say: Say,
) -> Searched:
    """Return the parameters of a grid's random points that score best; the first of equals."""
    drawn = list(ParameterSampler(dict(space), n_iter=tries, random_state=seed))
    tried = []
    for number, point in enumerate(drawn):
        say(number, len(drawn), "search")
        tried.append({**point, "balanced_accuracy": score(point)})
    best = max(range(len(tried)), key=lambda number: tried[number]["balanced_accuracy"])
    return Searched(best=dict(drawn[best]), tried=tuple(tried))


def balanced_accuracy(label: np.ndarray, scores: F64) -> float:
    """Return the mean recall of the classes (n,) by the likeliest of the scores (n, k)."""
    return float(balanced_accuracy_score(label, scores.argmax(axis=1)))
