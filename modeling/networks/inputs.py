"""What a network reads of a window: feature blocks through encoders of their own, or the features as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from modeling.networks.shape import FeatureBlock, NetworkShape

_UNIT_FLOOR = 0.1  # of the training returns' own unit: a dead calm does not make all returns impossible


@keras.saving.register_keras_serializable(package="traderai")
class Columns(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """Some places of the last axis, in the order asked for; a place may be asked for more than once."""

    def __init__(self, columns: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.columns = tuple(int(column) for column in columns)

    def call(self, values: Any) -> Any:
        """Return (..., len(columns)) from (..., k)."""
        return keras.ops.take(values, keras.ops.convert_to_tensor(self.columns, dtype="int32"), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes this layer again."""
        return {**super().get_config(), "columns": list(self.columns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A window after the encoders."""

    sequence: Any  # (b, L, sum of widths) what the backbone reads
    widths: tuple[int, ...]  # of the variables side by side in the sequence: blocks, or single features
    last: tuple[Any, ...]  # (b, ...) each: what goes past the backbone, straight to the heads


def encode(bars: Any, shape: NetworkShape) -> Encoded:
    """Return what the backbone and the heads read of the windows (b, L, k).

    The last bar also goes straight to the heads: what is plain to see there need not be learned by the backbone.
    """
    newest = bars[:, -1, :]
    if not shape.blocks:
        return Encoded(sequence=bars, widths=(1,) * shape.n_features, last=(newest,))
    by_bar = [block for block in shape.blocks if not block.slow]
    encodings = [_encoding(bars, block) for block in by_bar]
    used = sorted(column for block in shape.blocks for column in block.columns)
    slow = [_encoding(newest, block) for block in shape.blocks if block.slow]
    return Encoded(
        sequence=encodings[0] if len(encodings) == 1 else keras.layers.Concatenate(name="encoded")(encodings),
        widths=tuple(block.width for block in by_bar),
        last=(Columns(used, name="columns_newest")(newest), *slow),
    )


def strategy_inputs(bars: Any, shape: NetworkShape) -> dict[str, Any]:
    """Return (b, width) by strategy: what each makes of its own features of the last bar."""
    newest = bars[:, -1, :]
    return {
        own.name: keras.layers.Dense(own.width, activation="silu", name=f"{own.name}_features")(
            Columns(own.columns, name=f"{own.name}_columns")(newest)
        )
        for own in shape.strategies
    }


def return_unit(bars: Any, shape: NetworkShape) -> Any:
    """Return (b, 1): the unit of returns, moved by the recent volatility of the row's own share.

    Quantiles and volatility are learned as multiples of it, so they carry over from a wild year to a calm one. It
    is read whatever blocks are switched off: without it no head could tell a size.
    """
    column = shape.volatility_column
    gain = shape.return_unit_frac / shape.volatility_mean
    recent = keras.layers.Rescaling(
        shape.volatility_std * gain, offset=shape.volatility_mean * gain, name="recent_volatility"
    )(bars[:, -1, column : column + 1])
    return keras.ops.maximum(recent, _UNIT_FLOOR * shape.return_unit_frac)


def _encoding(values: Any, block: FeatureBlock) -> Any:
    own = Columns(block.columns, name=f"columns_{block.name}")(values)
    return keras.layers.Dense(block.width, activation="silu", name=f"encode_{block.name}")(own)
