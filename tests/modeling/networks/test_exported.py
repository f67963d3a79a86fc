"""The exported network: what it says is what Keras computes, the same bits for a row in every batch."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.errors import ExportMismatchError  # noqa: E402
from modeling.fitting.export import onnx_check, onnx_export  # noqa: E402
from modeling.networks.build import build_networks  # noqa: E402
from modeling.registry.scorer import BATCH_ROWS, Network  # noqa: E402
from tests.modeling.networks.shapes import (  # noqa: E402
    FEATURES,
    HORIZONS,
    LOOKBACK,
    TICKERS,
    small_shape,
    windows,
)  # fmt: skip


@pytest.fixture(scope="module")
def serving():
    keras.utils.set_random_seed(3)
    return build_networks(small_shape("tcn")).serving


@pytest.fixture(scope="module")
def onnx(serving) -> bytes:
    return onnx_export(serving, lookback_bars=LOOKBACK, n_features=FEATURES)


def test_the_comparison_catches_another_network(onnx: bytes):
    keras.utils.set_random_seed(4)
    another = build_networks(small_shape("tcn")).serving
    with pytest.raises(ExportMismatchError, match="differs"):
        onnx_check(another, onnx, n_tickers=TICKERS, n_horizons=HORIZONS, seed=1)


def test_a_row_gives_the_same_bits_in_every_batch(onnx: bytes):
    network, feed = Network(onnx), windows(BATCH_ROWS * 2 + 5)
    whole = network.run(**feed)
    for row in (0, 31, 32, 68):
        alone = network.run(**{name: array[row : row + 1] for name, array in feed.items()})
        for head in network.heads:
            np.testing.assert_array_equal(alone.of(head)[0], whole.of(head)[row])
    assert network.run(**windows(0)).return_quantiles.shape == (0, 7)
