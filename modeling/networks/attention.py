"""Attention of the last bar to all bars of its window, with weights that can be read."""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.shape import TrunkShape

WEIGHTS = "attention_weights"  # the layer that gives (b, L): how much each bar counted, summing to 1


def last_bar_attention(states: Any, shape: TrunkShape) -> Any:
    """Return (b, channels) read from the states (b, L, channels) of the bars by the last one.

    The heads share their values and their weights are averaged, so that one row of weights tells what was read
    (Lim et al. 2021, interpretable multi-head attention).
    """
    dense, count = keras.layers.Dense, shape.attention_heads
    width = shape.channels // count
    query = keras.layers.Reshape((count, width))(dense(shape.channels, name="query")(states[:, -1, :]))
    key = keras.layers.Reshape((-1, count, width))(dense(shape.channels, name="key")(states))
    value = dense(width, name="value")(states)
    scores = keras.ops.einsum("bhd,blhd->bhl", query, key) * width**-0.5
    by_head = keras.layers.Softmax(name="attention_by_head")(scores)
    weights = keras.layers.Identity(name=WEIGHTS)(keras.ops.mean(by_head, axis=1))
    read = keras.ops.einsum("bl,bld->bd", weights, value)
    return dense(shape.channels, name="attended")(read)
