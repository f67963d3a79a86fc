"""A GRU over the bars whose last state reads all states by attention."""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.attention import last_bar_attention
from modeling.networks.inputs import Encoded
from modeling.networks.recurrent import after_each_bar, run_through
from modeling.networks.shape import TrunkShape


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return (b, channels): the last state and what it read of the states before it."""
    x = encoded.sequence
    for index in range(max(1, shape.depth - 1)):  # the attention is one of the layers
        x = run_through(x, keras.layers.GRUCell(shape.channels), f"gru_{index}")
    states = after_each_bar(x)
    read = last_bar_attention(states, shape)
    return keras.layers.LayerNormalization(name="norm")(
        keras.layers.Add(name="read")([states[:, -1, :], read])
    )
