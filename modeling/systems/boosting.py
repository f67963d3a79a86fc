"""`xgboost`: boosted trees that stop where validation rows stop getting better, their parameters searched before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xgboost

from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.kernels.imbalance.reweighting import class_weights
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.rows import SystemRows
from modeling.systems.search import Searched, balanced_accuracy, random_search, time_folds
from traderai.common.arrays import F64, I64

FILE: Final = "xgboost.ubj"
TOLD: Final = "xgboost.json"
_SPACE: Final[dict[str, list[Any]]] = {
    "min_child_weight": [1.0, 10.0, 50.0, 200.0],
    "gamma": [0.0, 1.0, 5.0],
    "reg_alpha": [0.0, 0.1, 1.0],
    "reg_lambda": [1.0, 5.0, 20.0],
    "max_depth": [2, 3, 4, 6],
    "learning_rate": [0.03, 0.05, 0.1],
    "subsample": [0.5, 0.7, 0.9],
    "colsample_bytree": [0.5, 0.8],
    "balanced": [False, True],  # scale_pos_weight: of two classes the negatives for each positive
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedBooster:
    """Boosted trees up to their best round."""

    model: xgboost.Booster
    told: dict[str, Any]

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability of each class (n, k)."""
        said = self.model.predict(xgboost.DMatrix(rows.values[at])).astype(np.float64)
        return said if said.ndim == 2 else np.column_stack((1.0 - said, said))

    def files(self) -> dict[str, bytes]:
        """Return the trees in XGBoost's own binary JSON."""
        return {FILE: bytes(self.model.save_raw("ubj")), TOLD: json.dumps(self.told, sort_keys=True).encode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting:
    """The trees' search and their stop."""

    tries: int = 20
    folds: int = 3
    max_rounds: int = 500
    patience_rounds: int = 10

    def __post_init__(self) -> None:
        if min(self.tries, self.max_rounds, self.patience_rounds) < 1 or self.folds < 2:
            raise ValueError(
                "tries, max_rounds and patience_rounds must be at least 1 and folds at least 2, were "
                f"{self.tries}, {self.max_rounds}, {self.patience_rounds} and {self.folds}"
            )

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the trees of the training part, stopped on the validation part."""
        rows, found = task.rows, self._searched(task)
        parts = (rows.rows_of(TRAIN), rows.rows_of(VALIDATION))
        model = self._boosted(task, found.best, *parts)
        gains = model.get_score(importance_type="total_gain")
        importance = {name: gains.get(f"f{column}", 0.0) for column, name in enumerate(rows.features)}
        told = {"search": found.told(), "importance": importance, "rounds": model.num_boosted_rounds()}
        return FittedBooster(model=model, told=told)

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored trees."""
        model = xgboost.Booster()
        model.load_model(bytearray(files[FILE]))
        return FittedBooster(model=model, told=json.loads(files[TOLD]))

    def _searched(self, task: SystemTask) -> Searched:
        rows, folds = task.rows, time_folds(task.rows, folds=self.folds)

        def score(point: dict[str, Any]) -> float:
            found = []
            for teaching, judging in folds:
                own = FittedBooster(model=self._boosted(task, point, teaching, judging), told={})
                found.append(balanced_accuracy(rows.label[judging], own.scores(rows, judging)))
            return float(np.mean(found))

        return random_search(_SPACE, tries=self.tries, seed=task.seed, score=score, say=task.say)

    def _boosted(
        self, task: SystemTask, point: dict[str, Any], teaching: I64, stopping: I64
    ) -> xgboost.Booster:
        """Return the trees up to the round that was best on the rows that stop them."""
        rows, classes = task.rows, len(task.rows.classes)
        options = {name: value for name, value in point.items() if name != "balanced"}
        options |= {
            "tree_method": "hist",
            "max_bin": 64,
            "seed": task.seed,
            "nthread": task.threads,
            "verbosity": 0,
        }
        weight = None
        if classes == 2:
            positive = float((rows.label[teaching] == 1).mean())
            options |= {
                "objective": "binary:logistic",
                "eval_metric": "logloss",
                "scale_pos_weight": (1.0 - positive) / positive if point["balanced"] else 1.0,
            }
        else:
            options |= {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
            weight = (
                class_weights(rows.label[teaching].astype(np.int64), classes=classes)[rows.label[teaching]]
                if point["balanced"]
                else None
            )
        data, held = (xgboost.DMatrix(rows.values[at], label=rows.label[at]) for at in (teaching, stopping))
        if weight is not None:
            data.set_weight(weight)
        model = xgboost.train(
            options,
            data,
            self.max_rounds,
            evals=[(held, "stop")],
            early_stopping_rounds=self.patience_rounds,
            verbose_eval=False,
        )
        return model[: model.best_iteration + 1]
