"""The exported network: what it says is what Keras computes, the same bits for a row in every batch."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import helper, load_from_string

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.errors import ExportMismatchError  # noqa: E402
from modeling.fitting.export import onnx_check, onnx_export  # noqa: E402
from modeling.networks.build import build_networks  # noqa: E402
from modeling.registry.scorer import BATCH_ROWS, PADDING, Network  # noqa: E402
from tests.modeling.networks.shapes import (  # noqa: E402
    FEATURES,
    HORIZONS,
    LOOKBACK,
    TICKERS,
    small_shape,
    windows,
)  # fmt: skip


@pytest.fixture(scope="module")
def exported() -> dict[str, bytes]:
    graphs = {}
    for backbone in ("tcn", "lstm", "xlstm"):
        keras.utils.set_random_seed(3)
        serving = build_networks(small_shape(backbone)).serving
        for own in serving.weights:
            if own.path.endswith("/beta"):  # a beta of zeros, as they begin, is not exported
                own.assign(keras.random.normal(own.shape, seed=3))
        graphs[backbone] = onnx_export(serving, lookback_bars=LOOKBACK, n_features=FEATURES)
    return graphs


def test_the_comparison_catches_another_network(exported: dict[str, bytes]):
    keras.utils.set_random_seed(4)
    another = build_networks(small_shape("tcn")).serving
    with pytest.raises(ExportMismatchError, match="differs"):
        onnx_check(another, exported["tcn"], n_tickers=TICKERS, n_horizons=HORIZONS, seed=1)


@pytest.mark.parametrize("backbone", ["tcn", "lstm", "xlstm"])
def test_a_row_gives_the_same_bits_in_every_batch(exported: dict[str, bytes], backbone: str):
    network, feed = Network(exported[backbone]), windows(BATCH_ROWS * 2 + 5)
    whole = network.run(**feed)
    for row in (0, 31, 32, 68):
        alone = network.run(**{name: array[row : row + 1] for name, array in feed.items()})
        for head in network.heads:
            np.testing.assert_array_equal(alone.of(head)[0], whole.of(head)[row])
    assert network.run(**windows(0)).return_quantiles.shape == (0, 7)


@pytest.mark.parametrize(("backbone", "norms"), [("tcn", 2), ("lstm", 1), ("xlstm", 6)])
def test_every_norm_is_one_operation_and_nothing_is_left_of_it(
    exported: dict[str, bytes], backbone: str, norms: int
):
    graph = load_from_string(exported[backbone]).graph
    operations = [node.op_type for node in graph.node]
    assert operations.count("LayerNormalization") == norms
    assert not {"GlobalAveragePool", "ReduceMean", "Reciprocal"} & set(operations)


def taken_out(onnx: bytes) -> list[str]:
    return [node.output[0] for node in load_from_string(onnx).graph.node if node.op_type == "Compress"]


def test_products_of_bars_with_bars_leave_padding_out(exported: dict[str, bytes]):
    model, taken = load_from_string(exported["xlstm"]), taken_out(exported["xlstm"])
    back = [node.output[0] for node in model.graph.node if node.op_type == "ScatterND"]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in taken + back)
    feed = windows(5)
    feed["ticker"][[1, 3]] = PADDING
    read = onnxruntime.InferenceSession(model.SerializeToString()).run(taken + back, feed)
    assert [own.shape[0] for own in read] == [3] * len(taken) + [5]
    assert len(taken) == 5  # query, key, value and both gates
    assert (read[-1][[1, 3]] == 0).all() and (read[-1][[0, 2, 4]] != 0).any(axis=(1, 2, 3)).all()
    assert not taken_out(exported["tcn"]) and not taken_out(exported["lstm"])  # they have no such products


def test_an_lstm_is_one_operation_that_skips_padding(exported: dict[str, bytes]):
    model = load_from_string(exported["lstm"])
    assert not [node for node in model.graph.node if node.op_type in ("Loop", "Scan")]
    states = [node.output[0] for node in model.graph.node if node.op_type == "LSTM"]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in states)
    feed = windows(3)
    feed["ticker"][1] = PADDING
    read = onnxruntime.InferenceSession(model.SerializeToString()).run(states, feed)  # (L, 1, b, units) each
    assert len(read) == 2
    for found in read:
        assert (found[:, :, 1] == 0).all() and (found[:, :, ::2] != 0).all()
