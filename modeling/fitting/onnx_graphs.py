"""What an exported graph need not do: gates of rows that only fill a batch, and what a loop does for nothing.

No number changes but by rounding; `onnx_check` compares every export with Keras afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

_LENGTHS = "bars_of_row"  # the tensor (b,) that tells recurrent layers how many bars a row has
_LENGTHS_INPUT = 4  # its place among the inputs of ONNX's LSTM and GRU
_COUNTING = {"Add", "Cast", "Less", "And", "Identity"}  # what asks for nothing but the number of a bar
_LOOP_OWN = 2  # inputs of a loop and of its body before the states: trip count or number, and condition


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


def lighten_loops(model: ModelProto) -> None:
    """Let loops over bars end by their trip count alone, and read weights instead of carrying them.

    The exporter asks after every bar whether the end has come, which the trip count knows, and hands the weights from
    bar to bar, so that ONNX Runtime can neither fold nor pack them.
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
        needed = _needed(body, body.output)
        del body.node[:]
        body.node.extend(needed)


def _read_from_outside(loop: NodeProto, body: GraphProto, place: int) -> None:
    """Take a state that never changes out of a loop; its body reads what the state began as."""
    inside, outside = body.input[_LOOP_OWN + place].name, loop.input[_LOOP_OWN + place]
    for node in body.node:
        for number, name in enumerate(node.input):
            if name == inside:
                node.input[number] = outside
    del body.input[_LOOP_OWN + place], body.output[1 + place]
    del loop.input[_LOOP_OWN + place], loop.output[place]


def _needed(body: GraphProto, outputs: Iterable[ValueInfoProto]) -> list[NodeProto]:
    """Return copies of the nodes, in their order, that these outputs depend on."""
    wanted, found = {output.name for output in outputs}, []
    for node in reversed(body.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            found.append(NodeProto.FromString(node.SerializeToString()))
    return found[::-1]
