"""What an earlier system must beat on the same rows: the base rate, the last move repeated, and a logistic regression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import skops.io
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from modeling.fitting.dataset import TRAIN
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I64

FILE: Final = "logistic.skops"
_ROWS: Final = 200_000  # a line needs no more to be found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLine:
    """A logistic regression with its scaling."""

    model: Pipeline
    told: dict[str, Any]

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the probability of each class (n, k)."""
        return np.asarray(self.model.predict_proba(rows.values[at]))

    def files(self) -> dict[str, bytes]:
        """Return the pipeline as skops writes it."""
        return {FILE: skops.io.dumps({"model": self.model, "told": self.told})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A logistic regression on the last bar's features."""

    inverse_penalty: float = 0.01

    def fit(self, task: SystemTask) -> FittedSystem:
        """Return the regression of the training part."""
        rows = task.rows
        train = rows.rows_of(TRAIN)
        if train.size > _ROWS:
            train = np.sort(np.random.default_rng(task.seed).choice(train, _ROWS, replace=False))
        model = make_pipeline(
            SimpleImputer(keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=self.inverse_penalty, max_iter=300),
        )
        return FittedLine(
            model=model.fit(rows.values[train], rows.label[train]), told={"rows": int(train.size)}
        )

    def load(self, files: Mapping[str, bytes]) -> FittedSystem:
        """Return the stored regression."""
        held = skops.io.loads(
            files[FILE], trusted=["numpy.dtype"]
        )  # its bytes are checked against a manifest
        return FittedLine(model=held["model"], told=held["told"])


def base_rate_scores(rows: SystemRows, at: I64) -> F64:
    """Return the training part's class shares for each of some rows (n, k)."""
    counts = np.bincount(rows.label[rows.rows_of(TRAIN)], minlength=len(rows.classes))
    return np.tile(counts / counts.sum(), (at.size, 1))


def naive_scores(rows: SystemRows, at: I64) -> F64:
    """Return scores (n, k) of a forecast that the last move goes on: class by class as often as training rows saw it.

    The last move is the bar's close over that of as many bars before as the label looks ahead; of a share's first
    bars, where there is none, the base rate is said.
    """
    train, classes = rows.rows_of(TRAIN), len(rows.classes)
    base = base_rate_scores(rows, at)
    known = ~np.isnan(last_moves(rows, train))
    rose = last_moves(rows, train) > 0
    own = last_moves(rows, at)
    for went, here in ((True, own > 0), (False, own <= 0)):
        counts = np.bincount(rows.label[train[known & (rose == went)]], minlength=classes)
        if counts.sum():
            base[here] = counts / counts.sum()
    return base


def last_moves(rows: SystemRows, at: I64) -> F64:
    """Return the move over the last `horizon_bars` bars before some rows (n,); NaN where the share has not so many."""
    before = at - rows.horizon_bars
    same = (before >= 0) & (rows.instrument[np.maximum(before, 0)] == rows.instrument[at])
    return np.where(same, rows.close[at] / rows.close[np.maximum(before, 0)] - 1.0, np.nan)
