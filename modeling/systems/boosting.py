"""`xgboost`: boosted trees that stop where validation rows stop getting better, their parameters searched before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
import xgboost

from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.kernels.imbalance.reweighting import class_weights
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.rows import SystemRows
from modeling.systems.search import Space, random_search, require_search
from traderai.common.arrays import F64, I64

FILE: Final = "xgboost.ubj"
TOLD: Final = "xgboost.json"


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
    """The trees' search and their stop, and what stands where nothing is searched."""

    SPACE: ClassVar[Space] = {
        "min_child_weight": (1.0, 10.0, 50.0, 200.0),
        "gamma": (0.0, 1.0, 5.0),
        "reg_alpha": (0.0, 0.1, 1.0),
        "reg_lambda": (1.0, 5.0, 20.0),
        "max_depth": (2, 3, 4, 6),
        "learning_rate": (0.03, 0.05, 0.1),
        "subsample": (0.5, 0.7, 0.9),
        "colsample_bytree": (0.5, 0.8),
        "balanced": (False, True),
    }

    tries: int = 20
    folds: int = 3
    max_rounds: int = 500
    patience_rounds: int = 10
    min_child_weight: float = 50.0
    gamma: float = 1.0
    reg_alpha: float = 0.1
    reg_lambda: float = 5.0
    max_depth: int = 3
    learning_rate: float = 0.05
    subsample: float = 0.7
    colsample_bytree: float = 0.5
    balanced: bool = True  # scale_pos_weight: of two classes the negatives for each positive

    def __post_init__(self) -> None:
        require_search(self)
        if min(self.max_rounds, self.patience_rounds, self.max_depth) < 1:
            raise ValueError(
                "max_rounds, patience_rounds and max_depth must be at least 1, were "
                f"{self.max_rounds}, {self.patience_rounds} and {self.max_depth}"
            )
        shares = (self.learning_rate, self.subsample, self.colsample_bytree)
        if not 0.0 < min(shares) <= max(shares) <= 1.0:
            raise ValueError(
                f"learning_rate, subsample and colsample_bytree must lie within (0, 1], were {shares}"
            )
        if min(self.min_child_weight, self.gamma, self.reg_alpha, self.reg_lambda) < 0:
            raise ValueError("min_child_weight, gamma, reg_alpha and reg_lambda must not be negative")

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the trees of the training part, stopped on the validation part."""
        found, rows = random_search(self, task), task.rows
        own = self if found is None else replace(self, **found.best)
        model = own._boosted(task)
        gains = model.get_score(importance_type="total_gain")
        importance = {name: gains.get(f"f{column}", 0.0) for column, name in enumerate(rows.features)}
        told: dict[str, Any] = {"importance": importance, "rounds": model.num_boosted_rounds()}
        if found is not None:
            told["search"] = found.told()
        return FittedBooster(model=model, told=told)

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored trees."""
        model = xgboost.Booster()
        model.load_model(bytearray(files[FILE]))
        return FittedBooster(model=model, told=json.loads(files[TOLD]))

    def _boosted(self, task: SystemTask) -> xgboost.Booster:
        """Return the trees up to the round that was best on the validation rows."""
        rows = task.rows
        teaching, stopping = rows.rows_of(TRAIN), rows.rows_of(VALIDATION)
        data, held = (xgboost.DMatrix(rows.values[at], label=rows.label[at]) for at in (teaching, stopping))
        options = self._options(task) | self._objective(rows, teaching)
        if self.balanced and len(rows.classes) > 2:
            label = rows.label[teaching].astype(np.int64)
            data.set_weight(class_weights(label, classes=len(rows.classes))[label])
        model = xgboost.train(
            options,
            data,
            self.max_rounds,
            evals=[(held, "stop")],
            early_stopping_rounds=self.patience_rounds,
            verbose_eval=False,
        )
        return model[: model.best_iteration + 1]

    def _options(self, task: SystemTask) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in self.SPACE if name != "balanced"}
        fixed = {"tree_method": "hist", "max_bin": 64, "verbosity": 0}
        return own | fixed | {"seed": task.seed, "nthread": task.threads}

    def _objective(self, rows: SystemRows, teaching: I64) -> dict[str, Any]:
        classes = len(rows.classes)
        if classes > 2:
            return {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": classes}
        positive = float((rows.label[teaching] == 1).mean())
        return {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "scale_pos_weight": (1.0 - positive) / positive if self.balanced else 1.0,
        }
