"""`random_forest`: scikit-learn's forest, its parameters searched by folds in time, its classes weighted in the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import skops.io
from sklearn.ensemble import RandomForestClassifier

from modeling.fitting.dataset import TRAIN
from modeling.systems.estimators import FittedSystem, SystemTask, last_bars
from modeling.systems.rows import SystemRows
from modeling.systems.search import Searched, balanced_accuracy, random_search, time_folds
from traderai.common.arrays import F64, I64

FILE: Final = "forest.skops"
# Trusted because an artifact's bytes are checked against its manifest before they are read.
_TRUSTED: Final = ["sklearn.tree._tree.Tree"]
_SPACE: Final[dict[str, list[Any]]] = {
    "max_depth": [3, 5, 8, 12],
    "min_samples_leaf": [20, 50, 100, 200],
    "max_features": ["sqrt", 0.2, 0.5],
    "max_samples": [0.3, 0.6],
    "class_weight": [None, "balanced", "balanced_subsample"],
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedForest:
    """A forest with what filled its missing features."""

    model: RandomForestClassifier
    mean: F64  # (k,)
    told: dict[str, Any]

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the share of the trees' votes for each class (n, k)."""
        return np.asarray(self.model.predict_proba(last_bars(rows, at, self.mean)))

    def files(self) -> dict[str, bytes]:
        """Return the forest as skops writes it."""
        return {FILE: skops.io.dumps({"model": self.model, "mean": self.mean, "told": self.told})}


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomForest:
    """The forest's size and its search."""

    trees: int = 200
    search_trees: int = 60  # of each try
    tries: int = 12
    folds: int = 4

    def __post_init__(self) -> None:
        if min(self.trees, self.search_trees, self.tries) < 1 or self.folds < 2:
            raise ValueError(
                "trees, search_trees and tries must be at least 1 and folds at least 2, were "
                f"{self.trees}, {self.search_trees}, {self.tries} and {self.folds}"
            )

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the forest of the whole training part with the parameters that judged later stretches of it best."""
        rows, train = task.rows, task.rows.rows_of(TRAIN)
        found = self._searched(task)
        mean = _means(rows, train)
        model = self._fitted(task, found.best, train, mean, trees=self.trees)
        model.n_jobs = 1  # votes are added up in one order: the same bits each time
        importance = dict(zip(rows.features, model.feature_importances_.tolist(), strict=True))
        return FittedForest(
            model=model,
            mean=mean,
            told={"search": found.told(), "importance": importance, "trees": self.trees},
        )

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored forest."""
        held = skops.io.loads(files[FILE], trusted=_TRUSTED)
        return FittedForest(model=held["model"], mean=held["mean"], told=held["told"])

    def _searched(self, task: SystemTask) -> Searched:
        rows, folds = task.rows, time_folds(task.rows, folds=self.folds)

        def score(point: dict[str, Any]) -> float:
            found = []
            for teaching, judging in folds:
                mean = _means(rows, teaching)
                model = self._fitted(task, point, teaching, mean, trees=self.search_trees)
                told = model.predict_proba(last_bars(rows, judging, mean))
                found.append(balanced_accuracy(rows.label[judging], told))
            return float(np.mean(found))

        return random_search(_SPACE, tries=self.tries, seed=task.seed, score=score, say=task.say)

    @staticmethod
    def _fitted(
        task: SystemTask, point: dict[str, Any], at: I64, mean: F64, *, trees: int
    ) -> RandomForestClassifier:
        model = RandomForestClassifier(
            n_estimators=trees, n_jobs=task.threads, random_state=task.seed, **point
        )
        return model.fit(last_bars(task.rows, at, mean), task.rows.label[at])


def _means(rows: SystemRows, at: I64) -> F64:
    return np.asarray(np.nanmean(rows.values[at].astype(np.float64), axis=0))
