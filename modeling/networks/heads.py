"""The heads: what a network says of a row, in the unit of the row's own share."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import keras
import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.contracts.heads import HEAD_WIDTHS, HEADS, strategy_heads
from modeling.networks.shape import NetworkShape

_VOLATILITY_FLOOR = 0.05  # in units: keeps the likelihood finite
_MEDIAN = QUANTILE_LEVELS.index(0.50)


@keras.saving.register_keras_serializable(package="traderai")
class RisingQuantiles(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """Seven free numbers to seven quantiles that never cross: the median and cumulative softplus steps."""

    def call(self, raw: Any) -> Any:
        """Return (..., 7) rising values from (..., 7) raw ones."""
        median = raw[..., :1]
        steps = keras.ops.softplus(raw[..., 1:])
        matrix = keras.ops.convert_to_tensor(_cumulative_matrix(), dtype=raw.dtype)
        return keras.ops.matmul(keras.ops.concatenate([median, steps], axis=-1), matrix)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape unchanged."""
        return input_shape


@keras.saving.register_keras_serializable(package="traderai")
class QuantilesFromZero(keras.layers.Layer):  # type: ignore[misc]
    """Seven free numbers to seven rising quantiles of what is never below zero, or never above it."""

    def __init__(self, *, below: bool, **options: Any) -> None:
        super().__init__(**options)
        self.below = below

    def call(self, raw: Any) -> Any:
        """Return (..., 7) rising values, all at least 0, or with `below` all at most 0."""
        sums = np.triu(np.ones((len(QUANTILE_LEVELS), len(QUANTILE_LEVELS)), dtype=np.float32))
        matrix = keras.ops.convert_to_tensor(-sums.T if self.below else sums, dtype=raw.dtype)
        return keras.ops.matmul(keras.ops.softplus(raw), matrix)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape unchanged."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return what makes this layer again."""
        return {**super().get_config(), "below": self.below}


class Heads:
    """The head layers, made once and called for both views, so that they share their weights."""

    def __init__(self, shape: NetworkShape) -> None:
        names = [head for head in HEADS if head in shape.heads]
        self._mix = keras.layers.Dense(shape.channels, activation="silu", name="mix")
        self._raw = {
            head: keras.layers.Dense(
                HEAD_WIDTHS[head], bias_initializer=_first_bias(head), name=f"{head}_raw"
            )
            for head in names
        }
        self._quantiles = {
            head: RisingQuantiles(name=f"{head}_rising")
            if head == "return_quantiles"
            else QuantilesFromZero(below="_mae_" in head, name=f"{head}_rising")
            for head in names
            if head.endswith("quantiles")
        }
        self._strategies = [_Strategy(own.name, shape.channels) for own in shape.strategies]

    def __call__(self, state: Any, unit: Any, own: dict[str, Any]) -> dict[str, Any]:
        """Return the heads' outputs of states (b, s) or (b, h, s) and their units (b, 1) or (b, h, 1).

        `own` holds what each strategy makes of its features, (b, w) or (b, h, w).
        """
        x = self._mix(state)
        # Identity layers of these names give the exported graph its output names.
        suffix = "" if len(state.shape) == 2 else "_by_horizon"
        said: dict[str, Any] = {head: self._output(head, raw(x), unit) for head, raw in self._raw.items()}
        for each in self._strategies:
            said |= each(state, own[each.name])
        return {head: keras.layers.Identity(name=head + suffix)(output) for head, output in said.items()}

    def _output(self, head: str, raw: Any, unit: Any) -> Any:
        if head in self._quantiles:
            return self._quantiles[head](raw) * unit
        if head == "volatility":
            return (keras.ops.softplus(raw) + _VOLATILITY_FLOOR) * unit
        return raw


class _Strategy:
    """The layers of one strategy's two heads."""

    def __init__(self, name: str, channels: int) -> None:
        self.name = name
        self._mix = keras.layers.Dense(channels, activation="silu", name=f"{name}_mix")
        self._raw = {head: keras.layers.Dense(1, name=f"{head}_raw") for head in strategy_heads(name)}

    def __call__(self, state: Any, own: Any) -> dict[str, Any]:
        """Return both logits of states and what the strategy makes of its own features."""
        x = self._mix(keras.layers.Concatenate()([state, own]))
        return {head: raw(x) for head, raw in self._raw.items()}


def _first_bias(head: str) -> Any:
    """Return where a head begins: one of excursions at the running maximum of a Brownian motion, which is `|N(0, 1)|`.

    Equal steps would begin at several times what prices go, and a short fit would never come down from there.
    Source: reflection principle; Feller (1968), An Introduction to Probability Theory and Its Applications, vol. 1, III.
    """
    if not head.endswith(("_mfe_quantiles", "_mae_quantiles")):
        return "zeros"
    quantiles = [NormalDist().inv_cdf((1.0 + level) / 2.0) for level in QUANTILE_LEVELS]
    steps = np.log(np.expm1(np.diff(quantiles, prepend=0.0)))  # of softplus
    return keras.initializers.Constant(steps[::-1] if "_mae_" in head else steps)


def _cumulative_matrix() -> np.ndarray:
    """Return M with [median, up 1..3, down 1..3] @ M = the quantiles in rising order."""
    n = len(QUANTILE_LEVELS)
    matrix = np.zeros((n, n), dtype=np.float32)
    matrix[0, :] = 1.0
    ups = n - 1 - _MEDIAN
    for step in range(ups):
        matrix[1 + step, _MEDIAN + 1 + step :] = 1.0
    for step in range(_MEDIAN):
        matrix[1 + ups + step, : _MEDIAN - step] = -1.0
    return matrix
