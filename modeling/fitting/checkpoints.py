"""What a fit has reached after each of its epochs, on disk: one that was killed goes on from there to the same weights.

Numbers alone, as arrays of NumPy without pickle; a file is whole or not there.
"""

from __future__ import annotations

import io
import json
import logging
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from modeling.fitting.window_batches import WindowBatches
from traderai.common import clock

SUFFIX: Final = ".fit.npz"
STALE_S: Final = 14 * 86_400  # nobody comes back for one so old: a training is begun again within its month
_FIGURES: Final = "figures"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a fit stands besides its weights."""

    epoch: int  # those that are done
    draw: int  # of the training rows, the one to come
    spent_s: float
    history: dict[str, list[float]]
    wait: int  # epochs since the best one
    best: float
    best_epoch: int


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # Keras carries no types
    """Writes a fit down after each epoch and, where it was written down before, begins from there.

    It must stand behind the early stopping that it writes down.
    """

    def __init__(self, path: Path | None, train: WindowBatches, stop: keras.callbacks.EarlyStopping) -> None:
        super().__init__()
        self.stop = stop
        self._path, self._train = path, train
        self._began_s = clock.monotonic_s()
        self._found: tuple[Progress, list[np.ndarray]] | None = None
        self.history: dict[str, list[float]] = {}

    @property
    def epoch(self) -> int:
        """The epochs that were done before."""
        return 0 if self._found is None else self._found[0].epoch

    @property
    def spent_s(self) -> float:
        """The seconds of the fit so far, those before it was killed included."""
        before = 0.0 if self._found is None else self._found[0].spent_s
        return before + clock.monotonic_s() - self._began_s

    def restore(self, network: Any) -> None:
        """Give a compiled network with a built optimizer the state that is written down, if one is."""
        self._found = None if self._path is None else _read(self._path)
        if self._found is None:
            return
        progress, arrays = self._found
        state = _state(network)
        if [tuple(own.shape) for own in arrays[: len(state)]] != [tuple(own.shape) for own in state]:
            _log.warning("%s is of another network; the fit begins anew", self._path)
            self._found = None
            return
        for variable, value in zip(state, arrays, strict=False):
            variable.assign(value)
        self.history = {name: list(figures) for name, figures in progress.history.items()}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's own
        """Let the rows and the early stopping go on, which Keras has just reset."""
        if self._found is None:
            return
        progress, arrays = self._found
        self._train.begin_at(progress.draw)
        self.stop.wait, self.stop.best, self.stop.best_epoch = (
            progress.wait,
            progress.best,
            progress.best_epoch,
        )
        self.stop.best_weights = arrays[len(_state(self.model)) :]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write down what is reached."""
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if self._path is None or self.model.stop_training:
            return
        progress = Progress(
            epoch=epoch + 1,
            draw=self._train.draw,
            spent_s=self.spent_s,
            history=self.history,
            wait=self.stop.wait,
            best=float(self.stop.best),
            best_epoch=self.stop.best_epoch,
        )
        state = [np.asarray(own) for own in _state(self.model)]
        _write(self._path, progress, [*state, *self.stop.best_weights])

    def done(self) -> None:
        """Forget the fit: it is finished."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def checkpoints_sweep(folder: Path, *, now_s: float) -> tuple[str, ...]:
    """Remove what fits left that nobody came back to, and return its names; repeating finds nothing."""
    stale = [path for path in sorted(folder.glob(f"*{SUFFIX}*")) if now_s - path.stat().st_mtime > STALE_S]
    for path in stale:
        path.unlink(missing_ok=True)
    return tuple(path.name for path in stale)


def _state(network: Any) -> list[Any]:
    """Return all that a fit changes: weights, the states of random seeds, and the optimizer's own."""
    return [*network.variables, *network.optimizer.variables]


def _write(path: Path, progress: Progress, arrays: Sequence[np.ndarray]) -> None:
    held = io.BytesIO()
    figures = np.frombuffer(json.dumps(asdict(progress)).encode(), dtype=np.uint8)
    held_arrays = {_FIGURES: figures, **{str(place): own for place, own in enumerate(arrays)}}
    np.savez(held, **held_arrays)  # type: ignore[arg-type]  # the names are not those of options
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(held.getvalue())
    part.replace(path)  # whole or not at all


def _read(path: Path) -> tuple[Progress, list[np.ndarray]] | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as held:
            progress = Progress(**json.loads(held[_FIGURES].tobytes()))
            return progress, [held[str(place)] for place in range(len(held.files) - 1)]
    except (EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
        _log.warning("%s cannot be read (%r); the fit begins anew", path, error)
        return None
