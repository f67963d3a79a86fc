"""Scaling by the training rows, and sampling rows evenly over shares and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.registry.scorer import standardise
from traderai.common.arrays import F32, F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaler:
    """Mean and standard deviation of each feature on the training rows alone."""

    mean: F64  # (k,)
    std: F64  # (k,)

    def apply(self, values: F32) -> F32:
        """Return the standardised values (..., k), exactly as scoring does it."""
        return standardise(values, mean=self.mean, std=self.std)


def scaler_fit(dataset: Dataset) -> Scaler:
    """Return the scaler of the rows that have a training label; no later row is read."""
    rows = dataset.values[dataset.rows_of(TRAIN)].astype(np.float64)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    if not (np.isfinite(mean).all() and (std > 0).all()):
        raise DatasetRefusedError("a feature is missing or constant on the training rows; leave it out")
    return Scaler(mean=mean, std=std)


def stratified_rows(rows: I64, *, limit: int, rng: np.random.Generator | None) -> I64:
    """Return at most `limit` rows, one from each of `limit` equal stretches of `rows`.

    Rows in the dataset's order (share after share, each in time), so every share and every period gives its
    part. With a generator the row within each stretch is random, without one it is the stretch's middle.
    """
    if rows.size <= limit:
        return rows
    edges = np.linspace(0.0, rows.size, limit + 1)
    shift = np.full(limit, 0.5) if rng is None else rng.random(limit)
    places = np.floor(edges[:-1] + shift * np.diff(edges)).astype(np.int64)
    chosen: I64 = rows[np.minimum(places, rows.size - 1)]
    return chosen
