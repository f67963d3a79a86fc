"""The weights of a backbone: means over rows in several batches, from the very file of an artifact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="networks need Keras")

from modeling.fitting.explanation import keras_network, mean_weights, variables_of  # noqa: E402
from modeling.fitting.export import keras_bytes  # noqa: E402
from modeling.networks.build import build_networks, insight  # noqa: E402
from tests.modeling.networks.shapes import FEATURES, LOOKBACK, small_shape, windows  # noqa: E402
from tests.modeling.synthetic import tiny_recipe  # noqa: E402


def test_the_weights_of_a_stored_network_are_their_means_over_all_rows():
    keras.utils.set_random_seed(3)
    serving = build_networks(small_shape("tft")).serving
    selection = serving.get_layer("selection_logits")  # starts even: some weights must differ
    selection.kernel.assign(np.random.default_rng(0).standard_normal(selection.kernel.shape))
    bars = windows(300, seed=1)["bars"]  # more than one batch
    found = mean_weights(keras_network(keras_bytes(serving)), bars)
    told = insight(serving)({"bars": bars}, training=False)
    wanted = {name: np.asarray(keras.ops.convert_to_numpy(own), np.float64) for name, own in told.items()}
    np.testing.assert_allclose(
        found["attention_weights"], wanted["attention_weights"].mean(axis=0), atol=1e-6
    )
    np.testing.assert_allclose(
        found["variable_weights"], wanted["variable_weights"].mean(axis=(0, 1)), atol=1e-6
    )
    assert np.ptp(found["variable_weights"]) > 0.01
    assert found["attention_weights"].shape == (LOOKBACK,)
    assert found["variable_weights"].shape == (FEATURES,)
    assert mean_weights(serving, bars[:0]) == {}


def test_a_backbone_without_weights_tells_none():
    keras.utils.set_random_seed(3)
    assert mean_weights(build_networks(small_shape("tcn")).serving, windows(2)["bars"]) == {}


def test_variables_are_features_or_the_blocks_that_are_read_bar_by_bar():
    plain = tiny_recipe()
    assert variables_of(plain, ("a", "b")) == ("a", "b")
    network = replace(
        plain.network, blocks={"technical": 4, "fundamental": 2, "news": 2}, slow_blocks=("fundamental",)
    )
    assert variables_of(replace(plain, network=network), ("a", "b")) == ("technical", "news")
