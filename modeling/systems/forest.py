"""`random_forest`: scikit-learn's forest, its parameters searched by folds in time, its classes weighted in the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

import numpy as np
import skops.io
from sklearn.ensemble import RandomForestClassifier

from modeling.fitting.dataset import TRAIN
from modeling.systems.estimators import FittedSystem, SystemTask, last_bars
from modeling.systems.rows import SystemRows
from modeling.systems.search import Space, random_search, require_search
from traderai.common.arrays import F64, I64

FILE: Final = "forest.skops"
# Trusted because an artifact's bytes are checked against its manifest before they are read.
_TRUSTED: Final = ["sklearn.tree._tree.Tree"]


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
    """The forest's size, its search, and what stands where nothing is searched."""

    SPACE: ClassVar[Space] = {
        "max_depth": (3, 5, 8, 12),
        "min_samples_leaf": (20, 50, 100, 200),
        "max_features": (0.05, 0.1, 0.2),
        "max_samples": (0.15, 0.3),
        "class_weight": ("none", "balanced", "balanced_subsample"),
    }

    trees: int = 200
    search_trees: int = 40  # of each try
    tries: int = 12
    folds: int = 3
    max_depth: int = 5
    min_samples_leaf: int = 50
    max_features: float = 0.1  # share of the features, drawn anew at each split
    max_samples: float = 0.3  # share of the rows, drawn anew for each tree
    class_weight: Literal["none", "balanced", "balanced_subsample"] = "balanced"

    def __post_init__(self) -> None:
        require_search(self)
        if min(self.trees, self.search_trees, self.max_depth, self.min_samples_leaf) < 1:
            raise ValueError(
                "trees, search_trees, max_depth and min_samples_leaf must be at least 1, were "
                f"{self.trees}, {self.search_trees}, {self.max_depth} and {self.min_samples_leaf}"
            )
        if (
            not 0.0
            < min(self.max_features, self.max_samples)
            <= max(self.max_features, self.max_samples)
            <= 1.0
        ):
            raise ValueError(
                f"max_features and max_samples must lie within (0, 1], were {self.max_features} and {self.max_samples}"
            )

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the forest of the whole training part with the parameters that judged later stretches of it best."""
        found = random_search(self, task, cheaper={"trees": self.search_trees})
        own = self if found is None else replace(self, **found.best)
        rows, train = task.rows, task.rows.rows_of(TRAIN)
        mean = np.asarray(np.nanmean(rows.values[train], axis=0, dtype=np.float64))
        model = own._model(task).fit(last_bars(rows, train, mean), rows.label[train])
        model.n_jobs = 1  # votes are added up in one order: the same bits each time
        importance = dict(zip(rows.features, model.feature_importances_.tolist(), strict=True))
        told: dict[str, Any] = {"importance": importance, "trees": self.trees}
        if found is not None:
            told["search"] = found.told()
        return FittedForest(model=model, mean=mean, told=told)

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored forest."""
        held = skops.io.loads(files[FILE], trusted=_TRUSTED)
        return FittedForest(model=held["model"], mean=held["mean"], told=held["told"])

    def _model(self, task: SystemTask) -> RandomForestClassifier:
        return RandomForestClassifier(
            n_estimators=self.trees,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            max_samples=self.max_samples,
            class_weight=None if self.class_weight == "none" else self.class_weight,
            n_jobs=task.threads,
            random_state=task.seed,
        )
