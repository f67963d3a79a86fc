"""Batches that hold each class in a given share, as row numbers: no row is copied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traderai.common.arrays import I64


def quota_counts(quotas: Sequence[float], *, batch_rows: int) -> I64:
    """Return how many rows of each class a batch holds: within one row of its quota, together the whole batch.

    Shapes: quotas of k -> (k,)
    Units:  shares that add up to 1; rows.
    Raises: ValueError for quotas that are not positive or do not add up to 1, and fewer rows than classes.
    Source: the largest-remainder method (Hamilton).
    """
    shares = np.asarray(quotas, dtype=np.float64)
    if shares.ndim != 1 or shares.size < 2 or not np.all(shares > 0) or abs(shares.sum() - 1.0) > 1e-9:
        raise ValueError(
            f"quotas must be positive shares of two classes or more that add up to 1, were {quotas}"
        )
    if batch_rows < shares.size:
        raise ValueError(f"batch_rows must be at least {shares.size}, a row for each class, was {batch_rows}")
    exact = shares * batch_rows
    counts = np.floor(exact + 1e-9).astype(np.int64)  # 0.3 * 10 is 3 rows, not 2
    left = batch_rows - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    return counts


def quota_batches(
    label: I64, *, quotas: Sequence[float], batch_rows: int, batches: int, rng: np.random.Generator
) -> I64:
    """Return the rows of an epoch's batches: every batch meets the quotas, each class's rows are all used in turn.

    A class is walked through in a drawn order, anew as often as it runs out: a rare class is seen several times,
    a frequent one in part, and within one walk no row comes twice.

    Shapes: label (n,) class numbers from 0 to k - 1; returns (batches, batch_rows) indices into it.
    Raises: ValueError as `quota_counts`, for batches below 1 and a class without a row.
    """
    counts = quota_counts(quotas, batch_rows=batch_rows)
    if batches < 1:
        raise ValueError(f"batches must be at least 1, was {batches}")
    columns = []
    for number, count in enumerate(counts.tolist()):
        own = np.flatnonzero(label == number)
        if own.size == 0:
            raise ValueError(
                f"class {number} must have rows to fill its {count} places in a batch, had none; give it more data"
            )
        wanted = count * batches
        walks = [rng.permutation(own) for _ in range(max(1, -(-wanted // own.size)))]
        columns.append(np.concatenate(walks)[:wanted].reshape(batches, count))
    rows = np.concatenate(columns, axis=1).astype(np.int64)
    return np.asarray(rng.permuted(rows, axis=1))
