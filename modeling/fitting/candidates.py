"""From a dataset to a candidate: fitted, exported, calibrated on all folds, measured on the test part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from modeling.contracts import HeadTrust
from modeling.fitting.batches import Scaler, scaler_fit
from modeling.fitting.calibration import Chooser
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.evidence import Lessons, evidence_fit, novelty_fit
from modeling.fitting.export import onnx_check, onnx_export
from modeling.fitting.folds import Fold, earlier_folds, pooled_of, trust_of
from modeling.fitting.forecasts import Raw, calibrated, raw_forecasts
from modeling.fitting.judging import Judged, Rules, part_metrics
from modeling.fitting.training import Fitted, network_fit
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A trained network with a trust, and all that was measured of the two."""

    trained: Trained
    trust: dict[str, HeadTrust]  # by horizon
    judged: Judged
    metrics: dict[str, Any]


def horizon_rows(dataset: Dataset) -> dict[str, int]:
    """Return the embedding row of each horizon."""
    return {horizon: h for h, horizon in enumerate(dataset.horizons)}


def candidate_train(dataset: Dataset, rules: Rules, *, say: Say) -> Trained:
    """Return the network of the recipe, fitted on the training part, and the networks of the earlier folds."""
    plan = rules.recipe
    scaler = scaler_fit(dataset)
    fitted = network_fit(dataset, plan, scaler=scaler, seed=rules.seed, say=say)
    serving = fitted.networks.serving
    onnx = onnx_export(serving, lookback_bars=dataset.lookback_bars, n_features=len(dataset.features))
    gap = onnx_check(
        serving, onnx, n_tickers=len(dataset.secids), n_horizons=len(dataset.horizons), seed=rules.seed
    )
    raw = raw_forecasts(
        Network(onnx),
        dataset,
        scaled=scaler.apply(dataset.values),
        ticker=dataset.ticker,
        horizon_rows=horizon_rows(dataset),
        rows=np.union1d(dataset.rows_of(VALIDATION), dataset.rows_of(TEST)),
    )
    own = Fold(dataset=dataset, raw=raw.taken(dataset.rows_of(VALIDATION)))
    return Trained(
        fitted=fitted,
        onnx=onnx,
        onnx_gap=gap,
        scaler=scaler,
        raw=raw,
        folds=(own, *earlier_folds(dataset, plan, seed=rules.seed, say=say)),
        column=dataset.features.index(plan.network.volatility_feature),
    )


def candidate_calibrate(trained: Trained, rules: Rules) -> dict[str, HeadTrust]:
    """Return how far each horizon's heads are trusted, proven on the pooled out-of-fold rows alone."""
    chooser = Chooser(rules=rules.recipe.evaluation, seed=rules.seed)
    return trust_of(trained.folds, column=trained.column, chooser=chooser)


def candidate_judge(
    trained: Trained, trust: dict[str, HeadTrust], dataset: Dataset, rules: Rules, *, say: Say
) -> Candidate:
    """Return the network with this trust, its evidence from the out-of-fold rows and its figures on the test part."""
    pooled, pooled_dataset = pooled_of(trained.folds, trust, column=trained.column)
    novelty = novelty_fit(dataset, trained.scaler, quantile=rules.recipe.evaluation.novelty_quantile)
    lessons = Lessons(
        forecasts=pooled,
        dataset=pooled_dataset,
        novelty=novelty,
        trust=trust,
        training=dataset,
    )
    judged = Judged(
        forecasts=calibrated(trained.raw, dataset, trust, column=trained.column),
        evidence=evidence_fit(lessons),
        scaler=trained.scaler,
        novelty=novelty,
    )
    fitted = trained.fitted
    metrics = {
        "test": part_metrics(judged, dataset, rules, part=TEST, say=say),
        "fit": {
            "epochs": fitted.epochs,
            "stopped_by": fitted.stopped_by,
            "seconds": round(fitted.seconds, 1),
            "windows_per_epoch": fitted.windows_per_epoch,
            "onnx_gap": trained.onnx_gap,
        },
    }
    return Candidate(trained=trained, trust=trust, judged=judged, metrics=plain(metrics))


def scaler_json(dataset: Dataset, scaler: Scaler) -> dict[str, Any]:
    """Return the inputs' description that scoring reads back."""
    return {
        "features": list(dataset.features),
        "mean": scaler.mean.tolist(),
        "std": scaler.std.tolist(),
        "ticker_rows": {secid: row + 1 for row, secid in enumerate(dataset.secids)},
        "horizon_rows": horizon_rows(dataset),
    }
