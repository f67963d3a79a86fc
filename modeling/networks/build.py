"""A multitask network: encoders, a backbone chosen by name, one set of heads per horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import keras

from modeling.networks import attention, gru_attention, lstm, tcn, tft, transformer, xlstm
from modeling.networks.heads import Heads
from modeling.networks.inputs import Encoded, encode, return_unit, strategy_inputs
from modeling.networks.shape import NetworkShape, TrunkShape

Trunk = Callable[[Encoded, TrunkShape], Any]  # what the last bar of a window tells (b, channels)

BACKBONES: Final[dict[str, Trunk]] = {
    "tcn": tcn.trunk,
    "transformer": transformer.trunk,
    "tft": tft.trunk,
    "gru_attention": gru_attention.trunk,
    "lstm": lstm.trunk,
    "xlstm": xlstm.trunk,
}
INSIGHTS: Final = (attention.WEIGHTS, tft.WEIGHTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Two views of the same weights: `serving` answers one horizon a row, `training` all horizons at once."""

    serving: Any  # inputs bars (b, L, k), ticker (b,), horizon (b,)
    training: Any  # inputs bars (b, L, k), ticker (b,), horizons (b, h); every head has a horizon axis


def build_networks(shape: NetworkShape, *, name: str | None = None) -> Networks:
    """Return the uncompiled network; the caller sets the seed first (keras.utils.set_random_seed).

    `name` is the backbone's unless several networks are to be members of one.
    """
    name = name or shape.backbone
    if shape.backbone not in BACKBONES:
        raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, was {shape.backbone!r}")
    bars = keras.Input((shape.lookback_bars, shape.n_features), name="bars")
    ticker = keras.Input((), dtype="int32", name="ticker")
    horizon = keras.Input((), dtype="int32", name="horizon")
    horizons = keras.Input((shape.n_horizons,), dtype="int32", name="horizons")
    encoded = encode(bars, shape)
    last = BACKBONES[shape.backbone](encoded, shape)
    who = keras.layers.Embedding(shape.n_tickers + 1, shape.ticker_width, name="ticker_embedding")(ticker)
    state = keras.layers.Concatenate(name="state")([last, *encoded.last, who])
    state = keras.layers.Dropout(shape.dropout_frac, name="state_dropout")(state)
    when = _horizon_input(shape)
    heads = Heads(shape)
    unit, own = return_unit(bars, shape), strategy_inputs(bars, shape)
    serving = keras.Model(
        {"bars": bars, "ticker": ticker, "horizon": horizon},
        heads(keras.layers.Concatenate()([state, when(horizon)]), unit, own),
        name=name,
    )

    def repeated(x: Any) -> Any:
        return keras.layers.RepeatVector(shape.n_horizons)(x)

    by_horizon = {name: repeated(each) for name, each in own.items()}
    training = keras.Model(
        {"bars": bars, "ticker": ticker, "horizons": horizons},
        heads(keras.layers.Concatenate()([repeated(state), when(horizons)]), repeated(unit), by_horizon),
        name=f"{name}_all_horizons",
    )
    return Networks(serving=serving, training=training)


def _horizon_input(shape: NetworkShape) -> Any:
    """Return what the heads read of a horizon: an embedding, or one of the identity's rows that never learns."""
    if not shape.horizon_one_hot:
        return keras.layers.Embedding(shape.n_horizons, shape.horizon_width, name="horizon_embedding")
    return keras.layers.Embedding(
        shape.n_horizons,
        shape.n_horizons,
        embeddings_initializer="identity",
        trainable=False,
        name="horizon_one_hot",
    )


def prepare_fit(training: Any, inputs: dict[str, Any], targets: dict[str, Any]) -> None:
    """Make the variables of a compiled view's optimizer and metrics, from any few rows; no weight changes.

    TensorFlow would trace the first step twice if it found them missing: some seconds of every fit.
    """
    training.optimizer.build(training.trainable_variables)
    training.compute_loss(x=inputs, y=targets, y_pred=training(inputs, training=False))


def insight(network: Any) -> Any | None:
    """Return a view of a network, also of a loaded one, that tells what was read; None where nothing can be told.

    It takes `bars` (b, L, k) and gives, as the mean of the members where there are several, and where the backbone has them, `attention_weights` (b, L) and
    `variable_weights` (b, L, variables): each feature, or each block that is read bar by bar.
    """
    bars = next(tensor for tensor in network.inputs if tensor.name == "bars")
    members = [insight(layer) for layer in network.layers if isinstance(layer, keras.Model)]
    views = [view for view in members if view is not None]
    told = {layer.name: layer.output for layer in network.layers if layer.name in INSIGHTS}
    if views:
        said = [view({"bars": bars}) for view in views]
        told = {key: keras.layers.Average()([own[key] for own in said]) for key in said[0]}
    if not told:
        return None
    return keras.Model({"bars": bars}, told, name=f"{network.name}_insight")
