"""The leak audit of a version: an honest one passes, and each guard is seen to catch its leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.fitting.batches import Scaler, scaler_fit
from modeling.fitting.calibration import base_of
from modeling.fitting.dataset import TEST, TRAIN, Dataset, KnownRanks
from modeling.fitting.evidence import novelty_fit
from modeling.fitting.forecasts import Forecasts, Provenance
from modeling.fitting.judging import Judged
from modeling.fitting.leak_audit import noised_after_training, version_audit
from modeling.fitting.recipe import LeakScanConfig
from tests.modeling.synthetic import FEATURES, dataset, tiny_recipe

COLUMN = FEATURES.index("volatility")
LOOSE = LeakScanConfig(
    direction_auc=0.95, side_auc=0.95
)  # a planted hint tells more than an honest feature may


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset(planted=True)


def published(data: Dataset, scaler: Scaler, base: Dataset) -> ServingArtifact:
    facts = dict.fromkeys(ModelVersionFacts.__dataclass_fields__, "")
    novelty = novelty_fit(data, scaler, quantile=0.999)
    return ServingArtifact(
        version=ModelVersionFacts(**facts), onnx=b"", feature_names=data.features, sparse_blocks=data.sparse_blocks,
        mean=scaler.mean, std=scaler.std, ticker_rows={}, horizon_rows={}, volatility_feature="volatility",
        trust={name: base_of(base, h=h, column=COLUMN) for h, name in enumerate(data.horizons)}, evidence={},
        novelty_mean=novelty.mean, novelty_precision=novelty.precision,
    )  # fmt: skip


def saying(data: Dataset, score: np.ndarray) -> Judged:
    rows = data.rows_of(TEST)
    p = 0.5 + 0.1 * score[rows]
    shape = (rows.size, len(data.horizons))
    forecasts = Forecasts(
        provenance=Provenance.of_fit("test", data), rows=rows, p_long=np.repeat(p[:, None], shape[1], axis=1),
        p_short=np.full(shape, 0.3), return_quantiles=np.zeros((*shape, 7)), volatility=np.ones(shape),
        direction=np.full((*shape, 5), 0.2),
    )  # fmt: skip
    scaler = scaler_fit(data)
    return Judged(
        forecasts=forecasts, evidence={}, scaler=scaler, novelty=novelty_fit(data, scaler, quantile=0.99)
    )


def audited(
    data: Dataset, *, artifact: ServingArtifact | None = None, scan: LeakScanConfig = LOOSE
) -> dict[str, bool]:
    config = replace(tiny_recipe().evaluation, leak_scan=scan)
    own = artifact or published(data, scaler_fit(data), data)
    judged = saying(data, data.values[:, 0].astype(np.float64))
    return {check.name: check.passed for check in version_audit(own, judged, data, config)}


def test_an_honest_version_passes_every_guard(data: Dataset):
    assert audited(data) == {"target_scan": True, "fitted_on_training_rows": True, "label_shift": True}


def test_a_feature_that_tells_too_much_fails_the_scan(data: Dataset):
    found = audited(data, scan=LeakScanConfig())
    assert [name for name, passed in found.items() if not passed] == ["target_scan"]


def test_a_daily_rank_that_tells_too_much_fails_the_scan(data: Dataset):
    place = np.nan_to_num(data.targets.forward_return[:, 0])
    ranks = KnownRanks(name="daily_rank_5d", place=place, known_s=data.decision_s)
    assert not audited(replace(data, ranks=ranks))["target_scan"]
    noise = np.random.default_rng(0).standard_normal(place.size)
    assert audited(replace(data, ranks=replace(ranks, place=noise)))["target_scan"]


def test_a_scaler_and_base_rates_that_saw_later_rows_fail(data: Dataset):
    rows = data.values[data.eligible].astype(np.float64)
    seen = Scaler(mean=rows.mean(axis=0), std=rows.std(axis=0), sparse=data.sparse)
    assert not audited(data, artifact=published(data, seen, data))["fitted_on_training_rows"]
    everywhere = replace(data, part=np.where(data.usable, TRAIN, data.part).astype(np.int8))
    assert not audited(data, artifact=published(data, scaler_fit(data), everywhere))[
        "fitted_on_training_rows"
    ]


def test_skill_that_belongs_to_no_window_fails(data: Dataset):
    share = np.where(data.instrument == 0, 1.0, -1.0)
    moved = np.where(np.isfinite(data.targets.forward_return), 0.01 * share[:, None], np.nan)
    steady = replace(data, targets=replace(data.targets, forward_return=moved))
    checks = version_audit(
        published(steady, scaler_fit(steady), steady), saying(steady, share), steady, replace(tiny_recipe().evaluation, leak_scan=LOOSE)
    )  # fmt: skip
    assert [check.name for check in checks if not check.passed] == ["label_shift"]


def test_the_noise_leaves_the_training_part_alone(data: Dataset):
    noised = noised_after_training(data)
    own = data.part == TRAIN
    for name in ("p_long", "forward_return", "long_gross"):
        np.testing.assert_array_equal(getattr(noised.targets, name)[own], getattr(data.targets, name)[own])
    later = data.decision_s >= data.validation_start_s
    np.testing.assert_array_equal((noised.values != data.values).any(axis=1) & later, later)
    np.testing.assert_array_equal(noised.values[~later], data.values[~later])
