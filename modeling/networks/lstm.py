"""Stacked LSTM layers (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.inputs import Encoded
from modeling.networks.recurrent import after_each_bar, run_through
from modeling.networks.shape import TrunkShape


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return the last bar's state (b, channels) of `depth` LSTM layers.

    Features are mixed down to `channels` first: gates of a hundred features cost more than all that follows.
    """
    x = keras.layers.Dense(shape.channels, name="embedded")(encoded.sequence)
    for index in range(shape.depth):
        x = run_through(x, keras.layers.LSTMCell(shape.channels), f"lstm_{index}")
    states = after_each_bar(x)
    return keras.layers.LayerNormalization(name="norm")(states[:, -1, :])
