"""Recurrent layers that every backend runs and the exporter takes."""

from __future__ import annotations

from typing import Any

import keras

STATES = "states"  # the layer that gives a backbone's state after each bar (b, L, channels)


def run_through(x: Any, cell: Any, name: str) -> Any:
    """Return the cell's output after each bar (b, L, units) of a sequence (b, L, c).

    RNN around a cell: LSTM and GRU layers of their own would ask for cuDNN, which the exporter does not know.
    """
    return keras.layers.RNN(cell, return_sequences=True, name=name)(x)


def after_each_bar(x: Any) -> Any:
    """Return the sequence (b, L, channels) under the name by which a backbone's states can be read."""
    return keras.layers.Identity(name=STATES)(x)
