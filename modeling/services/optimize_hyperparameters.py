"""Searching an earlier system's parameters on folds of its training part; every point that was looked at is counted."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from modeling.fitting.dataset import TRAIN
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import recipe_read
from modeling.services.ledger import NewTrial, trial_record
from modeling.services.system_terms import system_config_sha
from modeling.systems.estimators import SystemTask
from modeling.systems.loading import LoadedRows, system_load
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import parted_by_split, require_rows
from modeling.systems.search import Searchable, parted_folds, point_score
from modeling.systems.system import ESTIMATORS, estimator_of
from modeling.systems.tuning import TunedPoint, tuned
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

_BEST = 10
_FOLDS = 3  # of an estimator that says no number of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningAsk:
    """Which system is searched, how often, and on what."""

    recipe: str
    as_of: datetime
    tries: int
    seed: int = 0
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise InputError(f"tries must be at least 1, was {self.tries}", field="tries")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningReport:
    """What a search has found on the training part."""

    best: TunedPoint
    table: tuple[str, ...]
    options: tuple[str, ...]  # of `manage.py train`, by which the best point stands
    points: int
    new_trials: int  # the others had been counted before
    rows: int  # of the training part


def hyperparameters_optimize(*, ask: TuningAsk, folder: Path, progress: Progress = silent) -> TuningReport:
    """Search an estimator's space by folds in time inside of the recipe's training part, and nowhere else.

    Every point is counted in the ledger of trials. The journal of a search stands in the folder: repeating the same
    search goes on where it stopped and counts nothing again, with more tries it goes on from there. Nothing else is
    written; no recipe is changed.
    Raises: InputError for an unknown recipe or parameter or an estimator that names no space, NotReadyError and
    DatasetRefusedError where the data cannot teach.
    """
    plan = recipe_read(ask.recipe, SystemRecipe, overrides=ask.overrides)
    searched_estimator(plan)  # refuses before anything is loaded
    loaded = system_load(plan, as_of=ask.as_of, progress=progress)
    return loaded_optimize(plan=plan, loaded=loaded, ask=ask, folder=folder, progress=progress)


def loaded_optimize(
    *, plan: SystemRecipe, loaded: LoadedRows, ask: TuningAsk, folder: Path, progress: Progress = silent
) -> TuningReport:
    """Search on rows that are there; everything after the loading of `hyperparameters_optimize`."""
    estimator = searched_estimator(plan)
    rows = parted_by_split(loaded.rows, plan.split, newest=plan.max_rows)
    require_rows(rows, least=plan.min_rows)
    task = SystemTask(rows=rows, seed=ask.seed, threads=os.cpu_count() or 1, say=silent)
    folds = parted_folds(rows, folds=getattr(estimator, "folds", _FOLDS))
    config = fingerprint([system_config_sha(plan), dict(estimator.SPACE), ask.seed, code_sha256()])
    new_trials = 0

    def score(point: dict[str, Any]) -> float:
        nonlocal new_trials
        found = point_score(estimator, point, folds, task)
        new_trials += _count(plan, point, config, loaded, rows.sha256)
        return found

    points = tuned(
        estimator.SPACE,
        journal=folder / f"{plan.name}.journal",
        name=fingerprint([config, rows.sha256]),
        tries=ask.tries,
        seed=ask.seed,
        score=score,
        say=progress,
    )
    best = max(points, key=lambda one: one.score)  # the first of equals
    return TuningReport(
        best=best,
        table=tuple(_table(points, classes=len(rows.classes))),
        options=_options(estimator, best.point),
        points=len(points),
        new_trials=new_trials,
        rows=int(rows.rows_of(TRAIN).size),
    )


def searched_estimator(plan: SystemRecipe) -> Searchable:
    """Return the recipe's estimator; one that names no space is an InputError."""
    found: Any = estimator_of(plan)
    if not getattr(found, "SPACE", None):
        able = ", ".join(name for name, own in ESTIMATORS.items() if getattr(own, "SPACE", None))
        raise InputError(
            f"estimator {plan.estimator} of recipe {plan.name} names no parameters to search; those that do: {able}",
            field="recipe",
        )
    own: Searchable = found
    return own


def _count(
    plan: SystemRecipe, point: dict[str, Any], config: str, loaded: LoadedRows, data_sha256: str
) -> bool:
    """Count a point; it is judged by no trades, so it has no daily results."""
    trial = NewTrial(
        kind="search_step", recipe=plan.name, labels=plan.labels(), is_simulated=loaded.is_simulated,
        config_sha256=fingerprint([config, point]), data_sha256=data_sha256, days=np.empty(0, dtype=np.int64),
        daily_net=np.empty(0), trades=0, net_expectancy_frac=float("nan"),
    )  # fmt: skip
    return trial_record(trial=trial, now=clock.now())


def _options(estimator: Searchable, point: dict[str, Any]) -> tuple[str, ...]:
    named = {own.name for own in fields(estimator)}  # type: ignore[arg-type]  # every estimator is a dataclass
    stands = {**({"tries": 0} if "tries" in named else {}), **point}
    return tuple(f"--set parameters.{name}={_yaml(value)}" for name, value in stands.items())


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(points: tuple[TunedPoint, ...], *, classes: int) -> list[str]:
    ranked = sorted(points, key=lambda one: -one.score)[:_BEST]
    lines = [f"{'':<4}{'balanced accuracy':<20}parameters (chance is {1 / classes:.3f})"]
    lines += [
        f"{place:<4}{one.score:<20.4f}" + ", ".join(f"{name} {value}" for name, value in one.point.items())
        for place, one in enumerate(ranked, start=1)
    ]
    return lines
