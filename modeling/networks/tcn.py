"""A small temporal convolutional network (Bai et al. 2018)."""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.inputs import Encoded
from modeling.networks.shape import TrunkShape

_FIRST_KERNEL, _KERNEL = 4, 3  # with these a stack over 2 ** n bars sees every one of them


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return the last bar's features (b, channels) of a stack of causal convolutions, dilations 1, 2, 4, ...

    Only the outputs that the last bar needs are computed: a convolution of dilation 2 ** i on every bar equals
    one of stride 2 on what the layer before left over. That is five times less work at 64 bars.
    """
    if shape.lookback_bars & (shape.lookback_bars - 1):
        raise ValueError(
            f"lookback_bars must be a power of two (the layers halve it), was {shape.lookback_bars}"
        )
    x = encoded.sequence
    for index in range(shape.lookback_bars.bit_length() - 2):
        kernel = _FIRST_KERNEL if index == 0 else _KERNEL
        y = keras.layers.Conv1D(
            shape.channels, kernel, strides=2, padding="valid", activation="silu", name=f"causal_{index}"
        )(x)
        if index > 0:
            y = keras.layers.Add(name=f"residual_{index}")([x[:, _KERNEL - 1 :: 2], y])
        x = keras.layers.LayerNormalization(name=f"norm_{index}")(y)
    return x[:, -1, :]
