"""The guards against leaks run on one published version: what a figure that is too good must pass before it is believed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from modeling.contracts import HeadTrust, ServingArtifact
from modeling.fitting.batches import scaler_fit
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import TEST, TRAIN, Dataset
from modeling.fitting.evidence import novelty_fit
from modeling.fitting.judging import Judged
from modeling.fitting.leak_checks import label_shifts, shift_complaints, target_leak_scan
from modeling.fitting.recipe import EvaluationConfig

SKILL_AUC: Final = 0.55  # below it there is no skill whose fall could be followed
LEAST_KEPT: Final = 0.5  # of the skill on what two windows share, when labels shift by one bar
_BASE: Final = (
    "p_long_prior",
    "p_short_prior",
    "direction_prior",
    "base_quantiles",
    "unit_quantiles",
    "base_volatility",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """One guard and what it found."""

    name: str
    passed: bool
    found: tuple[str, ...]  # the complaints, or the figures that gave none


def version_audit(
    artifact: ServingArtifact, judged: Judged, dataset: Dataset, config: EvaluationConfig
) -> tuple[AuditCheck, ...]:
    """Return every guard's word on a version and the very dataset that it was trained on."""
    return (_scan(dataset, config), _blindness(artifact, dataset, config), _shifts(judged, dataset))


def noised_after_training(dataset: Dataset, *, seed: int = 0) -> Dataset:
    """Return the dataset with noise for all features and targets of what is decided after the training part."""
    rng = np.random.default_rng(seed)
    later = dataset.decision_s >= dataset.validation_start_s
    values = dataset.values.copy()
    values[later] = rng.standard_normal((int(later.sum()), values.shape[1])).astype(np.float32)
    untaught = dataset.part != TRAIN
    targets = {
        field.name: np.where(untaught, rng.random(untaught.shape), getattr(dataset.targets, field.name))
        for field in fields(dataset.targets)
        if getattr(dataset.targets, field.name).dtype == np.float64
    }
    return replace(dataset, values=values, targets=replace(dataset.targets, **targets))


def _scan(dataset: Dataset, config: EvaluationConfig) -> AuditCheck:
    told = target_leak_scan(dataset, config.leak_scan)
    beyond = tuple(str(each) for each in told if each.auc > each.limit)
    return AuditCheck(name="target_scan", passed=not beyond, found=beyond or tuple(map(str, told[:3])))


def _blindness(artifact: ServingArtifact, dataset: Dataset, config: EvaluationConfig) -> AuditCheck:
    """Fit again what the training part teaches, all that comes after it being noise; the published figures must come out."""
    noised = noised_after_training(dataset)
    scaler = scaler_fit(noised)
    novelty = novelty_fit(noised, scaler, quantile=config.novelty_quantile)
    column = dataset.features.index(artifact.volatility_feature)
    pairs = {
        "scaler mean": (artifact.mean, scaler.mean),
        "scaler deviation": (artifact.std, scaler.std),
        "novelty mean": (artifact.novelty_mean, novelty.mean),
        "novelty precision": (artifact.novelty_precision, novelty.precision),
    } | {
        f"{name} of {horizon}": (_figure(artifact.trust[horizon], name), _figure(base, name))
        for h, horizon in enumerate(dataset.horizons)
        for base in [base_of(noised, h=h, column=column)]
        for name in _BASE
    }
    differ = tuple(
        f"{name} is not that of the training rows alone"
        for name, (published, again) in pairs.items()
        if not np.allclose(published, again, rtol=1e-9, atol=1e-12)
    )
    return AuditCheck(
        name="fitted_on_training_rows",
        passed=not differ,
        found=differ
        or (f"{len(pairs)} published figures come out again with noise after the training part",),
    )


def _shifts(judged: Judged, dataset: Dataset) -> AuditCheck:
    said = judged.forecasts
    shifts = label_shifts(dataset, said.p_long - said.p_short, said.rows, part=TEST)
    complaints = shift_complaints(shifts, limit_auc=SKILL_AUC, least_kept=LEAST_KEPT)
    figures = tuple(
        f"horizon {s.horizon}: AUC {s.auc:.3f}, one bar later {s.one_bar_auc:.3f}, one window later "
        f"{s.one_window_auc:.3f} ({s.rows} rows)"
        for s in shifts
    )
    return AuditCheck(name="label_shift", passed=not complaints, found=complaints or figures)


def _figure(trust: HeadTrust, name: str) -> np.ndarray:
    return np.asarray(getattr(trust, name), dtype=np.float64)
