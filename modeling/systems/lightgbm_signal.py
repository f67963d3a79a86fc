"""`lightgbm_signal`: LightGBM on the features that trees of earlier stretches gained by, stopped on validation rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import lightgbm
import numpy as np

from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.fitting.trees import repeatable
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.rows import SystemRows
from modeling.systems.search import Space, parted_folds, random_search, require_search
from traderai.common.arrays import F64, I64

FILE: Final = "lightgbm.txt"
TOLD: Final = "lightgbm.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTrees:
    """Trees up to their best round, and the features that they read."""

    model: lightgbm.Booster
    columns: I64  # (c,) of the rows' features
    told: dict[str, Any]

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability of each class (n, k)."""
        said = np.asarray(self.model.predict(rows.values[at][:, self.columns], num_threads=1))
        return said if said.ndim == 2 else np.column_stack((1.0 - said, said))

    def files(self) -> dict[str, bytes]:
        """Return the trees as LightGBM's text, and what is told of them."""
        told = {"columns": self.columns.tolist(), "told": self.told}
        return {FILE: self.model.model_to_string().encode(), TOLD: json.dumps(told, sort_keys=True).encode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LightGBMSignal:
    """The trees' parameters, their search, and which features they may read."""

    SPACE: ClassVar[Space] = {
        "leaves": (15, 31, 63),
        "rate": (0.03, 0.05, 0.1),
        "feature_fraction": (0.5, 0.8, 1.0),
        "bagging_fraction": (0.5, 0.8, 1.0),
        "min_child_rows": (20, 100, 500),
        "l1": (0.0, 0.1, 1.0),
        "l2": (0.0, 0.1, 1.0, 10.0),
    }

    tries: int = 0
    folds: int = 3
    max_rounds: int = 1000  # where parameters were searched
    max_rounds_untuned: int = 500
    patience_rounds: int = 50
    leaves: int = 31
    rate: float = 0.1
    feature_fraction: float = 0.8
    bagging_fraction: float = 0.8
    bagging_rounds: int = 5  # so many rounds share a bag
    min_child_rows: int = 20
    l1: float = 0.1
    l2: float = 0.1
    gain_kept_frac: float = (
        0.95  # of what trees of the folds gain, by the strongest features; 1: all features
    )
    warn_accuracy: float = 0.55  # on validation
    seed: int = 42  # added to the run's

    def __post_init__(self) -> None:
        require_search(self)
        rounds = (self.max_rounds, self.max_rounds_untuned, self.patience_rounds, self.bagging_rounds)
        if min(*rounds, self.min_child_rows) < 1 or self.leaves < 2:
            raise ValueError(
                "rounds, patience and min_child_rows must be at least 1 and leaves at least 2, were "
                f"{rounds}, {self.min_child_rows} and {self.leaves}"
            )
        shares = (self.rate, self.feature_fraction, self.bagging_fraction, self.gain_kept_frac)
        if not 0.0 < min(shares) <= max(shares) <= 1.0 or min(self.l1, self.l2) < 0.0:
            raise ValueError(
                "rate, feature_fraction, bagging_fraction and gain_kept_frac must lie within (0, 1] and l1 and l2 not "
                f"be negative, were {shares}, {self.l1} and {self.l2}"
            )

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the trees of the training part, stopped on the validation part."""
        found, rows = random_search(self, task, cheaper={"gain_kept_frac": 1.0}), task.rows
        own = self if found is None else replace(self, **found.best)
        columns = own._columns(task)
        rounds = self.max_rounds_untuned if found is None else self.max_rounds
        model = own._grown(task, columns, rounds=rounds)
        told: dict[str, Any] = {
            "importance": _gains(model, rows, columns),
            "rounds": int(model.current_iteration()),
            "features": int(columns.size),
        }
        if found is not None:
            told["search"] = found.told()
        fitted = FittedTrees(model=model, columns=columns, told=told)
        told |= self._validation(fitted, rows)
        return fitted

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored trees."""
        held = json.loads(files[TOLD])
        model = lightgbm.Booster(model_str=files[FILE].decode())
        return FittedTrees(model=model, columns=np.array(held["columns"], dtype=np.int64), told=held["told"])

    def _columns(self, task: SystemTask) -> I64:
        """Return the features that make the wanted share of the gain, each fold's trees counting the same."""
        every = np.arange(len(task.rows.features), dtype=np.int64)
        if self.gain_kept_frac == 1.0:
            return every
        shares = np.zeros(every.size)
        for number, fold in enumerate(parted_folds(task.rows, folds=self.folds)):
            task.say(number, self.folds, "feature selection")
            own = replace(task, rows=fold)
            gain = self._grown(own, every, rounds=self.max_rounds_untuned).feature_importance("gain")
            shares += gain / max(gain.sum(), 1e-12)
        strongest = np.argsort(-shares, kind="stable")
        covered = np.cumsum(shares[strongest]) >= self.gain_kept_frac * shares.sum() - 1e-12
        return np.sort(strongest[: int(np.argmax(covered)) + 1])

    def _grown(self, task: SystemTask, columns: I64, *, rounds: int) -> lightgbm.Booster:
        """Return the trees up to the round that was best on the validation rows."""
        rows, classes = task.rows, len(task.rows.classes)
        teaching, stopping = rows.rows_of(TRAIN), rows.rows_of(VALIDATION)
        options = repeatable(seed=self.seed + task.seed, threads=task.threads) | {
            **({"objective": "multiclass", "num_class": classes} if classes > 2 else {"objective": "binary"}),
            "num_leaves": self.leaves, "learning_rate": self.rate, "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction, "bagging_freq": self.bagging_rounds,
            "min_data_in_leaf": self.min_child_rows, "lambda_l1": self.l1, "lambda_l2": self.l2,
        }  # fmt: skip
        data = lightgbm.Dataset(rows.values[teaching][:, columns], rows.label[teaching], params=options)
        held = lightgbm.Dataset(
            rows.values[stopping][:, columns], rows.label[stopping], reference=data, params=options
        )
        model = lightgbm.train(
            options,
            data,
            rounds,
            valid_sets=[held],
            callbacks=[lightgbm.early_stopping(self.patience_rounds, verbose=False)],
        )
        # As it is stored: the best rounds alone, and no training data beside.
        return lightgbm.Booster(model_str=model.model_to_string(num_iteration=model.best_iteration))

    def _validation(self, fitted: FittedTrees, rows: SystemRows) -> dict[str, Any]:
        """Return the accuracy on validation rows beside the base rate, and a warning where it is low."""
        at = rows.rows_of(VALIDATION)
        accuracy = float((fitted.scores(rows, at).argmax(axis=1) == rows.label[at]).mean())
        majority = float(np.bincount(rows.label[at]).max() / at.size)
        told: dict[str, Any] = {"validation": {"accuracy": accuracy, "majority_share": majority}}
        if accuracy < self.warn_accuracy:
            told["warnings"] = [
                f"accuracy on validation is {accuracy:.3f}, below {self.warn_accuracy:g}; always saying its most frequent "
                f"class makes {majority:.3f}"
            ]
        return told


def _gains(model: lightgbm.Booster, rows: SystemRows, columns: I64) -> dict[str, float]:
    """Return what each feature gained; one that was not chosen gained nothing."""
    gain = dict(zip(columns.tolist(), model.feature_importance("gain").tolist(), strict=True))
    return {name: gain.get(column, 0.0) for column, name in enumerate(rows.features)}
