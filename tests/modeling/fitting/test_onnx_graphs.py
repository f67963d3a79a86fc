"""Loops of exported graphs, made by hand: lighter ones say the same, and one that ends by its values stays."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.checker import check_model

from modeling.fitting.onnx_graphs import lighten_loops

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
BARS = 5
CARRIED = np.float32([[0.5, -1.0], [2.0, 0.25]])


def loop_model(*condition: object) -> ModelProto:
    """Return a loop state = tanh(state @ weight) over BARS that carries its weight and asks this for its end."""
    node, info = helper.make_node, helper.make_tensor_value_info
    states = {"state": (FLOAT, [None, 2]), "weight": (FLOAT, [2, 2])}
    body = helper.make_graph(
        [node("MatMul", ["state", "weight"], ["product"]), node("Tanh", ["product"], ["next"]), *condition],
        "body",
        [info("bar", INT64, []), info("go", BOOL, []), *(info(name, *own) for name, own in states.items())],
        [info("on", BOOL, []), info("next", FLOAT, [None, 2]), info("weight", FLOAT, [2, 2])],
        [
            numpy_helper.from_array(np.int64(BARS), "bars"),
            numpy_helper.from_array(np.float32(0.9), "limit"),
        ],
    )
    constants = {"count": np.int64(BARS), "yes": np.bool_(True), "kernel": CARRIED}
    graph = helper.make_graph(
        [node("Loop", ["count", "yes", "x", "kernel"], ["y", "unread"], body=body)],
        "graph",
        [info("x", FLOAT, [None, 2])],
        [info("y", FLOAT, [None, 2])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def said(model: ModelProto, x: np.ndarray) -> np.ndarray:
    check_model(model)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(["y"], {"x": x})[0]


def body_of(model: ModelProto) -> tuple[list[str], list[str]]:
    body = model.graph.node[0].attribute[0].g
    return [node.op_type for node in body.node], [own.name for own in body.input]


BY_NUMBER = (
    helper.make_node("Cast", ["bar"], ["number"], to=INT64),
    helper.make_node("Less", ["number", "bars"], ["on"]),
)
BY_VALUE = (
    helper.make_node("ReduceMax", ["next"], ["largest"], keepdims=0),
    helper.make_node("Less", ["largest", "limit"], ["on"]),
)


@pytest.mark.parametrize(
    ("condition", "left"),
    [(BY_NUMBER, ["MatMul", "Tanh"]), (BY_VALUE, ["MatMul", "Tanh", "ReduceMax", "Less"])],
)
def test_a_lighter_loop_says_the_same_and_keeps_an_end_that_depends_on_values(condition, left: list[str]):
    model = loop_model(*condition)
    rows = [np.float32([[0.3, -2.0], [1.0, 1.0]]), np.float32([[-4.0, -1.0]])]
    before = [said(model, x) for x in rows]
    lighten_loops(model)
    assert body_of(model) == (left, ["bar", "go", "state"])
    for x, wanted in zip(rows, before, strict=True):
        np.testing.assert_array_equal(said(model, x), wanted)
    state = rows[0]
    for _ in range(BARS):
        state = np.tanh(state @ CARRIED)
    assert np.allclose(before[0], state, rtol=1e-5) == (condition is BY_NUMBER)


def test_a_loop_without_a_trip_count_is_left_alone():
    model = loop_model(*BY_VALUE)
    model.graph.node[0].input[0] = ""
    before = model.SerializeToString()
    lighten_loops(model)
    assert model.SerializeToString() == before
