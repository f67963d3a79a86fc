"""The dataset: parts apart in time, nothing dropped silently, and guards that can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.selectors.catalogue import feature_set_get
from modeling.contracts.heads import BASE_HEADS
from modeling.errors import DatasetRefusedError
from modeling.fitting.batches import Scaler, scaler_fit, stratified_rows
from modeling.fitting.dataset import (
    NO_PART,
    TEST,
    TRAIN,
    VALIDATION,
    Dataset,
    dataset_assemble,
)
from modeling.fitting.manifest import MadeFrom, dataset_manifest, trained_until_s
from modeling.fitting.parts import dataset_check, split_by_shares
from modeling.fitting.recipe import SplitConfig, recipe_load
from tests.modeling.kernels.bars_maker import labelled
from tests.modeling.synthetic import FEATURES, dataset, instruments, label_set, tiny_recipe
from traderai.common.config import fingerprint
from traderai.common.errors import InputError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


def test_no_label_of_a_part_reaches_the_next(data: Dataset):
    ends, day = data.targets.window_end_s, 86_400
    assert ends[data.part == TRAIN].max() + day < data.validation_start_s
    assert ends[data.part == VALIDATION].max() + day < data.test_start_s
    decisions = np.broadcast_to(data.decision_s[:, None], data.part.shape)
    assert decisions[data.part == VALIDATION].min() >= data.validation_start_s
    assert decisions[data.part == TEST].min() >= data.test_start_s
    assert trained_until_s(data) < data.test_start_s


def test_every_row_is_in_a_part_or_counted(data: Dataset):
    assert (data.part != NO_PART).sum() + sum((data.exclusions | data.purged).values()) == data.part.size
    assert data.exclusions["missing_features_in_window"] > 0


def test_labels_are_those_of_the_label_kernel(data: Dataset):
    for number, item in enumerate(instruments()):
        own = data.instrument == number
        for h, horizon in enumerate(label_set().horizons):
            outcome = labelled(item.bars, label_set(), horizon, item.cost_frac)
            known = data.part[own, h] != NO_PART
            np.testing.assert_array_equal(data.targets.p_long[own, h][known], outcome.long.label[known])
            np.testing.assert_array_equal(data.targets.short_gross[own, h], outcome.short.gross_frac)


def test_windows_do_not_cross_instruments(data: Dataset):
    starts = np.flatnonzero(np.diff(data.instrument, prepend=-1))
    for start in starts:
        assert not data.eligible[start : start + data.lookback_bars - 1].any()


def test_the_manifest_adds_up_and_its_hash_moves_with_the_data(data: Dataset):
    made_from = MadeFrom(recipe=tiny_recipe(), seed=3, is_simulated=True, without_features=("GONE",))
    manifest = dataset_manifest(data, made_from)
    assert dataset_manifest(dataset(), made_from) == manifest  # the same inputs
    assert (manifest["seed"], manifest["universe"], manifest["without_features"]) == (3, "all", ["GONE"])
    assert manifest["feature_set"] == {
        "name": "tech_v1",
        "sha256": feature_set_get(name="tech_v1").sha,
    }
    assert manifest["label_set"]["sha256"] == fingerprint(tiny_recipe().labels())
    assert set(manifest["spans"]) == set(data.secids)
    counted = sum(manifest["exclusions"].values()) + sum(part["rows"] for part in manifest["parts"].values())
    assert counted == data.part.size
    for part in manifest["parts"].values():
        assert part["rows"] == sum(entry["rows"] for entry in part["by_share"].values())
        assert part["rows"] == sum(entry["rows"] for entry in part["by_horizon"].values())
    assert dataset().sha256 == manifest["sha256"]
    values = data.values.copy()
    values[-1, 0] += 1.0
    assert replace(data, values=values).sha256 != manifest["sha256"]


def assert_scaler_is_blind_to_later_rows(fit, data: Dataset) -> None:
    """Fail if the scaler changes when everything after the training part does."""
    values = data.values.copy()
    values[data.decision_s >= data.validation_start_s] = 1e6
    before, after = fit(data), fit(replace(data, values=values))
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.std, after.std)


def test_the_scaler_sees_training_rows_alone(data: Dataset):
    assert_scaler_is_blind_to_later_rows(scaler_fit, data)


def test_the_scaler_test_catches_a_scaler_that_sees_test_rows(data: Dataset):
    def leaking(dataset: Dataset) -> Scaler:
        rows = dataset.values[dataset.eligible].astype(np.float64)
        return Scaler(mean=rows.mean(axis=0), std=rows.std(axis=0), sparse=dataset.sparse)

    with pytest.raises(AssertionError):
        assert_scaler_is_blind_to_later_rows(leaking, data)


def test_a_single_class_is_refused(data: Dataset):
    labels = data.targets.p_long.copy()
    labels[data.part == VALIDATION] = 0.0
    broken = replace(data, targets=replace(data.targets, p_long=labels))
    with pytest.raises(DatasetRefusedError, match=r"single class .* validation part at horizon 1d"):
        dataset_check(broken, max_missing_frac=0.2)


def test_an_empty_part_is_refused(data: Dataset):
    part = np.where(data.part == TEST, NO_PART, data.part).astype(np.int8)
    with pytest.raises(DatasetRefusedError, match="test part has no row"):
        dataset_check(replace(data, part=part), max_missing_frac=0.2)


def test_a_constant_or_missing_feature_is_refused_by_name(data: Dataset):
    values = data.values.copy()
    values[:, 2] = 3.0
    with pytest.raises(DatasetRefusedError, match="constant on the train rows: noise"):
        dataset_check(replace(data, values=values), max_missing_frac=0.2)
    with pytest.raises(DatasetRefusedError, match=r"missing in .* of SHR0"):
        dataset_check(data, max_missing_frac=0.001)


def test_no_bars_and_too_few_bars_are_refused():
    split = SplitConfig(train_frac=0.6, validation_frac=0.2, test_frac=0.2, embargo_days=1.0)
    options = {"features": FEATURES, "label_set": label_set(), "lookback_bars": 8}
    with pytest.raises(DatasetRefusedError, match="no bars"):
        dataset_assemble([], **options)
    with pytest.raises(DatasetRefusedError):
        split_by_shares(dataset_assemble(instruments(days=8), **options), split)


def test_a_sample_takes_its_share_of_every_stretch():
    rows = np.arange(10_000)
    chosen = stratified_rows(rows, limit=100, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(chosen // 100, np.arange(100))
    np.testing.assert_array_equal(stratified_rows(rows[:50], limit=100, rng=None), rows[:50])


def test_a_recipe_refuses_what_it_does_not_know():
    with pytest.raises(InputError, match="did you mean 'global_swing_v1'"):
        recipe_load("global_swing_v2")
    with pytest.raises(InputError, match="did you mean 'channels'"):
        recipe_load("global_swing_v1", overrides=("network.chanels=8",))
    with pytest.raises(InputError, match="power of two"):
        recipe_load("global_swing_v1", overrides=("network.lookback_bars=60",))
    with pytest.raises(InputError, match=r"key.sub=value"):
        recipe_load("global_swing_v1", overrides=("seed",))
    with pytest.raises(InputError, match="no key 'clips'"):
        recipe_load("global_swing_v1", overrides=("order_levels.clips=[0.5, 2.0]",))
    pairs = "order_levels.candidates=[{take_profit: 0.5, stop: 0.25}]"
    with pytest.raises(InputError, match="stop"):
        recipe_load("global_swing_v1", overrides=(pairs,))
    # Levels are drawn from heads that the network must have.
    plain = dict.fromkeys(BASE_HEADS, 1.0)
    bare = (f"network.heads={list(BASE_HEADS)}", f"fit.loss_weights={plain}")
    with pytest.raises(InputError, match=r"order_levels are drawn from long_mfe_quantiles.*network\.heads"):
        recipe_load("global_swing_v1", overrides=bare)
    assert recipe_load("global_swing_v1", overrides=(*bare, "order_levels=null")).order_levels is None
    assert recipe_load("global_swing_v1", overrides=("fit.max_epochs=3",)).fit.max_epochs == 3
