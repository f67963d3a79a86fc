"""A causal transformer encoder, normalised before each layer (Xiong et al. 2020), with learned positions."""

from __future__ import annotations

from typing import Any

import keras

from modeling.networks.inputs import Encoded
from modeling.networks.recurrent import after_each_bar
from modeling.networks.shape import TrunkShape

_WIDENED = 2  # the inner width of the dense layers, in channels


@keras.saving.register_keras_serializable(package="traderai")
class Positions(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """A learned vector for each place of the window, added to what stands there."""

    def build(self, input_shape: Any) -> None:
        """Make the vectors."""
        self.places = self.add_weight(
            shape=tuple(input_shape[1:]),
            # As large as what stands there: a place must be told from another at the start.
            initializer=keras.initializers.RandomNormal(stddev=0.5),
            name="places",
        )

    def call(self, x: Any) -> Any:
        """Return x (b, L, c) moved by its places."""
        return x + self.places

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape unchanged."""
        return input_shape


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return the last bar's state (b, channels) of `depth` layers of attention and dense layers.

    The last layer is computed for the last bar alone: nothing reads its other bars.
    """
    x = Positions(name="positions")(keras.layers.Dense(shape.channels, name="embedded")(encoded.sequence))
    for index in range(shape.depth - 1):
        x = _layer(x, shape, index, causal=True)
    x = after_each_bar(x)
    x = _layer(x, shape, shape.depth - 1, causal=False)
    return keras.layers.LayerNormalization(name="norm")(x[:, -1, :])


def _layer(x: Any, shape: TrunkShape, index: int, *, causal: bool) -> Any:
    """Return one layer's output for every bar, or, where it is not causal, for the last bar, which sees all."""
    dense, norm = keras.layers.Dense, keras.layers.LayerNormalization
    seen = norm(name=f"norm_attention_{index}")(x)
    asking, kept = (seen, x) if causal else (seen[:, -1:, :], x[:, -1:, :])
    read = keras.layers.MultiHeadAttention(
        shape.attention_heads, shape.channels // shape.attention_heads, name=f"attention_{index}"
    )(asking, seen, use_causal_mask=causal)
    x = kept + keras.layers.Dropout(shape.dropout_frac, name=f"dropout_attention_{index}")(read)
    y = dense(_WIDENED * shape.channels, activation="silu", name=f"widen_{index}")(
        norm(name=f"norm_dense_{index}")(x)
    )
    y = dense(shape.channels, name=f"narrow_{index}")(y)
    return x + keras.layers.Dropout(shape.dropout_frac, name=f"dropout_dense_{index}")(y)
