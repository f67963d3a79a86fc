"""Stopping a fit whose loss is no number any more, and saying where that began."""

from __future__ import annotations

import math

import keras
import numpy as np

from modeling.errors import FitDivergedError
from modeling.fitting.dataset import Dataset
from modeling.fitting.window_batches import WindowBatches
from traderai.common.arrays import I64, Bools
from traderai.common.clock import from_epoch_s

_NAMED_ROWS = 3


class DivergenceStop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras carries no types
    """Ends a fit at the first batch after which the loss is not finite.

    Raises: FitDivergedError naming epoch, batch and rows; without it a network of NaN would be trained to the end.
    """

    def __init__(self, dataset: Dataset, train: WindowBatches, *, learning_rate: float) -> None:
        super().__init__()
        self._dataset, self._train, self._learning_rate = dataset, train, learning_rate
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002  # Keras's own
        """Count the epochs."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the loss, which Keras tells as the mean of the epoch so far."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        rows = self._train.rows(batch)
        broken = rows[_not_finite(self._train, batch)]
        if broken.size:
            cause = f"features or labels that are not finite stand at {self._named(broken)}"
            remedy = "look at their bars (manage.py data_quality) and rebuild their features"
        else:
            cause = f"its rows are finite, the first are {self._named(rows)}"
            remedy = f"the weights have run away: lower fit.learning_rate, was {self._learning_rate:g}"
        raise FitDivergedError(
            f"the loss must stay finite, was {loss} in epoch {self._epoch} at batch {batch + 1} of "
            f"{len(self._train)}: {cause}; {remedy}"
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Look at the loss on the validation part."""
        loss = (logs or {}).get("val_loss", 0.0)
        if not math.isfinite(loss):
            raise FitDivergedError(
                f"the validation loss must stay finite, was {loss} after epoch {epoch + 1}; lower fit.learning_rate, was "
                f"{self._learning_rate:g}, or look at the newest bars (manage.py data_quality)"
            )

    def _named(self, rows: I64) -> str:
        data = self._dataset
        told = [
            f"{data.secids[data.instrument[row]]} {from_epoch_s(int(data.decision_s[row])).isoformat()}"
            for row in rows[:_NAMED_ROWS]
        ]
        more = f" and {rows.size - _NAMED_ROWS} more" if rows.size > _NAMED_ROWS else ""
        return ", ".join(told) + more


def _not_finite(train: WindowBatches, index: int) -> Bools:
    """Return at which rows of a batch a feature of the window is not finite, or a label infinite (b,)."""
    inputs, wanted = train[index]
    found: Bools = ~np.isfinite(inputs["bars"]).all(axis=(1, 2))
    for values in wanted.values():  # a missing label is NaN
        found |= np.isinf(values).reshape(len(values), -1).any(axis=1)
    return found
