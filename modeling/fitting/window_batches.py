"""Batches of windows, gathered from the raw matrix by row index; nothing of the matrix's size is made beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from modeling.fitting.batches import Scaler, moment_batches, stratified_moments, stratified_rows
from modeling.fitting.dataset import Dataset
from traderai.common.arrays import F32, F64, I8, I32, I64

RANK = "rank_score"  # the head that learns from whole moments
Batch = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowSource:
    """Where batches come from: the rows of m bars, h horizons and k features."""

    values: F32  # (m, k) raw
    scaler: Scaler
    ticker: I32  # (m,) rows of the embedding
    moment: I64  # (m,) decision times
    part: I8  # (m, h)
    targets: dict[str, F64 | F32]  # by head (m, h)
    lookback_bars: int
    batch_rows: int
    ticker_dropout_frac: float = 0.0  # of training rows that pretend to be of an unknown share

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        scaler: Scaler,
        targets: dict[str, F64 | F32],
        *,
        batch_rows: int,
        ticker_dropout_frac: float,
    ) -> WindowSource:
        """Return the source of a dataset's rows with the targets that `head_targets` gives."""
        return cls(
            values=dataset.values,
            scaler=scaler,
            ticker=dataset.ticker,
            moment=dataset.decision_s,
            part=dataset.part,
            targets=targets,
            lookback_bars=dataset.lookback_bars,
            batch_rows=batch_rows,
            ticker_dropout_frac=ticker_dropout_frac,
        )

    def batch(self, rows: I64, *, part: int, rng: np.random.Generator | None) -> Batch:
        """Return inputs and targets of some rows; labels of other parts are missing."""
        ticker = self.ticker[rows]
        if (
            rng is not None
        ):  # some rows pretend to be of an unknown share, so that a new listing can be scored
            ticker = np.where(rng.random(rows.size) < self.ticker_dropout_frac, 0, ticker).astype(np.int32)
        own = self.part[rows] == part
        horizons = np.arange(own.shape[1], dtype=np.int32)
        inputs = {
            "bars": self.scaler.windows(self.values, rows, lookback=self.lookback_bars),
            "ticker": ticker,
            "horizons": np.tile(horizons, (rows.size, 1)),
        }
        wanted = {
            head: np.where(own, values[rows], np.nan)[:, :, None].astype(np.float32)
            for head, values in self.targets.items()
        }
        if RANK in wanted:
            numbers = np.unique(self.moment[rows], return_inverse=True)[1].astype(np.float32)
            together = np.broadcast_to(numbers[:, None, None], wanted[RANK].shape)
            wanted[RANK] = np.concatenate([wanted[RANK], together], axis=-1)
        return inputs, wanted


class WindowBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras carries no types
    """One epoch of a part's batches; a training epoch is drawn anew, from the seed and the epoch's number."""

    def __init__(self, source: WindowSource, rows: I64, *, part: int, limit: int, seed: int | None) -> None:
        super().__init__(workers=1)
        self._source, self._all, self._part, self._limit, self._seed = source, rows, part, limit, seed
        self._epoch = 0
        self._draw()

    @property
    def windows(self) -> int:
        """The windows of an epoch."""
        return sum(rows.size for rows in self._batches)

    @property
    def draw(self) -> int:
        """The number of the draw of rows that the next epoch takes, or this one while it runs."""
        return self._epoch

    def begin_at(self, draw: int) -> None:
        """Let the next epoch be of this draw: a fit that was cut off goes on with the rows that it would have had."""
        self._epoch = draw
        self._draw()

    def rows(self, index: int) -> I64:
        """Return the matrix rows of a batch of the epoch that is being drawn from."""
        return self._batches[index]

    def _draw(self) -> None:
        rng = None if self._seed is None else np.random.default_rng([self._seed, self._epoch])
        source = self._source
        if RANK in source.targets:
            rows = stratified_moments(self._all, source.moment, limit=self._limit, rng=rng)
            self._batches = moment_batches(rows, source.moment, batch_rows=source.batch_rows, rng=rng)
            return
        rows = stratified_rows(self._all, limit=self._limit, rng=rng)
        rows = rows if rng is None else rng.permutation(rows)
        size = source.batch_rows
        self._batches = [rows[start : start + size] for start in range(0, rows.size, size)]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        rng = None if self._seed is None else np.random.default_rng([self._seed, self._epoch, index])
        return self._source.batch(self._batches[index], part=self._part, rng=rng)

    def on_epoch_end(self) -> None:
        """Draw the next epoch."""
        self._epoch += 1
        if self._seed is not None:
            self._draw()
