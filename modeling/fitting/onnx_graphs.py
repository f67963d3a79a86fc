"""What an exported graph need not do: gates of rows that only fill a batch, norms in a dozen steps, idle work in loops.

No number changes but by rounding; `onnx_check` compares every export with Keras afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Final

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET: Final = 17  # the first whose layer normalisation is one operation
_LENGTHS = "bars_of_row"  # the tensor (b,) that tells recurrent layers how many bars a row has
_LENGTHS_INPUT = 4  # its place among the inputs of ONNX's LSTM and GRU
_COUNTING = {"Add", "Cast", "Less", "And", "Identity"}  # what asks for nothing but the number of a bar
_LOOP_OWN = 2  # inputs of a loop and of its body before the states: trip count or number, and condition
_LARGEST_EXP = 80.0  # its exponential still is a float32, beside which 1 does not count

# A part of a graph as (operation, what it reads, ...). A text stands for whatever is there, the same for the same.
_Part = str | tuple["_Part", ...]
_EITHER_WAY = ("Add", "Mul")
_MEANS = ("GlobalAveragePool", "ReduceMean")  # the exporter takes the one or the other by the number of axes
_MEAN: _Part = ("Mean", "x")
_CENTRED: _Part = ("Sub", "x", _MEAN)
_VARIANCE: _Part = ("Mean", ("Mul", _CENTRED, _CENTRED))
_GAIN: _Part = ("Mul", ("Reciprocal", ("Sqrt", ("Add", _VARIANCE, "epsilon"))), "gamma")
_SHIFT: _Part = ("Mul", ("Neg", _MEAN), _GAIN)
_NORMS: tuple[_Part, ...] = (
    ("Add", ("Mul", "x", _GAIN), ("Add", _SHIFT, "beta")),
    ("Add", ("Mul", "x", _GAIN), _SHIFT),  # a beta of zeros is not exported
)


def skip_padding(model: ModelProto, *, lookback_bars: int, padding_ticker: int) -> None:
    """Tell LSTM and GRU nodes that rows of the padding ticker, which only fill a batch, have no bars.

    ONNX Runtime works out no gates of such rows: they are 40 % of what one row costs an LSTM. Products of matrices
    keep all rows of the batch, so the other rows keep their bits.
    """
    graph = model.graph
    recurrent = [node for node in graph.node if node.op_type in ("LSTM", "GRU")]
    if not recurrent:
        return
    for node in recurrent:
        node.input.extend([""] * (_LENGTHS_INPUT + 1 - len(node.input)))
        node.input[_LENGTHS_INPUT] = _LENGTHS
    constants = {"padding_ticker": padding_ticker, "bars_of_window": lookback_bars}
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, dtype=np.int32), name) for name, value in constants.items()
    )
    lengths = (
        helper.make_node("Greater", ["ticker", "padding_ticker"], ["is_row"]),
        helper.make_node("Cast", ["is_row"], ["row_count"], to=TensorProto.INT32),
        helper.make_node("Mul", ["row_count", "bars_of_window"], [_LENGTHS]),
    )
    for place, node in enumerate(lengths):  # before all nodes that read them
        graph.node.insert(place, node)


def fuse_norms(model: ModelProto) -> None:
    """Make one operation of each layer normalisation; what the exporter writes takes twice as long and rounds more."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    constants = {own.name: numpy_helper.to_array(own) for own in model.graph.initializer}
    for node in model.graph.node:
        found = next((own for norm in _NORMS for own in _found(norm, node.output[0], made_by, {})), None)
        if found is None or not {*found.values()} - {found["x"]} <= constants.keys():
            continue
        reads = [found[name] for name in ("x", "gamma", "beta") if name in found]
        epsilon = float(constants[found["epsilon"]].item())
        node.CopyFrom(helper.make_node("LayerNormalization", reads, node.output, axis=-1, epsilon=epsilon))


def _found(
    part: _Part, name: str, made_by: dict[str, NodeProto], so_far: dict[str, str]
) -> Iterator[dict[str, str]]:
    """Yield what the texts of a part stand for, once for every way in which it makes the tensor of this name."""
    if isinstance(part, str):
        if so_far.get(part, name) == name:
            yield so_far | {part: name}
        return
    operation, *parts = part
    node = made_by.get(name)
    if node is None or node.op_type not in (_MEANS if operation == "Mean" else (operation,)):
        return
    for read in permutations(node.input) if operation in _EITHER_WAY else [tuple(node.input)]:
        ways = [so_far]
        for own, each in zip(parts, read, strict=True):
            ways = [further for way in ways for further in _found(own, each, made_by, way)]
        yield from ways


def lighten_loops(model: ModelProto) -> None:
    """Let loops over bars end by their trip count alone, read weights instead of carrying them, and no softplus.

    The exporter asks after every bar whether the end has come, which the trip count knows, and hands the weights from
    bar to bar, so that ONNX Runtime can neither fold nor pack them. A softplus takes it as long as ten other operations.
    """
    read = {name for node in model.graph.node for name in node.input}
    read |= {output.name for output in model.graph.output}
    for loop in [node for node in model.graph.node if node.op_type == "Loop" and node.input[0]]:
        body = next(attribute.g for attribute in loop.attribute if attribute.name == "body")
        for place in reversed(range(len(body.input) - _LOOP_OWN)):
            is_constant = body.input[_LOOP_OWN + place].name == body.output[1 + place].name
            if is_constant and loop.output[place] not in read:
                _read_from_outside(loop, body, place)
        if {node.op_type for node in _needed(body, body.output[:1])} <= _COUNTING:
            body.output[0].name = body.input[1].name  # the condition stays what it was before the first bar
        drop_unread(body)
        _replace_softplus(body)


def _replace_softplus(body: GraphProto) -> None:
    """Write log(1 + exp(x)) for softplus(x): the one is worked out number by number, the other many at a time."""
    nodes = list(body.node)
    del body.node[:]
    for node in nodes:
        if node.op_type != "Softplus":
            body.node.append(node)
            continue
        x, y = node.input[0], node.output[0]
        one, largest = f"{y}_one", f"{y}_largest"
        body.initializer.extend(
            numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)
            for value, name in ((1.0, one), (_LARGEST_EXP, largest))
        )
        body.node.extend(
            helper.make_node(operation, reads, [made])
            for operation, reads, made in (
                ("Min", [x, largest], f"{y}_small"),
                ("Exp", [f"{y}_small"], f"{y}_exp"),
                ("Add", [f"{y}_exp", one], f"{y}_sum"),
                ("Log", [f"{y}_sum"], f"{y}_log"),
                ("Max", [x, f"{y}_log"], y),
            )
        )


def drop_unread(graph: GraphProto) -> None:
    """Take out the nodes and constants that no output depends on; ONNX Runtime warns of such constants."""
    nodes = _needed(graph, graph.output)
    read = {name for node in nodes for name in _reads(node)}
    constants = [own for own in graph.initializer if own.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants)


def _read_from_outside(loop: NodeProto, body: GraphProto, place: int) -> None:
    """Take a state that never changes out of a loop; its body reads what the state began as."""
    inside, outside = body.input[_LOOP_OWN + place].name, loop.input[_LOOP_OWN + place]
    for node in body.node:
        for number, name in enumerate(node.input):
            if name == inside:
                node.input[number] = outside
    del body.input[_LOOP_OWN + place], body.output[1 + place]
    del loop.input[_LOOP_OWN + place], loop.output[place]


def _needed(graph: GraphProto, outputs: Iterable[ValueInfoProto]) -> list[NodeProto]:
    """Return copies of the nodes, in their order, that these outputs depend on."""
    wanted, found = {output.name for output in outputs}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= _reads(node)
            found.append(NodeProto.FromString(node.SerializeToString()))
    return found[::-1]


def _reads(node: NodeProto) -> set[str]:
    """Return the names that a node reads, those that only its own graphs read included."""
    within = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    return set(node.input).union(*(_reads(own) for graph in within for own in graph.node))
