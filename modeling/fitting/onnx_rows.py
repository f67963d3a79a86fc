"""What an exported graph need not compute for rows that only fill a batch: products of bars with bars.

A row keeps its bits in every batch: such products are made row by row, and those with weights still see all rows.
`onnx_check` compares every export with Keras afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper, shape_inference

# Operations that read a row of the batch from the same row alone, if they do not move the batch's axis.
_ROW_BY_ROW: Final = {
    "Abs", "Add", "CumSum", "Div", "Exp", "MatMul", "Max", "Min", "Mul", "Neg", "ReduceMax", "ReduceSum", "Slice", "Softmax",
    "Sub", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip
_RANK: Final = 4  # (batch, heads, bars, bars): what costs much
_IS_ROW, _PLACES, _ROWS = "row_is_own", "row_places", "_of_rows"

_Shapes = dict[str, list[Any]]


def skip_padding_products(model: ModelProto, *, padding_ticker: int) -> None:
    """Make products of bars with bars, and what leads to them alone, for rows that are not of the padding ticker.

    They stand for a third of what one row costs an xLSTM. The rows are taken out before and put back behind, zeros in
    the places of the others. A graph without such products, or where rows cannot be told, is left as it is.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    shapes = _shapes(model)
    inside = _inside(made_by, shapes)
    read = [name for own in inside for name in made_by[own].input if name in made_by and name not in inside]
    entering = list(dict.fromkeys(read))
    if not inside or not all(_of_batch(shapes.get(name), rank=2) for name in entering):
        return
    read_outside = {name for node in model.graph.node if node.output[0] not in inside for name in node.input}
    read_outside |= {output.name for output in model.graph.output}
    nodes = _which_rows(model, padding_ticker)
    for node in list(model.graph.node):
        name = node.output[0] if node.output else ""
        if name in inside:
            for place, each in enumerate(node.input):
                node.input[place] = each + _ROWS if each in inside or each in entering else each
            node.output[0] = name + _ROWS
        nodes.append(NodeProto.FromString(node.SerializeToString()))
        if name in inside and name in read_outside:
            nodes += _put_back(name)
        nodes += [
            helper.make_node("Compress", [own, _IS_ROW], [own + _ROWS], axis=0)
            for own in node.output
            if own in entering
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _shapes(model: ModelProto) -> _Shapes:
    """Return the shapes that can be told, by tensor; None where a size depends on the batch."""
    inferred = shape_inference.infer_shapes(model).graph.value_info
    return {
        own.name: [size.dim_value or None for size in own.type.tensor_type.shape.dim]
        for own in inferred
        if own.type.tensor_type.HasField("shape")
    }


def _of_batch(shape: list[Any] | None, *, rank: int) -> bool:
    return shape is not None and len(shape) >= rank and shape[0] is None


def _inside(made_by: dict[str, NodeProto], shapes: _Shapes) -> set[str]:
    """Return the tensors of all products of bars with bars and of what leads to them, or follows from them, alone."""

    def row_by_row(node: NodeProto) -> bool:
        made = [name for name in node.input if name in made_by]
        is_product = node.op_type == "MatMul"
        moves = node.op_type == "Transpose" and _permutation(node)[:1] != [0]
        return node.op_type in _ROW_BY_ROW and not moves and (not is_product or len(made) == len(node.input))

    inside = {
        name
        for name, node in made_by.items()
        if node.op_type == "MatMul" and row_by_row(node) and _of_batch(shapes.get(name), rank=_RANK)
    }
    waiting = list(inside)
    while waiting:
        for name in made_by[waiting.pop()].input:
            if name in made_by and name not in inside and row_by_row(made_by[name]):
                inside.add(name)
                waiting.append(name)
    for name, node in made_by.items():  # in their order, so one pass finds all that follows
        made = [each for each in node.input if each in made_by]
        if made and inside.issuperset(made) and row_by_row(node):
            inside.add(name)
    return inside


def _permutation(node: NodeProto) -> list[int]:
    return next((list(own.ints) for own in node.attribute if own.name == "perm"), [])


def _which_rows(model: ModelProto, padding_ticker: int) -> list[NodeProto]:
    """Return the nodes that tell which rows are not padding, and where they stand."""
    constants = (
        numpy_helper.from_array(np.asarray(padding_ticker, dtype=np.int32), "row_padding"),
        numpy_helper.from_array(np.asarray([1]), "row_one"),
        numpy_helper.from_array(np.asarray([2 * _RANK]), "row_end"),
    )
    model.graph.initializer.extend(constants)
    return _nodes(
        ("Greater", ["ticker", "row_padding"], _IS_ROW),
        ("NonZero", [_IS_ROW], "row_numbers"),
        ("Transpose", ["row_numbers"], _PLACES),
        ("Shape", ["ticker"], "row_all"),
    )


def _put_back(name: str) -> list[NodeProto]:
    """Return the nodes that give a tensor of own rows its place among all rows."""
    return _nodes(
        ("Shape", [name + _ROWS], f"{name}_own_shape"),
        ("Slice", [f"{name}_own_shape", "row_one", "row_end"], f"{name}_row_shape"),
        ("Concat", ["row_all", f"{name}_row_shape"], f"{name}_shape"),
        ("ConstantOfShape", [f"{name}_shape"], f"{name}_zeros"),
        ("ScatterND", [f"{name}_zeros", _PLACES, name + _ROWS], name),
    )


def _nodes(*told: tuple[str, Iterable[str], str]) -> list[NodeProto]:
    nodes = [helper.make_node(operation, list(reads), [made]) for operation, reads, made in told]
    for node in nodes:
        if node.op_type == "Concat":
            node.attribute.append(helper.make_attribute("axis", 0))
    return nodes
