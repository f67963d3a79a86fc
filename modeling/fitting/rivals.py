"""What an earlier network is compared with, judged as it is: a logistic regression, and the last move repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modeling.contracts import Horizon
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.fitting.folds import Fold, earlier_datasets
from modeling.fitting.forecasters import SIDES, FitTask, Forecaster, LogisticForecaster, raw_of_sides
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.walk import forecaster_judge
from modeling.kernels.splits import DAY_S
from traderai.common.arrays import F64, I64, Bools
from traderai.common.config import fingerprint

_LEAST_P: Final = 1e-4  # of a side that training rows never saw hit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LastMoveFit:
    """How often either side hit after a rise and after a fall, at each horizon."""

    task: FitTask
    hits: dict[str, F64]  # by side (2, h): after a fall, after a rise

    def raw(self, rows: I64) -> Raw:
        """Return logits of both sides; of rows without a last move those after a fall."""
        rose = rises(self.task.dataset, rows)
        logits = {
            side: np.take_along_axis(np.log(own / (1.0 - own)), rose.astype(np.int64), axis=0)
            for side, own in self.hits.items()
        }
        return raw_of_sides(self.task, rows, logits, model=fingerprint(["last_move", self.task.seed]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMoveForecaster:
    """The naive forecast: what went on for as long as a window lasts goes on, as often as training rows saw it."""

    @property
    def name(self) -> str:
        """The name in tables."""
        return "last move"

    def fit(self, task: FitTask) -> LastMoveFit:
        """Return the shares of hits of the training part."""
        rows = task.dataset.rows_of(TRAIN)
        rose, taught = rises(task.dataset, rows), task.dataset.part[rows] == TRAIN
        return LastMoveFit(
            task=task,
            hits={side: _hits(getattr(task.dataset.targets, side)[rows], rose, taught) for side in SIDES},
        )


RIVALS: Final[dict[str, Forecaster]] = {
    "last move": LastMoveForecaster(),
    "logistic regression": LogisticForecaster(),
}


def rivals_judged(dataset: Dataset, rules: Rules) -> dict[str, Judged]:
    """Return by name what an earlier network must beat, calibrated and with evidence as the network is, on the same rows."""
    earlier = earlier_datasets(dataset, rules.recipe)
    found = {}
    for name, forecaster in RIVALS.items():
        folds: list[Fold] = []
        for own in reversed(earlier):  # the oldest first: each is proven by what came before it
            folds.insert(0, forecaster_judge(own, forecaster, rules, earlier=folds).fold)
        found[name] = forecaster_judge(dataset, forecaster, rules, earlier=folds).judged
    return found


def rises(dataset: Dataset, rows: I64) -> Bools:
    """Return whether the close had risen over the last window's time, at each horizon (n, h); False where nobody knows.

    The time is the horizon's by the clock, bars count as the timeframe's median distance. Causal: reads closes up to the row.
    """
    close = dataset.market.path.close  # dividends lifted: their gap is no fall
    before = np.stack([_bars_before(dataset, span_s) for span_s in _spans_s(dataset)], axis=1)[rows]
    known = before >= 0
    return np.asarray(known & (close[rows][:, None] > close[np.maximum(before, 0)]))


def _bars_before(dataset: Dataset, span_s: int) -> I64:
    """Return the newest bar of the same share that ended at least so long before each row (m,), -1 where there is none."""
    found = np.full(dataset.decision_s.size, -1, dtype=np.int64)
    for number in range(len(dataset.secids)):
        own = np.flatnonzero(dataset.instrument == number)
        if own.size:
            known_s = dataset.decision_s[own]
            place = np.searchsorted(known_s, known_s - span_s, side="right") - 1
            found[own] = np.where(place >= 0, own[np.maximum(place, 0)], -1)
    return found


def _spans_s(dataset: Dataset) -> list[int]:
    bar_s = int(np.median(np.diff(dataset.decision_s[dataset.instrument == dataset.instrument[0]])))
    units = {"min": 60, "d": DAY_S, "bars": bar_s, "eod": DAY_S}
    return [
        horizon.count * units[horizon.unit] for horizon in (Horizon.parse(own) for own in dataset.horizons)
    ]


def _hits(target: F64, rose: Bools, taught: Bools) -> F64:
    """Return the share of hits (2, h) after a fall and after a rise; of an empty group that of all."""
    everywhere = np.nanmean(np.where(taught, target, np.nan), axis=0)
    groups = [taught & (rose == went) for went in (False, True)]
    shares = [
        np.where(
            own.any(axis=0),
            np.where(own, target, 0.0).sum(axis=0) / np.maximum(own.sum(axis=0), 1),
            everywhere,
        )
        for own in groups
    ]
    return np.asarray(np.clip(np.stack(shares), _LEAST_P, 1.0 - _LEAST_P))
