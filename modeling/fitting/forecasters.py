"""What learns from a row's last bar: logistic regression and LightGBM, behind what networks are behind too.

The network must beat them on the same rows; selfcheck and walk-forward reports run them as candidates of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression

from modeling.contracts import HeadTrust
from modeling.fitting.batches import Scaler, stratified_rows
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.fitting.forecasts import Provenance, Raw
from modeling.fitting.trees import repeatable
from traderai.common.arrays import F32, F64, I64
from traderai.common.config import fingerprint

SIDES = ("p_long", "p_short")
Logits = Callable[[F32], F64]  # designed rows (n, d) -> (n,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitTask:
    """What a forecaster is fitted on: the training part; the validation part may stop the fit."""

    dataset: Dataset
    scaler: Scaler
    column: int  # the feature of recent volatility
    seed: int


class Fitted(Protocol):
    """A forecaster after its fit."""

    def raw(self, rows: I64) -> Raw:
        """Return the uncalibrated outputs of some rows of the dataset it was fitted on."""


class Forecaster(Protocol):
    """Anything that learns a dataset's heads."""

    @property
    def name(self) -> str:
        """The name in tables."""

    def fit(self, task: FitTask) -> Fitted:
        """Return the forecaster fitted on the training part; equal tasks give equal outputs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TabularFit:
    """A model of the last bar for each side that was asked for; all else is what the base knows."""

    task: FitTask
    logits: dict[str, Logits]  # by side
    model: str  # fingerprint of what was fitted: the forecaster and its seed

    def raw(self, rows: I64) -> Raw:
        """Return logits of both sides; quantiles and volatility in units of the recent volatility of a bar."""
        horizons = range(len(self.task.dataset.horizons))
        designed = [design(self.task, rows, h) for h in horizons]
        bases = [base_of(self.task.dataset, h=h, column=self.task.column) for h in horizons]
        known = {
            side: np.tile([getattr(base, f"{side}_prior") for base in bases], (rows.size, 1))
            for side in SIDES
        }
        learned = {side: np.stack([own(x) for x in designed], axis=1) for side, own in self.logits.items()}
        return raw_of_sides(self.task, rows, known | learned, model=self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticForecaster:
    """Logistic regression of the standardised last bar, horizon and share."""

    max_rows: int = 20_000
    sides: tuple[str, ...] = SIDES  # those that are learned

    @property
    def name(self) -> str:
        """The name in tables."""
        return "logistic"

    def fit(self, task: FitTask) -> TabularFit:
        """Return a regression for each side."""
        rows = stratified_rows(task.dataset.rows_of(TRAIN), limit=self.max_rows, rng=None)
        return TabularFit(
            task=task,
            logits={side: self._side(task, rows, side) for side in self.sides},
            model=fingerprint([repr(self), task.seed]),
        )

    def _side(self, task: FitTask, rows: I64, side: str) -> Logits:
        model = LogisticRegression(C=0.1, max_iter=300)
        model.fit(_one_hot(task.dataset, stacked(task, rows, TRAIN)), stacked_labels(task, rows, side, TRAIN))
        return lambda designed: np.asarray(
            model.decision_function(_one_hot(task.dataset, designed)), dtype=np.float64
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeForecaster:
    """LightGBM of the last bar, horizon and share, bagged over blocks of days.

    Rows of one day share what the market did. A forest that sees all days learns from its slow features which days
    were good; of forests that each see some of the days, only what holds on most of them is left in the mean. The
    days that a forest does not see stop it, so that the validation part is left to calibration. Leaves are drawn to
    nought and each tree sees half of the features, because nearly all of a market's features are noise: on simulated
    markets without an edge, trees that see all do worse than trees that see volatility and the hour alone.
    """

    bags: int = 8
    bag_frac: float = 0.5  # of the blocks of days that each forest learns from
    block_days: int = 10
    leaves: int = 15
    least_rows: int = 50  # in a leaf
    feature_frac: float = 0.5  # of the features that each tree sees
    l2: float = 20.0
    learning_rate: float = 0.05
    max_rows: int = 60_000
    rounds: int = 600
    stop_rounds: int = 40
    threads: int = 2
    sides: tuple[str, ...] = SIDES  # those that are learned

    @property
    def name(self) -> str:
        """The name in tables."""
        return "lightgbm"

    def fit(self, task: FitTask) -> TabularFit:
        """Return the forests of each side."""
        rows = stratified_rows(task.dataset.rows_of(TRAIN), limit=self.max_rows, rng=None)
        forests = [self._forests(task, bag, number) for number, bag in enumerate(self._bags(task, rows))]
        return TabularFit(
            task=task,
            logits={side: self._mean([own[side] for own in forests]) for side in self.sides},
            model=fingerprint([repr(self), task.seed]),
        )

    def _bags(self, task: FitTask, rows: I64) -> Iterator[tuple[I64, I64]]:
        """Yield the rows that teach each forest, and those that stop it."""
        block = task.dataset.trading_day[rows] // self.block_days
        blocks = np.unique(block)
        for number in range(self.bags):
            rng = np.random.default_rng([task.seed, number])
            size = min(max(round(self.bag_frac * blocks.size), 1), blocks.size - 1)
            inside = np.isin(block, rng.permutation(blocks)[:size])
            yield rows[inside], rows[~inside]

    def _mean(self, models: Sequence[lightgbm.Booster]) -> Logits:
        def logits(designed: F32) -> F64:
            said = [
                model.predict(
                    designed, num_iteration=model.best_iteration, raw_score=True, num_threads=self.threads
                )
                for model in models
            ]
            return np.asarray(np.mean(said, axis=0), dtype=np.float64)

        return logits

    def _forests(self, task: FitTask, bag: tuple[I64, I64], number: int) -> dict[str, lightgbm.Booster]:
        """Return the forest of each side; both read the same rows, so their features are sorted into bins once."""
        k = len(task.dataset.features)
        options: dict[str, Any] = {"categorical_feature": [k, k + 1], "free_raw_data": False}
        train = lightgbm.Dataset(stacked(task, bag[0], TRAIN), **options)
        stop = lightgbm.Dataset(stacked(task, bag[1], TRAIN), reference=train, **options)
        found = {}
        for side in self.sides:
            for own, rows in zip((train, stop), bag, strict=True):
                own.set_label(stacked_labels(task, rows, side, TRAIN))
            found[side] = self._grown(train, stop, seed=task.seed + number)
        return found

    def _grown(self, train: lightgbm.Dataset, stop: lightgbm.Dataset, *, seed: int) -> lightgbm.Booster:
        return lightgbm.train(
            {
                "objective": "binary", "learning_rate": self.learning_rate, "num_leaves": self.leaves,
                "min_data_in_leaf": self.least_rows, "feature_fraction": self.feature_frac, "lambda_l2": self.l2,
                **repeatable(seed=seed, threads=self.threads),
            },
            train,
            num_boost_round=self.rounds,
            valid_sets=[stop],
            callbacks=[lightgbm.early_stopping(self.stop_rounds, verbose=False)],
        )  # fmt: skip


FORECASTERS: Final[dict[str, Forecaster]] = {
    each.name: each for each in (LogisticForecaster(), TreeForecaster())
}


def raw_of_sides(task: FitTask, rows: I64, logits: dict[str, F64], *, model: str) -> Raw:
    """Return the outputs of a forecaster of the two sides (n, h) alone; the rest is what the base knows."""
    bases = [base_of(task.dataset, h=h, column=task.column) for h in range(len(task.dataset.horizons))]
    recent = task.dataset.values[rows, task.column].astype(np.float64)
    return Raw(
        provenance=Provenance.of_fit(model, task.dataset),
        rows=rows,
        p_long_logit=logits["p_long"],
        p_short_logit=logits["p_short"],
        return_quantiles=np.stack([_quantiles(recent, base) for base in bases], axis=1),
        volatility=np.stack([recent * base.volatility_per_unit for base in bases], axis=1),
        direction_logits=np.stack([_direction(rows.size, base) for base in bases], axis=1),
    )


def design(task: FitTask, rows: I64, h: int) -> F32:
    """Return the standardised last bar's features, the horizon's and the share's number (n, k + 2)."""
    scaled = task.scaler.apply(task.dataset.values[rows])
    numbers = np.stack([np.full(rows.size, h), task.dataset.instrument[rows]], axis=1)
    return np.concatenate([scaled, numbers], axis=1).astype(np.float32)


def stacked(task: FitTask, rows: I64, part: int) -> F32:
    """Return designed rows of a part, horizon after horizon."""
    horizons = range(len(task.dataset.horizons))
    return np.concatenate([design(task, rows[task.dataset.part[rows, h] == part], h) for h in horizons])


def stacked_labels(task: FitTask, rows: I64, side: str, part: int) -> F64:
    """Return the labels of the rows that `stacked` gives, in its order."""
    target, own = getattr(task.dataset.targets, side), task.dataset.part[rows] == part
    return np.concatenate([target[rows[own[:, h]], h] for h in range(own.shape[1])])


def _one_hot(dataset: Dataset, x: F32) -> F32:
    k = len(dataset.features)
    horizons = np.eye(len(dataset.horizons), dtype=np.float32)[x[:, k].astype(int)]
    shares = np.eye(len(dataset.secids), dtype=np.float32)[x[:, k + 1].astype(int)]
    return np.concatenate([x[:, :k], horizons, shares], axis=1)


def _quantiles(recent: F64, base: HeadTrust) -> F64:
    return np.asarray(np.maximum(recent, 1e-6)[:, None] * np.asarray(base.unit_quantiles))


def _direction(n: int, base: HeadTrust) -> F64:
    return np.tile(np.asarray(base.direction_prior), (n, 1))
