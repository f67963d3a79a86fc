"""The temporal fusion transformer of Lim et al. (2021), small: it tells which variables and bars it read.

Ticker and horizon join behind it, as for every backbone. Variables are embedded linearly before they are weighed;
one gated residual network then works on their sum, so that nothing of the size bars x variables x channels is made.
"""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.attention import last_bar_attention
from modeling.networks.inputs import Columns, Encoded
from modeling.networks.recurrent import after_each_bar, run_through
from modeling.networks.shape import TrunkShape

WEIGHTS = "variable_weights"  # the layer that gives (b, L, variables): how much each counted, summing to 1


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return (b, channels): variables chosen, an LSTM over the bars, what the last bar reads of them."""
    chosen = _chosen_variables(encoded, shape)
    x = run_through(chosen, keras.layers.LSTMCell(shape.channels), "lstm")
    states = after_each_bar(_gated(x, chosen, shape, "lstm"))
    read = last_bar_attention(states, shape)
    newest = _gated(read, states[:, -1, :], shape, "attention")
    return _gated_residual(newest, shape, "output")


def _chosen_variables(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return (b, L, channels): the sum of the variables' embeddings, each counted as much as it is chosen."""
    count, dense = len(encoded.widths), keras.layers.Dense
    opinion = _gated_residual(encoded.sequence, shape, "selection")
    # From zero, and times their number: at the start every variable passes as it is.
    logits = dense(count, kernel_initializer="zeros", name="selection_logits")(opinion)
    weights = keras.layers.Softmax(name=WEIGHTS)(logits)
    places = [variable for variable, width in enumerate(encoded.widths) for _ in range(width)]
    weighed = Columns(places, name="selection_columns")(weights) * count * encoded.sequence
    embedded = dense(shape.channels, use_bias=False, name="variables")(weighed)
    offsets = dense(shape.channels, use_bias=False, name="variable_offsets")(weights)
    return _gated_residual(embedded + offsets, shape, "variables")


def _gated_residual(x: Any, shape: TrunkShape, name: str) -> Any:
    """Return (..., channels): x, or its projection, moved by a dense network that a gate can close."""
    dense = keras.layers.Dense
    skipped = x if x.shape[-1] == shape.channels else dense(shape.channels, name=f"{name}_skip")(x)
    y = dense(shape.channels, activation="elu", name=f"{name}_inner")(x)
    return _gated(dense(shape.channels, name=f"{name}_outer")(y), skipped, shape, name)


def _gated(x: Any, skipped: Any, shape: TrunkShape, name: str) -> Any:
    """Return the norm of what was skipped and as much of x as its gate lets through."""
    x = keras.layers.Dropout(shape.dropout_frac, name=f"{name}_dropout")(x)
    gate = keras.layers.Dense(shape.channels, activation="sigmoid", name=f"{name}_gate")(x)
    value = keras.layers.Dense(shape.channels, name=f"{name}_value")(x)
    return keras.layers.LayerNormalization(name=f"{name}_norm")(skipped + gate * value)
