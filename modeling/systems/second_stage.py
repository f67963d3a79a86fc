"""A classifier with its second stage: taught on out-of-fold words of the training part, kept where validation rows prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.systems.estimators import Estimator, FittedSystem, SystemTask
from modeling.systems.recipe import ReinforcementConfig, SystemRecipe
from modeling.systems.reinforcement import (
    FILE,
    Lesson,
    Stage,
    log_shares,
    stage_context,
    stage_kept,
    stage_learned,
    stage_load,
)
from modeling.systems.rewards import Rewarder
from modeling.systems.rows import SystemRows
from modeling.systems.search import parted_folds
from traderai.common.arrays import F64, I64
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StagedSystem:
    """A fitted classifier and the policy upon it, which speaks only if it was kept."""

    fitted: FittedSystem
    stage: Stage

    @property
    def kept(self) -> bool:
        """Whether the policy decides."""
        return bool(self.stage.told["kept"])

    @property
    def told(self) -> dict[str, Any]:
        """What a report says of the fit and of the second stage."""
        return {**self.fitted.told, "reinforcement": self.stage.told}

    def scores(self, rows: SystemRows, at: I64) -> F64:
        """Return the share (n, 3) of each action by the policy, or the classifier's probabilities where it was dropped."""
        said = np.asarray(self.fitted.scores(rows, at))
        return self.stage.scores(log_shares(said), stage_context(rows, at)) if self.kept else said

    def files(self) -> dict[str, bytes]:
        """Return the classifier's files and the policy's."""
        return {**self.fitted.files(), **self.stage.files()}


def require_three_classes(recipe: SystemRecipe, rows: SystemRows) -> None:
    """Raise InputError where a recipe asks for a second stage of a classifier that cannot sell, hold and buy."""
    if recipe.reinforcement is not None and len(rows.classes) != 3:
        raise InputError(
            f"a second stage decides between three classes, {recipe.label_set} has {', '.join(rows.classes)}; choose a "
            "label set such as threshold3_v1, or reinforcement: null",
            field="reinforcement",
        )


def staged(
    recipe: SystemRecipe, estimator: Estimator, task: SystemTask, fitted: FittedSystem, rewarder: Rewarder
) -> StagedSystem:
    """Return a fitted classifier with a second stage taught on training rows alone and judged on validation rows.

    Raises: DatasetRefusedError where the rows are too few.
    """
    config, rows = recipe.reinforcement, task.rows
    assert config is not None  # noqa: S101  # of a recipe with a second stage
    at, scores = stage_words(estimator, task, fitted, config)
    stage = stage_learned(training_lesson(rows, at, scores, rewarder), config, seed=task.seed)
    held = rows.rows_of(VALIDATION)
    log_p = log_shares(np.asarray(fitted.scores(rows, held)))
    verdict = stage_kept(
        log_p, stage.scores(log_p, stage_context(rows, held)), rewarder.net_r(rows, held), rows.day[held],
        recipe.figures, level=config.keep_level, seed=task.seed,
    )  # fmt: skip
    return StagedSystem(fitted=fitted, stage=replace(stage, told={**stage.told, **asdict(verdict)}))


def training_lesson(rows: SystemRows, at: I64, scores: F64, rewarder: Rewarder) -> Lesson:
    """Return what some training rows (n,) and the classifier's words on them (n, 3) teach; others are an InputError."""
    if not (rows.part[at] == TRAIN).all():
        raise InputError("a second stage learns from training rows alone; give it no others")
    return Lesson(
        log_p=log_shares(scores),
        context=stage_context(rows, at),
        reward=rewarder.net_r(rows, at),
        decision_s=rows.decision_s[at],
        window_end_s=rows.window_end_s[at],
        day=rows.day[at],
    )


def stage_words(
    estimator: Estimator, task: SystemTask, fitted: FittedSystem, config: ReinforcementConfig
) -> tuple[I64, F64]:
    """Return training rows (n,) and what a classifier says of them (n, 3) that has not learned them.

    Each stretch of the training part but the first is foretold by a fit on what was known before it. Without folds it is
    the classifier's own word on all rows that taught it.
    """
    rows = task.rows
    if not config.folds:
        at = rows.rows_of(TRAIN)
        return at, np.asarray(fitted.scores(rows, at))
    places, words = [], []
    for fold in parted_folds(rows, folds=config.folds):
        judging = fold.rows_of(TEST)
        places.append(judging)
        words.append(np.asarray(estimator.fit(replace(task, rows=fold)).scores(fold, judging)))
    return np.concatenate(places), np.concatenate(words)


def system_load_fitted(estimator: Estimator, files: Mapping[str, bytes]) -> FittedSystem:
    """Return a stored system ready to score, with its second stage where it has one."""
    fitted = estimator.load(files)
    return StagedSystem(fitted=fitted, stage=stage_load(files)) if FILE in files else fitted


def stage_lines(told: Mapping[str, Any]) -> list[str]:
    """Return what is said of a second stage, both policies' figures with it; nothing without one."""
    own = told.get("reinforcement")
    if own is None:
        return []
    gain, arms = own["gain"], {"supervised": own["supervised"], "tuned": own["tuned"]}
    lines = [
        "",
        f"second stage (policy gradient on {own['rows']:,} training rows, best epoch {own['best_epoch']} of {own['epochs']}): "
        f"{'kept' if own['kept'] else 'dropped'} by validation rows, net R a row and day",
    ]
    lines += [
        f"  {name:<20} {arm['net_r']:+.4f}  sell {arm['sell']:.0%}, hold {arm['hold']:.0%}, buy {arm['buy']:.0%}"
        for name, arm in arms.items()
    ]
    return [
        *lines,
        f"  {'difference':<20} {gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}] over {gain['days']} days",
        *(["  its scores are shares of decisions, no probabilities of the classes"] if own["kept"] else []),
    ]
