"""Fitting the network: batches gathered by index, early stopping on validation, bounded in epochs and minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from modeling.fitting.batches import Scaler, stratified_rows
from modeling.fitting.dataset import TRAIN, VALIDATION, Dataset
from modeling.fitting.recipe import Recipe
from modeling.kernels.windows import gather_windows
from modeling.networks.losses import losses
from modeling.networks.tcn import Networks, TcnConfig, build_tcn
from traderai.common import clock
from traderai.common.arrays import F32, F64, I64
from traderai.common.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A trained network and how it got there."""

    networks: Networks
    learning_curve: dict[str, list[float]]  # by metric, one figure per epoch
    epochs: int
    windows_per_epoch: int
    stopped_by: str  # "epochs", "patience" or "minutes"
    seconds: float


@dataclass(slots=True)
class _Source:
    """Where batches come from."""

    dataset: Dataset
    scaled: F32
    part: int
    batch_rows: int
    ticker_dropout_frac: float
    targets: dict[str, F64] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = self.dataset.part == self.part
        by_head = self.dataset.targets.by_head()
        self.targets = {head: np.where(own, values, np.nan) for head, values in by_head.items()}

    def batch(self, rows: I64, rng: np.random.Generator | None) -> tuple[dict[str, Any], dict[str, Any]]:
        dataset = self.dataset
        ticker = dataset.ticker[rows]
        if (
            rng is not None
        ):  # some rows pretend to be of an unknown share, so that a new listing can be scored
            ticker = np.where(rng.random(rows.size) < self.ticker_dropout_frac, 0, ticker).astype(np.int32)
        horizons = np.arange(len(dataset.horizons), dtype=np.int32)
        inputs = {
            "bars": gather_windows(self.scaled, rows, lookback=dataset.lookback_bars),
            "ticker": ticker,
            "horizons": np.tile(horizons, (rows.size, 1)),
        }
        wanted = {head: values[rows][:, :, None].astype(np.float32) for head, values in self.targets.items()}
        return inputs, wanted


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras carries no types
    """One epoch of a source's batches; a training epoch is drawn anew, from the seed and the epoch's number."""

    def __init__(self, source: _Source, rows: I64, *, limit: int, seed: int | None) -> None:
        super().__init__(workers=1)
        self._source, self._all, self._limit, self._seed = source, rows, limit, seed
        self._epoch = 0
        self._draw()

    def _draw(self) -> None:
        if self._seed is None:
            self.rows = stratified_rows(self._all, limit=self._limit, rng=None)
        else:
            rng = np.random.default_rng([self._seed, self._epoch])
            self.rows = rng.permutation(stratified_rows(self._all, limit=self._limit, rng=rng))

    def __len__(self) -> int:
        return -(-self.rows.size // self._source.batch_rows)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        size = self._source.batch_rows
        rng = None if self._seed is None else np.random.default_rng([self._seed, self._epoch, index])
        return self._source.batch(self.rows[index * size : (index + 1) * size], rng)

    def on_epoch_end(self) -> None:
        self._epoch += 1
        if self._seed is not None:
            self._draw()


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how far the fit is and ends it when its time is up."""

    def __init__(self, *, max_s: float, epochs: int, say: Callable[[int, int, str], None]) -> None:
        super().__init__()
        self._max_s, self._epochs, self._say = max_s, epochs, say
        self._began_s = clock.monotonic_s()
        self.out_of_time = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch; another one is begun only if the time for it is left."""
        spent_s = clock.monotonic_s() - self._began_s
        told = logs or {}
        self._say(
            epoch + 1,
            self._epochs,
            f"epoch loss {told.get('loss', np.nan):.4f} val {told.get('val_loss', np.nan):.4f}",
        )
        if spent_s + spent_s / (epoch + 1) > self._max_s and epoch + 1 < self._epochs:
            self.out_of_time = True
            self.model.stop_training = True


def network_fit(
    dataset: Dataset, recipe: Recipe, *, scaler: Scaler, seed: int, say: Callable[[int, int, str], None]
) -> Fitted:
    """Return the network with the weights of its best validation epoch; the seed decides everything random."""
    keras.utils.set_random_seed(seed)
    unit = float(np.nanstd(np.where(dataset.part == TRAIN, dataset.targets.forward_return, np.nan)))
    networks = build_tcn(_network_config(dataset, recipe, scaler, unit))
    fit = recipe.fit
    networks.training.compile(
        keras.optimizers.AdamW(learning_rate=fit.learning_rate, weight_decay=fit.weight_decay, clipnorm=1.0),
        loss=losses(return_unit_frac=unit),
        loss_weights=fit.loss_weights,
    )
    # Made within the first step, the optimizer's variables would have TensorFlow trace that step twice.
    networks.training.optimizer.build(networks.training.trainable_variables)
    scaled = scaler.apply(dataset.values)
    train = _Batches(
        _Source(dataset, scaled, TRAIN, fit.batch_rows, fit.ticker_dropout_frac),
        dataset.rows_of(TRAIN),
        limit=fit.max_windows_per_epoch,
        seed=seed,
    )
    validation = _Batches(
        _Source(dataset, scaled, VALIDATION, fit.batch_rows, 0.0),
        dataset.rows_of(VALIDATION),
        limit=fit.max_validation_windows,
        seed=None,
    )
    return _run(networks, recipe, train, validation, say)


def _run(
    networks: Networks,
    recipe: Recipe,
    train: _Batches,
    validation: _Batches,
    say: Callable[[int, int, str], None],
) -> Fitted:
    fit = recipe.fit
    watch = _Watch(max_s=60.0 * fit.max_fit_minutes, epochs=fit.max_epochs, say=say)
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=fit.patience_epochs, restore_best_weights=True
    )
    began_s = clock.monotonic_s()
    history = networks.training.fit(
        train,
        validation_data=validation,
        epochs=fit.max_epochs,
        shuffle=False,
        verbose=0,
        callbacks=[best, watch],
    ).history
    epochs = len(history["loss"])
    stopped_by = "minutes" if watch.out_of_time else "epochs" if epochs == fit.max_epochs else "patience"
    return Fitted(
        networks=networks,
        learning_curve={name: [float(value) for value in values] for name, values in history.items()},
        epochs=epochs,
        windows_per_epoch=int(train.rows.size),
        stopped_by=stopped_by,
        seconds=clock.monotonic_s() - began_s,
    )


def _network_config(dataset: Dataset, recipe: Recipe, scaler: Scaler, unit: float) -> TcnConfig:
    wanted = recipe.network.volatility_feature
    if wanted not in dataset.features:
        raise InputError(
            f"volatility_feature must be one of the features{did_you_mean(wanted, dataset.features)}, was {wanted!r}"
        )
    column = dataset.features.index(wanted)
    return TcnConfig(
        lookback_bars=recipe.network.lookback_bars,
        n_features=len(dataset.features),
        n_tickers=len(dataset.secids),
        n_horizons=len(dataset.horizons),
        channels=recipe.network.channels,
        ticker_width=recipe.network.ticker_width,
        horizon_width=recipe.network.horizon_width,
        dropout_frac=recipe.network.dropout_frac,
        return_unit_frac=unit,
        volatility_column=column,
        volatility_mean=float(scaler.mean[column]),
        volatility_std=float(scaler.std[column]),
    )
