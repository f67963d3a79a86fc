"""Scaling by the training rows, and sampling rows evenly over shares and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TRAIN, Dataset
from modeling.kernels.sparse import standardise
from modeling.kernels.standardised_windows import gather_standardised
from traderai.common.arrays import F32, F64, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaler:
    """Mean and standard deviation of each feature on the training rows alone; flags stay as they are."""

    mean: F64  # (k,)
    std: F64  # (k,)
    sparse: Bools  # (k,) may be missing, and is 0 then

    def apply(self, values: F32) -> F32:
        """Return the standardised values (..., k), exactly as scoring does it."""
        return standardise(values, mean=self.mean, std=self.std, sparse=self.sparse)

    def windows(self, values: F32, rows: I64, *, lookback: int) -> F32:
        """Return the standardised windows (b, lookback, k) that end with some rows of a raw matrix (m, k)."""
        return gather_standardised(
            values, rows, lookback=lookback, mean=self.mean, std=self.std, sparse=self.sparse
        )


def scaler_fit(dataset: Dataset) -> Scaler:
    """Return the scaler of the rows that have a training label; no later row is read."""
    rows = dataset.values[dataset.rows_of(TRAIN)].astype(np.float64)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    for column in np.flatnonzero(dataset.sparse):
        known = rows[~np.isnan(rows[:, column]), column]
        if known.size:
            # What was the same whenever it was there has no unit of its own.
            mean[column], std[column] = known.mean(), known.std() or 1.0
    mean[dataset.flags], std[dataset.flags] = 0.0, 1.0
    unusable = [
        name for name, m, s in zip(dataset.features, mean, std, strict=True) if not s > 0 or np.isnan(m)
    ]
    if unusable:
        raise DatasetRefusedError(
            f"missing or constant on the training rows: {', '.join(unusable)}; leave them out"
        )
    return Scaler(mean=mean, std=std, sparse=dataset.sparse)


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


def stratified_moments(rows: I64, moment: I64, *, limit: int, rng: np.random.Generator | None) -> I64:
    """Return about `limit` rows: all rows of moments from equal stretches of time, moment after moment.

    Shapes as `stratified_rows`; moment (m,) is the decision time of each row of the matrix.
    """
    moments, inverse = np.unique(moment[rows], return_inverse=True)
    wanted = max(1, limit * moments.size // max(1, rows.size))
    chosen = stratified_rows(np.arange(moments.size, dtype=np.int64), limit=wanted, rng=rng)
    kept = np.isin(inverse, chosen)
    return rows[kept][np.argsort(inverse[kept], kind="stable")]


def moment_batches(rows: I64, moment: I64, *, batch_rows: int, rng: np.random.Generator | None) -> list[I64]:
    """Return the rows as batches of at most `batch_rows` that never part the rows of one moment.

    With a generator the moments are shuffled. A moment with more rows than that is a batch of its own.
    """
    _, inverse = np.unique(moment[rows], return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    whole = np.split(rows[order], np.flatnonzero(np.diff(inverse[order])) + 1)
    turn = range(len(whole)) if rng is None else rng.permutation(len(whole))
    batches: list[list[I64]] = [[]]
    for own in (whole[place] for place in turn):
        if batches[-1] and sum(part.size for part in batches[-1]) + own.size > batch_rows:
            batches.append([])
        batches[-1].append(own)
    return [np.concatenate(parts) for parts in batches if rows.size]
