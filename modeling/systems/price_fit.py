"""Fitting `price_lstm`: two LSTM layers and a dense one, by mean squared error. The only part of it that reaches Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from onnx.checker import check_model

from modeling.errors import ExportMismatchError, FitDivergedError
from modeling.fitting.export import TOLERANCE, keras_bytes, onnx_model
from modeling.fitting.onnx_graphs import drop_unread, lighten_loops
from modeling.fitting.training import FitWatch
from modeling.networks.recurrent import run_through
from modeling.systems.estimators import Say
from modeling.systems.price_settings import PriceSettings, PriceWindows
from modeling.systems.sequence_onnx import SequenceNetwork, windows_of
from traderai.common.arrays import F32, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceNetwork:
    """The weights of the best validation epoch, in both formats, and how the fit went."""

    onnx: bytes
    keras: bytes
    learning_curve: dict[str, list[float]]
    epochs: int
    stopped_by: str  # "epochs", "patience" or "minutes"


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras carries no types
    """One epoch of windows, gathered batch by batch; a training epoch is shuffled by the seed and its number."""

    def __init__(self, windows: PriceWindows, rows: I64, *, batch_rows: int, seed: int | None) -> None:
        super().__init__(workers=1)
        self._windows, self._rows, self._size, self._seed = windows, rows, batch_rows, seed
        self._epoch = 0
        self._draw()

    def _draw(self) -> None:
        rng = None if self._seed is None else np.random.default_rng([self._seed, self._epoch])
        self._order = self._rows if rng is None else rng.permutation(self._rows)

    def __len__(self) -> int:
        return -(-self._rows.size // self._size)

    def __getitem__(self, index: int) -> tuple[F32, F32]:
        own, at = self._windows, self._order[index * self._size : (index + 1) * self._size]
        return windows_of(own.values, at, own.lookback), own.target[at, None]

    def on_epoch_end(self) -> None:
        """Shuffle the next epoch."""
        self._epoch += 1
        self._draw()


class _NotFinite(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a fit whose loss is no number any more. Raises: FitDivergedError."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the mean loss of the epoch so far."""
        loss = (logs or {}).get("loss", 0.0)
        if not np.isfinite(loss):
            raise FitDivergedError(
                f"the loss must stay finite, was {loss} at batch {batch + 1}; lower parameters.learning_rate"
            )


def price_network_fit(windows: PriceWindows, settings: PriceSettings, *, seed: int, say: Say) -> PriceNetwork:
    """Return the network with the weights of its best validation epoch; the seed decides everything random."""
    keras.utils.set_random_seed(seed)
    network = _network(windows, settings)
    network.compile(optimizer=keras.optimizers.Adam(learning_rate=settings.learning_rate), loss="mse")
    watch = FitWatch(max_s=60.0 * settings.max_fit_minutes, epochs=settings.epochs, say=say)
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience_epochs, restore_best_weights=True
    )
    parts = [
        _Batches(windows, rows, batch_rows=settings.batch_rows, seed=own)
        for rows, own in ((windows.train, seed), (windows.validation, None))
    ]
    history = network.fit(
        parts[0], validation_data=parts[1], epochs=settings.epochs, shuffle=False, verbose=0,
        callbacks=[_NotFinite(), stop, watch],
    ).history  # fmt: skip
    epochs = len(history["loss"])
    onnx = _exported(network, windows)
    return PriceNetwork(
        onnx=onnx,
        keras=keras_bytes(network),
        learning_curve={name: [float(value) for value in own] for name, own in history.items()},
        epochs=epochs,
        stopped_by="minutes" if watch.out_of_time else "epochs" if epochs == settings.epochs else "patience",
    )


def _network(windows: PriceWindows, settings: PriceSettings) -> Any:
    bars = keras.Input((windows.lookback, windows.values.shape[1]), name="bars")
    first, second = settings.units
    states = run_through(bars, keras.layers.LSTMCell(first), "lstm_0")
    last = keras.layers.RNN(keras.layers.LSTMCell(second), name="lstm_1")(states)
    return keras.Model(bars, keras.layers.Dense(1, name="close")(last), name="price_lstm")


def _exported(network: Any, windows: PriceWindows) -> bytes:
    """Return the network as ONNX. Raises: ExportMismatchError where it says something else than Keras does."""
    model = onnx_model(network)
    lighten_loops(model)
    drop_unread(model.graph)
    check_model(model)
    onnx = bytes(model.SerializeToString())
    rows = windows.validation[:250]
    wanted = np.asarray(network(windows_of(windows.values, rows, windows.lookback), training=False))
    gap = np.abs(SequenceNetwork(onnx).said(windows.values, rows, lookback=windows.lookback) - wanted)
    if not np.isfinite(gap).all() or gap.max() > TOLERANCE:
        raise ExportMismatchError(f"the export differs by {gap.max():.2e}, allowed is {TOLERANCE:.0e}")
    return onnx
