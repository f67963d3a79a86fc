"""Fitting the network: batches gathered by index, early stopping on validation, bounded in epochs and minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import keras
import numpy as np

from modeling.fitting.batches import Scaler
from modeling.fitting.blocks import recipe_blocks
from modeling.fitting.checkpoints import SUFFIX, Checkpoint
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.divergence import DivergenceStop
from modeling.fitting.head_targets import Asked, head_targets, strategy_targets
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import Recipe
from modeling.fitting.strategies import Strategies, recipe_strategies
from modeling.fitting.window_batches import WindowBatches, WindowSource
from modeling.networks.build import Networks, build_networks, prepare_fit
from modeling.networks.ensemble import mean_network
from modeling.networks.losses import Loss, losses, weighted_binary
from modeling.networks.shape import NetworkShape
from modeling.networks.task_weights import with_learned_weights
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import InputError, did_you_mean

SEEDS_APART: Final = 7919  # of the members of an ensemble


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A trained network and how it got there."""

    networks: Networks
    learning_curve: dict[str, list[float]]  # by metric, one figure per epoch
    epochs: int
    windows_per_epoch: int
    stopped_by: str  # "epochs", "patience" or "minutes"
    seconds: float


class FitWatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how far the fit is and ends it when its time is up; the time before it was cut off counts."""

    def __init__(
        self, *, max_s: float, epochs: int, say: Callable[[int, int, str], None], at: Checkpoint | None = None
    ) -> None:
        super().__init__()
        self._max_s, self._epochs, self._say, self._at = max_s, epochs, say, at
        self._began_s = clock.monotonic_s()
        self.out_of_time = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch; another one is begun only if the time for it is left."""
        spent_s = clock.monotonic_s() - self._began_s if self._at is None else self._at.spent_s
        told = logs or {}
        validated = f" val {told['val_loss']:.4f}" if "val_loss" in told else ""
        self._say(epoch + 1, self._epochs, f"epoch loss {told.get('loss', np.nan):.4f}{validated}")
        if spent_s + spent_s / (epoch + 1) > self._max_s and epoch + 1 < self._epochs:
            self.out_of_time = True
            self.model.stop_training = True


def network_fit(
    dataset: Dataset,
    recipe: Recipe,
    *,
    scaler: Scaler,
    seed: int,
    say: Callable[[int, int, str], None],
    checkpoints: Path | None = None,
) -> Fitted:
    """Return the network with the weights of its best validation epoch; the seed decides everything random.

    With `ensemble` several are fitted from several seeds and answer as their mean; the learning curve is the first's.
    With a folder of `checkpoints` a fit that was cut off goes on after its last whole epoch, to the same weights; another
    recipe, dataset, code or seed begins anew.
    """
    unit = float(np.nanstd(np.where(dataset.part == TRAIN, dataset.targets.forward_return, np.nan)))
    strategies = recipe_strategies(recipe, dataset)
    shape = _network_shape(dataset, recipe, scaler, unit, strategies)
    targets = {
        **head_targets(
            dataset,
            Asked(labels=recipe.labels(), rank_min_shares=recipe.fit.rank_min_shares),
            recipe.network.heads,
        ),
        **strategy_targets(dataset, strategies.present),
    }
    fit, sides = recipe.fit, _side_losses(dataset, recipe)
    source = WindowSource.of(
        dataset, scaler, targets, batch_rows=fit.batch_rows, ticker_dropout_frac=fit.ticker_dropout_frac
    )

    def member(number: int) -> Fitted:
        own_seed = seed + SEEDS_APART * number
        keras.utils.set_random_seed(own_seed)
        name = recipe.network.name if recipe.network.ensemble == 1 else f"{recipe.network.name}_{number}"
        networks = _compiled(build_networks(shape, name=name), recipe, unit, tuple(targets), sides)
        stop = keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=fit.patience_epochs, restore_best_weights=True
        )
        parts = _parts(dataset, source, recipe, seed=own_seed)
        path = None if checkpoints is None else checkpoints / _file_name(dataset, recipe, own_seed)
        return _run(networks, recipe, parts, dataset, Checkpoint(path, parts[0], stop), say)

    return _joined([member(number) for number in range(recipe.network.ensemble)])


def _file_name(dataset: Dataset, recipe: Recipe, seed: int) -> str:
    """Return a name that no other fit has."""
    own = [fingerprint(recipe), fingerprint(recipe.labels()), dataset.sha256, code_sha256(), seed]
    return f"{fingerprint(own)}{SUFFIX}"


def _parts(
    dataset: Dataset, source: WindowSource, recipe: Recipe, *, seed: int
) -> tuple[WindowBatches, WindowBatches]:
    """Return the batches that teach and those that stop."""
    fit = recipe.fit
    train = WindowBatches(
        source, dataset.rows_of(TRAIN), part=TRAIN, limit=fit.max_windows_per_epoch, seed=seed
    )
    validation = WindowBatches(
        source, dataset.rows_of(VALIDATION), part=VALIDATION, limit=fit.max_validation_windows, seed=None
    )
    return train, validation


def _joined(members: Sequence[Fitted]) -> Fitted:
    first = members[0]
    if len(members) == 1:
        return first
    serving = mean_network([own.networks.serving for own in members])
    return replace(
        first,
        networks=replace(first.networks, serving=serving),
        epochs=max(own.epochs for own in members),
        seconds=sum(own.seconds for own in members),
    )


def _side_losses(dataset: Dataset, recipe: Recipe) -> dict[str, Loss]:
    """Return the losses of both sides where they are not the plain one; what `auto` weighs is counted on training rows."""
    own = recipe.fit.side_loss
    if own.is_plain:
        return {}
    alpha = own.alpha if own.loss == "focal" and own.alpha is not None else 0.5
    gamma = own.gamma if own.loss == "focal" else 0.0
    found = {}
    for side in ("p_long", "p_short"):
        weight = np.full(len(dataset.horizons), own.pos_weight_override or 1.0)
        if own.pos_weight == "auto" and own.pos_weight_override is None:
            hits = np.where(dataset.part == TRAIN, getattr(dataset.targets, side), np.nan)
            weight = np.nanmean(1.0 - hits, axis=0) / np.nanmean(hits, axis=0)
        hit_weight = 2.0 * alpha * own.pos_weight_scale * weight[:, None]
        found[f"{side}_logit"] = weighted_binary(
            hit_weight=hit_weight, miss_weight=2.0 * (1.0 - alpha), gamma=gamma
        )
    return found


def _compiled(
    networks: Networks, recipe: Recipe, unit: float, heads: tuple[str, ...], sides: dict[str, Loss]
) -> Networks:
    """Return the networks with a training view that is ready to fit."""
    fit = recipe.fit
    strategy_weight = 0.0 if recipe.council is None else recipe.council.loss_weight
    loss_by_head = losses(return_unit_frac=unit, heads=heads, own=sides)
    if fit.learned_loss_weights:
        wrapped, loss_by_head = with_learned_weights(networks.training, loss_by_head)
        networks = replace(networks, training=wrapped)
    networks.training.compile(
        keras.optimizers.AdamW(learning_rate=fit.learning_rate, weight_decay=fit.weight_decay, clipnorm=1.0),
        loss=loss_by_head,
        loss_weights={**dict.fromkeys(heads, strategy_weight), **fit.loss_weights},
    )
    return networks


def _run(
    networks: Networks,
    recipe: Recipe,
    parts: tuple[WindowBatches, WindowBatches],
    dataset: Dataset,
    checkpoint: Checkpoint,
    say: Callable[[int, int, str], None],
) -> Fitted:
    fit, (train, validation) = recipe.fit, parts
    diverged = DivergenceStop(dataset, train, learning_rate=fit.learning_rate)
    watch = FitWatch(max_s=60.0 * fit.max_fit_minutes, epochs=fit.max_epochs, say=say, at=checkpoint)
    prepare_fit(networks.training, *train[0])
    checkpoint.restore(networks.training)
    networks.training.fit(
        train,
        validation_data=validation,
        epochs=fit.max_epochs,
        initial_epoch=checkpoint.epoch,
        shuffle=False,
        verbose=0,
        callbacks=[diverged, checkpoint.stop, watch, checkpoint],
    )
    checkpoint.done()
    history = checkpoint.history
    epochs = len(history["loss"])
    stopped_by = "minutes" if watch.out_of_time else "epochs" if epochs == fit.max_epochs else "patience"
    return Fitted(
        networks=networks,
        learning_curve=history,
        epochs=epochs,
        windows_per_epoch=train.windows,
        stopped_by=stopped_by,
        seconds=checkpoint.spent_s,
    )


def _network_shape(
    dataset: Dataset, recipe: Recipe, scaler: Scaler, unit: float, strategies: Strategies
) -> NetworkShape:
    own = recipe.network
    if own.volatility_feature not in dataset.features:
        like = did_you_mean(own.volatility_feature, dataset.features)
        raise InputError(
            f"volatility_feature must be one of the features{like}, was {own.volatility_feature!r}"
        )
    column = dataset.features.index(own.volatility_feature)
    return NetworkShape(
        backbone=own.name,
        lookback_bars=own.lookback_bars,
        n_features=len(dataset.features),
        n_tickers=len(dataset.secids),
        n_horizons=len(dataset.horizons),
        channels=own.channels,
        depth=own.depth,
        attention_heads=own.attention_heads,
        ticker_width=own.ticker_width,
        horizon_width=own.horizon_width,
        horizon_one_hot=own.horizon_input == "one_hot",
        dropout_frac=own.dropout_frac,
        heads=own.heads,
        blocks=recipe_blocks(recipe, dataset.features),
        strategies=strategies.shapes,
        return_unit_frac=unit,
        volatility_column=column,
        volatility_mean=float(scaler.mean[column]),
        volatility_std=float(scaler.std[column]),
    )
