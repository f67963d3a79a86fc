"""Sparse features from dataset to live scoring: rows stay, what is missing is 0 beside a flag, the same bits everywhere."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.errors import DatasetRefusedError
from modeling.fitting.batches import scaler_fit
from modeling.fitting.candidates import scaler_json
from modeling.fitting.dataset import TRAIN, Dataset, InstrumentRows, dataset_assemble
from modeling.fitting.evidence import novelty_fit
from modeling.fitting.forecasters import FitTask, LogisticForecaster, design
from modeling.fitting.manifest import MadeFrom, dataset_manifest
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import SplitConfig
from modeling.kernels.windows import complete_rows
from modeling.registry.artifact import json_bytes
from modeling.registry.scorer import network_inputs
from tests.modeling.synthetic import FEATURES, instruments, label_set, tiny_recipe
from tests.modeling.window_maker import plain_windows

NAMES = (*FEATURES, "mood", "alerts", "margin")
BLOCKS = ("", "", "", "news", "news", "fundamental")
FLAGS = ("missing_news", "missing_fundamental")
LOOKBACK = 8


def sparse_rows() -> list[InstrumentRows]:
    """Return shares of which one has no fundamentals and all have news on some days only, infinite now and then."""
    found = []
    for number, item in enumerate(instruments()):
        rng = np.random.default_rng(number)
        n = len(item.bars)
        news = rng.normal(size=(n, 2))
        news[np.repeat(rng.random(n // 9 + 1) < 0.6, 9)[:n]] = np.nan
        news[rng.random(n) < 0.01, 0] = np.inf
        margin = np.full((n, 1), np.nan) if number == 0 else 7.0 + rng.normal(size=(n, 1))
        values = np.concatenate([item.values, news, margin], axis=1).astype(np.float32)
        found.append(replace(item, values=values))
    return found


def assembled(rows: list[InstrumentRows], blocks: tuple[str, ...] | None = BLOCKS) -> Dataset:
    whole = dataset_assemble(
        rows, features=NAMES, label_set=label_set(), lookback_bars=LOOKBACK, sparse_blocks=blocks
    )
    split = SplitConfig(train_frac=0.6, validation_frac=0.2, test_frac=0.2, embargo_days=1.0)
    return split_by_shares(whole, split)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return assembled(sparse_rows())


def served(data: Dataset) -> ServingArtifact:
    """Return what scoring reads back of the dataset's scaler."""
    told = json.loads(json_bytes(scaler_json(data, scaler_fit(data))))
    facts = dict.fromkeys(ModelVersionFacts.__dataclass_fields__, "")
    nothing: dict = {name: {} for name in ("trust", "evidence")}
    return ServingArtifact(
        version=ModelVersionFacts(**facts), onnx=b"", feature_names=tuple(told["features"]),
        sparse_blocks=tuple(told["sparse_blocks"]), mean=np.asarray(told["mean"]), std=np.asarray(told["std"]),
        ticker_rows={}, horizon_rows={}, volatility_feature="volatility", novelty_mean=np.zeros(0),
        novelty_precision=np.zeros((0, 0)), **nothing,
    )  # fmt: skip


def test_rows_without_sparse_values_stay_and_rows_without_dense_ones_are_counted(data: Dataset):
    assert data.features == (*NAMES, *FLAGS)
    dense = dataset_assemble(instruments(), features=FEATURES, label_set=label_set(), lookback_bars=LOOKBACK)
    np.testing.assert_array_equal(data.eligible, dense.eligible)
    assert data.exclusions == dense.exclusions
    assert data.exclusions["missing_features_in_window"] > 0
    dataset_check(data, max_missing_frac=0.2)
    rows = data.rows_of(TRAIN)
    assert (data.values[rows[data.instrument[rows] == 0], -1] == 1.0).all()  # the share without fundamentals


def test_the_manifest_tells_how_much_of_each_source_is_missing(data: Dataset):
    made_from = MadeFrom(recipe=tiny_recipe(), seed=0, is_simulated=True, without_features=())
    told = dataset_manifest(data, made_from)["sparse_missing_frac"]
    assert list(told) == list(FLAGS)
    assert 0.5 < told["missing_news"] < 0.7
    assert abs(told["missing_fundamental"] - 1 / 3) < 0.01  # one share of three


def test_the_scaler_reads_the_values_that_are_there(data: Dataset):
    scaler = scaler_fit(data)
    rows = data.values[data.rows_of(TRAIN)].astype(np.float64)
    np.testing.assert_allclose(scaler.mean[3:6], np.nanmean(rows[:, 3:6], axis=0))
    np.testing.assert_allclose(scaler.std[3:6], np.nanstd(rows[:, 3:6], axis=0))
    assert scaler.mean[6:].tolist() == [0.0, 0.0]
    assert scaler.std[6:].tolist() == [1.0, 1.0]
    assert abs(scaler.mean[5] - 7.0) < 0.1  # zeros in place of what is missing would have drawn it down


def test_live_inputs_have_the_bits_of_training_inputs(data: Dataset):
    raw = np.concatenate([item.values for item in sparse_rows()])
    rows = np.flatnonzero(data.usable.any(axis=1))[::7]
    gaps = plain_windows(data.values, rows, LOOKBACK)[..., 3:6]
    assert np.isnan(gaps).any(axis=(1, 2)).any()
    assert (~np.isnan(gaps[..., :2])).all(axis=(1, 2)).any()
    trained = plain_windows(scaler_fit(data).apply(data.values), rows, LOOKBACK)
    assert np.isfinite(trained).all()
    artifact = served(data)
    for row, window in zip(rows, trained, strict=True):
        live = raw[row - LOOKBACK + 1 : row + 1]
        assert complete_rows(live, np.array([block != "" for block in BLOCKS])).all()
        np.testing.assert_array_equal(network_inputs(live, artifact), window)
    # The sabotage: zeros in place of what is missing are other inputs.
    zeros = np.nan_to_num(raw[rows[0] - LOOKBACK + 1 : rows[0] + 1], posinf=0.0)
    assert (network_inputs(zeros, artifact) != trained[0]).any()


def test_forecasters_and_novelty_read_no_gap(data: Dataset):
    scaler = scaler_fit(data)
    task = FitTask(dataset=data, scaler=scaler, column=1, seed=0)
    rows = data.rows_of(TRAIN)
    assert np.isfinite(design(task, rows, 0)).all()
    assert design(task, rows, 0).shape == (rows.size, len(data.features) + 2)
    assert np.isfinite(LogisticForecaster(max_rows=500).fit(task).raw(rows).p_long_logit).all()
    novelty = novelty_fit(data, scaler, quantile=0.99)
    assert np.isfinite(novelty.limit)


def test_a_silent_source_is_refused_by_name_and_a_silent_feature_that_is_dense_too(data: Dataset):
    values = data.values.copy()
    values[data.decision_s < data.validation_start_s, 4] = np.nan
    silent = replace(data, values=values)
    with pytest.raises(DatasetRefusedError, match="without any value on the train rows: alerts;"):
        dataset_check(silent, max_missing_frac=0.2)
    with pytest.raises(DatasetRefusedError, match="missing or constant on the training rows: alerts;"):
        scaler_fit(silent)
    values = data.values.copy()
    values[:, 5] = np.where(np.isnan(values[:, 5]), np.nan, 3.0)
    steady = replace(data, values=values)
    dataset_check(steady, max_missing_frac=0.2)  # a sparse feature may be the same whenever it is there
    assert scaler_fit(steady).std[5] == 1.0
    with pytest.raises(DatasetRefusedError):
        dense = assembled(sparse_rows(), blocks=None)
        dataset_check(dense, max_missing_frac=0.2)
