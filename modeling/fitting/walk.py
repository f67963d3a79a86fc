"""Walk forward: fit, calibrate on what was known by then, judge on the next stretch; again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from modeling.contracts import HeadTrust
from modeling.fitting.batches import Scaler, scaler_fit
from modeling.fitting.calibration import Chooser
from modeling.fitting.dataset import NO_PART, TEST, VALIDATION, Dataset
from modeling.fitting.evidence import Lessons, evidence_fit, novelty_fit
from modeling.fitting.folds import Fold, pooled_of, trust_of
from modeling.fitting.forecasters import FitTask, Forecaster
from modeling.fitting.forecasts import Forecasts, Raw, calibrated, joined_forecasts, require_held_out
from modeling.fitting.judging import Judged, Rules, Say
from modeling.fitting.learned_policy import LearnedPolicy, policy_learn
from modeling.fitting.parts import dataset_check, walk_parts
from modeling.fitting.trading import Wanted, joined, tradable, wanted_rows
from modeling.kernels.walk_forward import FoldDates, RefusedFold, WalkConfig, WalkFold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedFold:
    """One forecaster in one fold: what it says of the fold's test rows, and by what evidence it would trade."""

    dataset: Dataset  # in the fold's parts
    judged: Judged  # its forecasts are those of the validation and test rows
    raw: Raw  # the same before calibration
    learned: LearnedPolicy | None = None  # of its validation rows and those of earlier folds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """All folds of all forecasters."""

    dataset: Dataset  # its TEST part is the test rows of all folds
    folds: tuple[WalkFold, ...]
    refused: tuple[RefusedFold, ...]
    by_forecaster: dict[str, tuple[JudgedFold, ...]]  # by fold, oldest first
    panel: tuple[dict[str, Any], ...] = ()  # what a panel tells of itself, by fold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrant:
    """A forecaster after its fit and calibration."""

    judged: Judged  # of the validation and test rows
    raw: Raw  # the same before calibration
    fold: Fold  # its own, to be passed on to later folds
    learned: LearnedPolicy | None = (
        None  # in the judged one, and how it was come by; None where nothing was asked for
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelFold:
    """All members of a panel in one fold, and what it tells of how it works together, as plain values."""

    entrants: dict[str, Entrant]
    told: dict[str, Any]


class Panel(Protocol):
    """Several ways to decide that share one fit, each judged by itself."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its members, the same in every fold."""

    def judge(self, dataset: Dataset, *, say: Say) -> PanelFold:
        """Return its members fitted on the training part and calibrated out of fold."""


def forecaster_judge(
    dataset: Dataset, forecaster: Forecaster, rules: Rules, *, earlier: Sequence[Fold] = ()
) -> Entrant:
    """Return a forecaster fitted on the training part and calibrated on the validation part and earlier folds' ones.

    Where the recipe asks for it, its policy learns from the same rows.
    """
    scaler = scaler_fit(dataset)
    column = dataset.features.index(rules.recipe.network.volatility_feature)
    fitted = forecaster.fit(FitTask(dataset=dataset, scaler=scaler, column=column, seed=rules.seed))
    raw = fitted.raw(np.union1d(dataset.rows_of(VALIDATION), dataset.rows_of(TEST)))
    own = Fold(dataset=dataset, raw=raw.taken(dataset.rows_of(VALIDATION)))
    folds = (own, *earlier)
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    trust = trust_of(folds, column=column, chooser=chooser)
    judged = judged_of(folds, raw, trust, scaler=scaler, rules=rules)
    learned = policy_learn(folds, trust, judged, rules)
    if learned is not None:
        judged = replace(judged, thresholds=learned.thresholds)
    return Entrant(judged=judged, raw=raw, fold=own, learned=learned)


def judged_of(
    folds: Sequence[Fold], raw: Raw, trust: dict[str, HeadTrust], *, scaler: Scaler, rules: Rules
) -> Judged:
    """Return calibrated forecasts with the evidence of the out-of-fold rows; the first fold is the one that serves."""
    dataset = folds[0].dataset
    column = dataset.features.index(rules.recipe.network.volatility_feature)
    pooled, pooled_dataset = pooled_of(folds, trust, column=column)
    novelty = novelty_fit(dataset, scaler, quantile=rules.recipe.evaluation.novelty_quantile)
    lessons = Lessons(
        forecasts=pooled, dataset=pooled_dataset, novelty=novelty, trust=trust, training=dataset
    )
    return Judged(
        forecasts=calibrated(raw, dataset, trust, column=column),
        evidence=evidence_fit(lessons),
        scaler=scaler,
        novelty=novelty,
    )


def walk(
    dataset: Dataset,
    forecasters: Sequence[Forecaster],
    rules: Rules,
    *,
    dates: Sequence[FoldDates],
    config: WalkConfig,
    say: Say,
    panel: Panel | None = None,
) -> Walk:
    """Return every forecaster in every fold; a fold that cannot teach or judge is a DatasetRefusedError by name."""
    members = () if panel is None else panel.names
    found: dict[str, list[JudgedFold]] = {
        name: [] for name in (*(each.name for each in forecasters), *members)
    }
    told: list[dict[str, Any]] = []
    earlier: dict[str, list[Fold]] = {each.name: [] for each in forecasters}
    steps = walk_parts(dataset, dates, config)
    for number, (fold, parts) in enumerate(steps.folds):
        evaluation = rules.recipe.evaluation
        dataset_check(parts, max_missing_frac=evaluation.max_missing_frac, leak_scan=evaluation.leak_scan)
        for forecaster in forecasters:
            say(number, len(steps.folds), f"{fold.name} {forecaster.name}")
            entrant = forecaster_judge(parts, forecaster, rules, earlier=earlier[forecaster.name])
            earlier[forecaster.name].insert(0, entrant.fold)
            found[forecaster.name].append(_judged_fold(parts, entrant))
        if panel is not None:
            own = panel.judge(parts, say=_at(say, number, len(steps.folds), fold.name))
            told.append({"fold": fold.name, **own.told})
            for name in members:
                found[name].append(_judged_fold(parts, own.entrants[name]))
    tested = np.any([parts.part == TEST for _, parts in steps.folds], axis=0)
    first, last = steps.folds[0][1], steps.folds[-1][1]
    return Walk(
        dataset=replace(
            dataset,
            part=np.where(tested, TEST, NO_PART).astype(np.int8),
            validation_start_s=first.validation_start_s,
            test_start_s=first.test_start_s,
            test_end_s=last.test_end_s,
        ),
        folds=tuple(fold for fold, _ in steps.folds),
        refused=steps.refused,
        by_forecaster={name: tuple(folds) for name, folds in found.items()},
        panel=tuple(told),
    )


def _judged_fold(dataset: Dataset, entrant: Entrant) -> JudgedFold:
    return JudgedFold(dataset=dataset, judged=entrant.judged, raw=entrant.raw, learned=entrant.learned)


def _at(say: Say, number: int, folds: int, name: str) -> Say:
    return lambda done, total, what: say(number, folds, f"{name} {what} {done}/{total}")


def pooled_forecasts(folds: Sequence[JudgedFold]) -> Forecasts:
    """Return what one forecaster said of the test rows of all folds."""
    for fold in folds:
        require_held_out(fold.judged.forecasts, fold.dataset, part=TEST)
    return joined_forecasts([fold.judged.forecasts.taken(fold.dataset.rows_of(TEST)) for fold in folds])


def walk_wanted(
    folds: Sequence[JudgedFold], rules: Rules, *, cost_bp: float | None, horizons: tuple[str, ...]
) -> Wanted:
    """Return what the policy would take of the test rows of all folds, in each by that fold's own evidence and filters."""
    return joined([_fold_wanted(fold, rules, cost_bp, horizons) for fold in folds])


def _fold_wanted(fold: JudgedFold, rules: Rules, cost_bp: float | None, horizons: tuple[str, ...]) -> Wanted:
    own, dataset = fold.judged, fold.dataset
    terms = rules.terms(cost_bp, own.thresholds)
    allowed = tradable(dataset, own.forecasts.rows, own.scaler, own.novelty, terms.policy)
    return wanted_rows(
        own.forecasts, dataset, own.evidence, terms, part=TEST, allowed=allowed, horizons=horizons
    )
