"""A small multitask temporal convolutional network: one trunk over the bars, five heads per horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from modeling.contracts import DIRECTIONS, QUANTILE_LEVELS

HEADS = ("p_long_logit", "p_short_logit", "return_quantiles", "volatility", "direction_logits")
_UNIT_FLOOR = 0.1  # of the training returns' own unit: a dead calm does not make all returns impossible
_VOLATILITY_FLOOR = 0.05  # in units: keeps the likelihood finite
_FIRST_KERNEL, _KERNEL = 4, 3  # with these a stack over 2 ** n bars sees every one of them
_MEDIAN = QUANTILE_LEVELS.index(0.50)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcnConfig:
    """The shape of the network; everything in it is decided by the recipe and the training rows."""

    lookback_bars: int
    n_features: int
    n_tickers: int  # known ones; row 0 of the embedding is "unknown"
    n_horizons: int
    channels: int
    ticker_width: int
    horizon_width: int
    dropout_frac: float
    return_unit_frac: float  # standard deviation of training returns: the heads learn in this unit
    volatility_column: int  # the feature that holds the recent volatility of a bar
    volatility_mean: float  # of that feature on the training rows, before scaling
    volatility_std: float

    def __post_init__(self) -> None:
        if self.lookback_bars < 8 or self.lookback_bars & (self.lookback_bars - 1):
            raise ValueError(
                f"lookback_bars must be a power of two from 8 on (the layers halve it), was {self.lookback_bars}"
            )
        if not (self.return_unit_frac > 0 and self.volatility_mean > 0 and self.volatility_std > 0):
            raise ValueError("return_unit_frac, volatility_mean and volatility_std must be above 0")
        if not 0 <= self.volatility_column < self.n_features:
            raise ValueError(
                f"volatility_column must be below {self.n_features}, was {self.volatility_column}"
            )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Two views of the same weights: `serving` answers one horizon a row, `training` all horizons at once."""

    serving: Any  # inputs bars (b, L, k), ticker (b,), horizon (b,)
    training: Any  # inputs bars (b, L, k), ticker (b,), horizons (b, h); every head has a horizon axis


def build_tcn(config: TcnConfig) -> Networks:
    """Return the uncompiled network; the caller sets the seed first (keras.utils.set_random_seed)."""
    bars = keras.Input((config.lookback_bars, config.n_features), name="bars")
    ticker = keras.Input((), dtype="int32", name="ticker")
    horizon = keras.Input((), dtype="int32", name="horizon")
    horizons = keras.Input((config.n_horizons,), dtype="int32", name="horizons")
    last = _trunk(bars, config)
    # The last bar also goes straight to the heads: what is plain to see there need not be learned by the trunk.
    who = keras.layers.Embedding(config.n_tickers + 1, config.ticker_width, name="ticker_embedding")(ticker)
    state = keras.layers.Concatenate(name="state")([last, bars[:, -1, :], who])
    state = keras.layers.Dropout(config.dropout_frac, name="state_dropout")(state)
    when = keras.layers.Embedding(config.n_horizons, config.horizon_width, name="horizon_embedding")
    heads = _Heads(config)
    unit = _return_unit(bars, config)
    serving = keras.Model(
        {"bars": bars, "ticker": ticker, "horizon": horizon},
        heads(keras.layers.Concatenate()([state, when(horizon)]), unit),
        name="tcn",
    )
    repeated = keras.layers.RepeatVector(config.n_horizons)(state)
    units = keras.layers.RepeatVector(config.n_horizons)(unit)
    training = keras.Model(
        {"bars": bars, "ticker": ticker, "horizons": horizons},
        heads(keras.layers.Concatenate()([repeated, when(horizons)]), units),
        name="tcn_all_horizons",
    )
    return Networks(serving=serving, training=training)


def _return_unit(bars: Any, config: TcnConfig) -> Any:
    """Return (b, 1): the unit of returns, moved by the recent volatility of the row's own share.

    Quantiles and volatility are learned as multiples of it, so they carry over from a wild year to a calm one.
    """
    column = config.volatility_column
    gain = config.return_unit_frac / config.volatility_mean
    recent = keras.layers.Rescaling(
        config.volatility_std * gain, offset=config.volatility_mean * gain, name="recent_volatility"
    )(bars[:, -1, column : column + 1])
    return keras.ops.maximum(recent, _UNIT_FLOOR * config.return_unit_frac)


def _trunk(bars: Any, config: TcnConfig) -> Any:
    """Return the last bar's features (b, channels) of a stack of causal convolutions, dilations 1, 2, 4, ...

    Only the outputs that the last bar needs are computed: a convolution of dilation 2 ** i on every bar equals
    one of stride 2 on what the layer before left over. That is five times less work at 64 bars.
    """
    x = bars
    for index in range(config.lookback_bars.bit_length() - 2):
        kernel = _FIRST_KERNEL if index == 0 else _KERNEL
        y = keras.layers.Conv1D(
            config.channels, kernel, strides=2, padding="valid", activation="silu", name=f"causal_{index}"
        )(x)
        if index > 0:
            y = keras.layers.Add(name=f"residual_{index}")([x[:, _KERNEL - 1 :: 2], y])
        x = keras.layers.LayerNormalization(name=f"norm_{index}")(y)
    return x[:, -1, :]


class _Heads:
    """The head layers, made once and called for both views, so that they share their weights."""

    def __init__(self, config: TcnConfig) -> None:
        dense = keras.layers.Dense
        self._mix = dense(config.channels, activation="silu", name="mix")
        self._long = dense(1, name="p_long_dense")
        self._short = dense(1, name="p_short_dense")
        self._quantiles = dense(len(QUANTILE_LEVELS), name="quantiles_dense")
        self._rising = RisingQuantiles(name="rising")
        self._volatility = dense(1, activation="softplus", name="volatility_dense")
        self._direction = dense(len(DIRECTIONS), name="direction_dense")

    def __call__(self, state: Any, unit: Any) -> dict[str, Any]:
        x = self._mix(state)
        outputs = {
            "p_long_logit": self._long(x),
            "p_short_logit": self._short(x),
            "return_quantiles": self._rising(self._quantiles(x)) * unit,
            "volatility": (self._volatility(x) + _VOLATILITY_FLOOR) * unit,
            "direction_logits": self._direction(x),
        }
        # Identity layers of these names give the exported graph its output names.
        suffix = "" if len(state.shape) == 2 else "_by_horizon"
        return {name: keras.layers.Identity(name=name + suffix)(value) for name, value in outputs.items()}


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
