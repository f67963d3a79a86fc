"""From a dataset to a candidate: fitted, exported, calibrated on all folds, measured on the test part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from modeling.contracts import HeadTrust
from modeling.contracts.council import CouncilRules
from modeling.fitting.batches import Scaler, scaler_fit
from modeling.fitting.calibration import Chooser, taught_only
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.explain import Served
from modeling.fitting.explanation import explanation
from modeling.fitting.export import onnx_check
from modeling.fitting.folds import Fold, earlier_datasets, fold_halves, trust_of
from modeling.fitting.forecasters import FitTask
from modeling.fitting.forecasts import (
    Forecasts,
    NetworkInputs,
    Raw,
    calibrated,
    joined_forecasts,
    raw_forecasts,
)
from modeling.fitting.judging import Judged, KnownFigures, Rules, part_metrics
from modeling.fitting.learned_policy import policy_learn
from modeling.fitting.levels import TaughtLevels, levels_taught
from modeling.fitting.network_forecaster import NetworkForecaster, horizon_rows
from modeling.fitting.ranges import TaughtRanges, ranges_taught
from modeling.fitting.recalibration import folds_said
from modeling.fitting.served import Learned, served
from modeling.fitting.training import Fitted
from modeling.fitting.votes import decided
from modeling.fitting.walk import judged_of
from modeling.kernels.splits import DAY_S
from modeling.registry.council import Council
from modeling.registry.folds import folds_bytes
from modeling.registry.scorer import Network

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A fitted and exported network with its uncalibrated outputs, and those of the earlier folds."""

    fitted: Fitted
    onnx: bytes
    onnx_gap: float  # the largest difference between the exported graph and the network
    scaler: Scaler
    raw: Raw  # of the validation and the test part
    folds: tuple[Fold, ...]  # its own first
    column: int  # the feature of recent volatility
    council: CouncilRules | None = None  # by which the outputs' sides were decided
    told: dict[str, Any] = field(default_factory=dict)  # for the metrics, as plain values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A trained network with a trust, and all that was measured of the two."""

    trained: Trained
    trust: dict[str, HeadTrust]  # by horizon
    judged: Judged  # as it would serve
    taught: Learned  # by which its words are moved, as of the end of the validation part
    metrics: dict[str, Any]


def candidate_train(dataset: Dataset, rules: Rules, *, say: Say, checkpoints: Path | None = None) -> Trained:
    """Return the network of the recipe, fitted on the training part, and the networks of the earlier folds.

    With a folder of `checkpoints` the fit that was cut off is gone on with; those before it are made again.
    """
    plan = rules.recipe
    column = dataset.features.index(plan.network.volatility_feature)

    def task_of(data: Dataset) -> FitTask:
        return FitTask(dataset=data, scaler=scaler_fit(data), column=column, seed=rules.seed)

    made = NetworkForecaster(recipe=plan, say=say, checkpoints=checkpoints).fit(task_of(dataset))
    gap = onnx_check(
        made.fitted.networks.serving, made.onnx, n_tickers=len(dataset.secids), n_horizons=len(dataset.horizons),
        seed=rules.seed,
    )  # fmt: skip
    raw = made.raw(np.union1d(dataset.rows_of(VALIDATION), dataset.rows_of(TEST)))
    folds = [Fold(dataset=dataset, raw=raw.taken(dataset.rows_of(VALIDATION)))]
    for number, earlier in enumerate(earlier_datasets(dataset, plan), start=1):

        def told(done: int, total: int, what: str, fold: int = number) -> None:
            say(done, total, f"earlier fold {fold}, {what}")

        own = NetworkForecaster(recipe=plan, say=told, checkpoints=checkpoints).fit(task_of(earlier))
        folds.append(Fold(dataset=earlier, raw=own.raw(earlier.rows_of(VALIDATION))))
    return Trained(
        fitted=made.fitted,
        onnx=made.onnx,
        onnx_gap=gap,
        scaler=made.task.scaler,
        raw=raw,
        folds=tuple(folds),
        column=column,
    )


def candidate_calibrate(trained: Trained, rules: Rules) -> dict[str, HeadTrust]:
    """Return how far each horizon's heads are trusted, proven on the pooled out-of-fold rows alone; untaught heads are not."""
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    found = trust_of(trained.folds, column=trained.column, chooser=chooser)
    return {name: taught_only(own, rules.recipe.fit.loss_weights) for name, own in found.items()}


def candidate_judge(
    trained: Trained,
    trust: dict[str, HeadTrust],
    dataset: Dataset,
    rules: Rules,
    *,
    known: KnownFigures,
    say: Say,
) -> Candidate:
    """Return the network with this trust, its evidence from the out-of-fold rows and its figures on the test part.

    `known` are the figures of what is known without it on the rows of its outputs.

    What is judged is what it would say in service: with levels and ranges that go on learning from outcomes.
    """
    judged = judged_of(trained.folds, trained.raw, trust, scaler=trained.scaler, rules=rules)
    learned = policy_learn(trained.folds, trust, judged, rules)
    if learned is not None:
        judged = replace(judged, thresholds=learned.thresholds)
    ranges, levels = _taught(trained, trust, judged, rules)
    taught = Learned(ranges=ranges.by_horizon, levels=levels.by_horizon)
    judged = replace(judged, forecasts=_as_served(trained, trust, judged, taught))
    fitted = trained.fitted
    metrics = {
        "test": part_metrics(judged, dataset, rules, known=known, part=TEST, say=say),
        "fit": {
            "epochs": fitted.epochs,
            "stopped_by": fitted.stopped_by,
            "seconds": round(fitted.seconds, 1),
            "windows_per_epoch": fitted.windows_per_epoch,
            "onnx_gap": trained.onnx_gap,
        },
        "ranges": ranges.coverage,
        **({} if learned is None else learned.told()),
        "learning": {
            "ranges": [asdict(own) for own in ranges.verdicts],
            "levels": [asdict(own) for own in levels.verdicts],
            "test": levels.tested,
        },
        **trained.told,
    }
    return Candidate(trained=trained, trust=trust, judged=judged, taught=taught, metrics=plain(metrics))


def _taught(
    trained: Trained, trust: dict[str, HeadTrust], judged: Judged, rules: Rules
) -> tuple[TaughtRanges, TaughtLevels]:
    dataset, embargo_s = trained.folds[0].dataset, round(rules.recipe.split.embargo_days * DAY_S)
    halves = fold_halves(trained.folds, trust, column=trained.column, embargo_s=embargo_s)
    ranges = ranges_taught(judged.forecasts, dataset, halves)
    return ranges, levels_taught(judged.forecasts, dataset, halves, rules)


def _as_served(trained: Trained, trust: dict[str, HeadTrust], judged: Judged, taught: Learned) -> Forecasts:
    """Return the forecasts as they serve; rows between the parts are no part, but in service their outcomes teach."""
    dataset, said = trained.folds[0].dataset, judged.forecasts
    until_s = int(dataset.decision_s[said.rows].max())
    between = np.setdiff1d(taught.rows_that_teach(dataset, until_s=until_s), said.rows)
    raw = raw_forecasts(
        Network(trained.onnx),
        dataset,
        inputs=_inputs(trained, dataset),
        rows=between,
        provenance=said.provenance,
    )
    raw = raw if trained.council is None else decided(raw, dataset, trained.council)
    others = calibrated(raw, dataset, trust, column=trained.column)
    joined = joined_forecasts([said, replace(others, provenance=said.provenance)])
    found = served(joined, dataset, taught, until_s=until_s).forecasts.taken(said.rows)
    return replace(found, provenance=said.provenance)


def candidate_explain(made: Candidate, dataset: Dataset, rules: Rules, *, say: Say) -> dict[str, Any]:
    """Return what the candidate reads, as JSON takes it."""
    trained = made.trained
    served = Served(
        network=Network(trained.onnx),
        inputs=_inputs(trained, dataset),
        trust=made.trust,
        column=trained.column,
        council=None if trained.council is None else Council.over(trained.council, dataset.last_bar_names),
    )
    told: dict[str, Any] = plain(
        explanation(served, trained.fitted.networks.serving, dataset, rules, say=say)
    )
    return told


def _inputs(trained: Trained, dataset: Dataset) -> NetworkInputs:
    return NetworkInputs(scaler=trained.scaler, ticker=dataset.ticker, horizon_rows=horizon_rows(dataset))


def said_bytes(trained: Trained) -> bytes:
    """Return what all folds said of their held-out rows: by it a version in service is calibrated again."""
    return folds_bytes(folds_said(trained.folds, column=trained.column))


def scaler_json(dataset: Dataset, scaler: Scaler) -> dict[str, Any]:
    """Return the inputs' description that scoring reads back."""
    return {
        "features": list(dataset.features[: len(dataset.sparse_blocks)]),
        "sparse_blocks": list(dataset.sparse_blocks),
        "mean": scaler.mean.tolist(),
        "std": scaler.std.tolist(),
        "ticker_rows": {secid: row + 1 for row, secid in enumerate(dataset.secids)},
        "horizon_rows": horizon_rows(dataset),
    }
