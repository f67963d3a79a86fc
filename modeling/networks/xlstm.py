"""xLSTM (Beck et al. 2024): blocks with a matrix memory (mLSTM) and with a scalar memory (sLSTM), in turn.

Both gate by exponentials. A running maximum of the gates' logarithms, the stabiliser, is taken out of numerator and
normaliser alike, so no exponential here is ever above 1 where it could overflow.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from modeling.networks.inputs import Encoded
from modeling.networks.recurrent import after_each_bar, run_through
from modeling.networks.shape import TrunkShape

_FORGET_BIAS = 3.0  # at the start a memory keeps 95 % of itself from bar to bar
_NEVER = -1e9  # the logarithm of a gate that was never open
_LARGEST_LOG = 60.0  # of the normaliser's floor: its exponential still is a float32
_SMALLEST_LOG = (
    -80.0
)  # its exponential still is a normal float32; processors take fourteen times as long for others
_KERNEL = 4
_WIDENED = 2


@keras.saving.register_keras_serializable(package="traderai")
class MatrixMemory(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """The mLSTM over a whole window at once; no weights of its own."""

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def call(self, query: Any, key: Any, value: Any, entry: Any, forget: Any) -> Any:
        """Return what the queries read (b, L, heads, d) of (b, L, heads * d) and gate logits (b, L, heads)."""
        query, key, value = (self._by_head(x) for x in (query, key, value))
        left, stabiliser = self._left(entry, forget)
        scores = keras.ops.matmul(query, keras.ops.swapaxes(key, -1, -2)) * key.shape[-1] ** -0.5 * left
        floor = keras.ops.exp(keras.ops.minimum(-stabiliser, _LARGEST_LOG))
        total = keras.ops.abs(keras.ops.sum(scores, axis=-1, keepdims=True))
        read = keras.ops.matmul(scores, value) / keras.ops.maximum(total, floor)
        return keras.ops.transpose(read, (0, 2, 1, 3))

    def _by_head(self, x: Any) -> Any:
        """(b, L, heads * d) to (b, heads, L, d)."""
        split = keras.ops.reshape(x, (-1, x.shape[1], self.heads, x.shape[2] // self.heads))
        return keras.ops.transpose(split, (0, 2, 1, 3))

    @staticmethod
    def _left(entry: Any, forget: Any) -> tuple[Any, Any]:
        """Return (b, heads, L, L): how much of bar j's entry is left at bar i, 0 after it, and what it is in units of.

        The unit's logarithm (b, heads, L, 1) is that of the largest entry left. What bar i keeps of all its past is in
        the unit alone.
        """
        past = np.tril(np.ones((entry.shape[1], entry.shape[1]), dtype=np.float32))
        kept = keras.ops.cumsum(keras.ops.transpose(-keras.ops.softplus(-forget), (0, 2, 1)), axis=-1)
        entered = (keras.ops.transpose(entry, (0, 2, 1)) - kept)[:, :, None, :]
        entered = entered + keras.ops.convert_to_tensor(_NEVER * (1.0 - past))
        largest = keras.ops.max(entered, axis=-1, keepdims=True)
        left = keras.ops.exp(keras.ops.maximum(entered - largest, _SMALLEST_LOG))
        return left * keras.ops.convert_to_tensor(past), kept[:, :, :, None] + largest

    def get_config(self) -> dict[str, Any]:
        """Return what makes this layer again."""
        return {**super().get_config(), "heads": self.heads}


@keras.saving.register_keras_serializable(package="traderai")
class ScalarMemoryCell(keras.layers.Layer):  # type: ignore[misc]
    """One step of the sLSTM; the gates' input parts (b, 4 * units) come ready, the recurrent parts are made here."""

    def __init__(self, units: int, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.heads = units, heads
        self.state_size = [units] * 4  # output, memory, normaliser, stabiliser
        self.output_size = units

    def build(self, input_shape: Any) -> None:  # noqa: ARG002  # Keras gives it
        """Make the recurrent weights: each head reads its own part of the output alone."""
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units), initializer="orthogonal", name="recurrent_kernel"
        )
        head = np.arange(self.units) // (self.units // self.heads)
        self._own_head = np.tile(head[:, None] == head[None, :], (1, 4)).astype(np.float32)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return an empty memory; its first entry sets the stabiliser and makes the normaliser 1."""
        shape = (batch_size, self.units)
        zeros = keras.ops.zeros(shape, dtype=self.compute_dtype)
        return [zeros, zeros, zeros, keras.ops.full(shape, _NEVER, dtype=self.compute_dtype)]

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the output (b, units) and the next states.

        The third gate tells how far the memory closes: less than 0 keeps it. One of the two exponentials is always
        exp(0), so the normaliser never falls below 1.
        """
        output, memory, normaliser, stabiliser = states
        gates = inputs + keras.ops.matmul(output, self.recurrent_kernel * self._own_head)
        value, entry, closing, out = keras.ops.split(gates, 4, axis=-1)
        kept = stabiliser - keras.ops.softplus(closing)
        stabiliser = keras.ops.maximum(kept, entry)
        entry, kept = keras.ops.exp(entry - stabiliser), keras.ops.exp(kept - stabiliser)
        memory = kept * memory + entry * keras.ops.tanh(value)
        normaliser = kept * normaliser + entry
        output = keras.ops.sigmoid(out) * memory / normaliser
        return output, [output, memory, normaliser, stabiliser]

    def get_config(self) -> dict[str, Any]:
        """Return what makes this cell again."""
        return {**super().get_config(), "units": self.units, "heads": self.heads}


@keras.saving.register_keras_serializable(package="traderai")
class OpenMemory(keras.initializers.Initializer):  # type: ignore[misc]
    """The bias of an sLSTM's gates (4 * units,): 0, but for the third, which keeps memories open at the start.

    There and not in the cell: what a cell does is done once a bar, and an export pays for every operation.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Return the bias."""
        bias = np.zeros(shape, dtype=np.float32)
        bias[shape[0] // 2 : 3 * shape[0] // 4] = -_FORGET_BIAS
        return keras.ops.convert_to_tensor(bias, dtype=dtype)


def trunk(encoded: Encoded, shape: TrunkShape) -> Any:
    """Return the last bar's state (b, channels) of `depth` blocks, mLSTM and sLSTM in turn.

    What follows the last memory is computed for the last bar alone: nothing reads its other bars.
    """
    x = keras.layers.Dense(shape.channels, name="embedded")(encoded.sequence)
    for index in range(shape.depth):
        block = _matrix_block if index % 2 == 0 else _scalar_block
        x = block(x, shape, f"block_{index}", newest_alone=index == shape.depth - 1)
    return keras.layers.LayerNormalization(name="norm")(x[:, -1, :])


def _matrix_block(x: Any, shape: TrunkShape, name: str, *, newest_alone: bool) -> Any:
    """Return x moved by a widened mLSTM behind a short causal convolution."""
    dense, width = keras.layers.Dense, _WIDENED * shape.channels
    seen = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
    inner = dense(width, name=f"{name}_up")(seen)
    gate = dense(width, activation="silu", name=f"{name}_gate")
    padded = keras.layers.ZeroPadding1D((_KERNEL - 1, 0), name=f"{name}_past")(inner)
    mixed = keras.layers.DepthwiseConv1D(_KERNEL, activation="silu", name=f"{name}_causal")(padded)
    read = MatrixMemory(shape.attention_heads, name=f"{name}_memory")(
        dense(width, name=f"{name}_query")(mixed),
        dense(width, name=f"{name}_key")(mixed),
        dense(width, name=f"{name}_value")(inner),
        dense(shape.attention_heads, name=f"{name}_entry")(mixed),
        dense(
            shape.attention_heads,
            bias_initializer=keras.initializers.Constant(_FORGET_BIAS),
            name=f"{name}_forget",
        )(mixed),
    )
    read = keras.layers.LayerNormalization(name=f"{name}_head_norm")(read)
    read = keras.layers.Reshape((-1, width))(read) + mixed
    if newest_alone:
        read, seen, x = (own[:, -1:, :] for own in (after_each_bar(read), seen, x))
    return x + dense(shape.channels, name=f"{name}_down")(read * gate(seen))


def _scalar_block(x: Any, shape: TrunkShape, name: str, *, newest_alone: bool) -> Any:
    """Return x moved by an sLSTM and by a gated dense network behind it."""
    dense, norm = keras.layers.Dense, keras.layers.LayerNormalization
    gates = dense(4 * shape.channels, bias_initializer=OpenMemory(), name=f"{name}_gates")(
        norm(name=f"{name}_norm")(x)
    )
    read = run_through(gates, ScalarMemoryCell(shape.channels, shape.attention_heads), f"{name}_memory")
    if newest_alone:
        read, x = (own[:, -1:, :] for own in (after_each_bar(read), x))
    x = x + norm(name=f"{name}_memory_norm")(read)
    seen = norm(name=f"{name}_dense_norm")(x)
    gate = dense(_WIDENED * shape.channels, activation="silu", name=f"{name}_gate")(seen)
    return x + dense(shape.channels, name=f"{name}_down")(
        gate * dense(_WIDENED * shape.channels, name=f"{name}_up")(seen)
    )
