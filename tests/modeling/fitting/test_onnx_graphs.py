"""Exported graphs, made by hand: lighter ones say the same, and what only looks alike stays."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.checker import check_model

from modeling.fitting.onnx_graphs import OPSET, drop_unread, fuse_norms, lighten_loops

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


def test_a_softplus_in_a_loop_is_worked_out_by_operations_on_many_numbers():
    model = loop_model(*BY_NUMBER)
    body = model.graph.node[0].attribute[0].g
    body.node[1].op_type = "Softplus"
    rows = np.float32([[90.0, 89.0], [-1e4, 1e4], [-3.0, 0.1], [200.0, -200.0]])
    before = said(model, rows)
    lighten_loops(model)
    assert body_of(model)[0] == ["MatMul", "Min", "Exp", "Add", "Log", "Max"]
    np.testing.assert_allclose(said(model, rows), before, rtol=1e-6, atol=1e-6)


def norm_model(*, beta: bool, mean_of: str = "x") -> ModelProto:
    """Return x normalised over its last axis as the exporter writes it, or, of another mean, something alike."""
    node, info = helper.make_node, helper.make_tensor_value_info
    nodes = [
        node("ReduceMean", ["x"], ["mean"], axes=[-1], keepdims=1),
        node("ReduceMean", [mean_of], ["other"], axes=[-1], keepdims=1),
        node("Neg", ["other"], ["less"]),
        node("Sub", ["x", "mean"], ["centred"]),
        node("Mul", ["centred", "centred"], ["squares"]),
        node("ReduceMean", ["squares"], ["variance"], axes=[-1], keepdims=1),
        node("Add", ["variance", "epsilon"], ["floored"]),
        node("Sqrt", ["floored"], ["spread"]),
        node("Reciprocal", ["spread"], ["inverse"]),
        node("Mul", ["inverse", "gamma"], ["gain"]),
        node("Mul", ["gain", "x"], ["scaled"]),
        node("Mul", ["less", "gain"], ["moved"]),
        node("Add", ["moved", "beta"], ["shift"]),
        node("Add", ["scaled", "shift" if beta else "moved"], ["y"]),
    ]
    rng = np.random.default_rng(0)
    constants = {"epsilon": np.float32(1e-3)} | {
        name: rng.random(6, np.float32) for name in ("gamma", "beta")
    }
    graph = helper.make_graph(
        nodes,
        "graph",
        [info(name, FLOAT, [None, 3, 6]) for name in sorted({"x", mean_of})],
        [info("y", FLOAT, [None, 3, 6])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


@pytest.mark.parametrize("beta", [True, False])
def test_a_norm_becomes_one_operation_that_says_the_same(beta: bool):
    model = norm_model(beta=beta)
    constants = {own.name: numpy_helper.to_array(own) for own in model.graph.initializer}
    x = np.random.default_rng(1).standard_normal((4, 3, 6)).astype(np.float32) * 5.0
    fuse_norms(model)
    drop_unread(model.graph)
    assert [node.op_type for node in model.graph.node] == ["LayerNormalization"]
    assert {own.name for own in model.graph.initializer} == ({"gamma", "beta"} if beta else {"gamma"})
    centred = x - x.mean(axis=-1, keepdims=True)
    wanted = centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3) * constants["gamma"]
    np.testing.assert_allclose(said(model, x), wanted + beta * constants["beta"], atol=2e-6)


def test_what_only_looks_like_a_norm_stays():
    model = norm_model(beta=True, mean_of="z")
    before = model.SerializeToString()
    fuse_norms(model)
    assert model.SerializeToString() == before
