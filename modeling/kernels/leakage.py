"""How much a single column tells of a label: where that is too much, the column knows what it must not."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from traderai.common.arrays import F32, F64, I8, I64, Bools

UNLABELLED = -1


def column_aucs(values: F32, labels: I8) -> F64:
    """Return the ROC-AUC of every column for every label, ties counting half.

    Shapes: values (n, k); labels (n, t) of 0, 1 and -1 for rows without this label; returns (k, t).
    NaN:    a missing value is left out of its column's figures; NaN where a column meets a single class only.
    Raises: ValueError for shapes that differ or other labels.
    Source: Mann and Whitney (1947); Fawcett (2006), Pattern Recognition Letters 27.
    """
    if values.ndim != 2 or labels.ndim != 2 or labels.shape[0] != values.shape[0]:
        raise ValueError(f"values must be (n, k) and labels (n, t), were {values.shape} and {labels.shape}")
    if labels.size and (labels.min() < UNLABELLED or labels.max() > 1):
        raise ValueError(f"labels must be 0, 1 or {UNLABELLED}, were from {labels.min()} to {labels.max()}")
    rows = np.ascontiguousarray(labels)
    found = np.empty((values.shape[1], labels.shape[1]))
    for column in range(values.shape[1]):
        own = np.ascontiguousarray(values[:, column])
        found[column] = _ordered_aucs(own, np.argsort(own), rows)  # NaN sorts last
    return found


def chance_auc(positives: float, negatives: float, *, sigmas: float) -> float:
    """Return the AUC that a column without any knowledge stays below, `sigmas` standard deviations above 0.5.

    Shapes: numbers of independent rows of each class; they may be fractions.
    NaN:    1 where a class is not there at all.
    Source: Mann and Whitney (1947): the variance of U without a difference.
    """
    if positives <= 0 or negatives <= 0:
        return 1.0
    deviation = math.sqrt((positives + negatives + 1.0) / (12.0 * positives * negatives))
    return min(0.5 + sigmas * deviation, 1.0)


def windows_apart(start_s: I64, end_s: I64) -> int:
    """Return how many windows, taken one after another from the oldest, do not overlap.

    Rows of one moment, whatever their share, count as one: shares move together.

    Shapes: start_s, end_s (n,) in any order.
    Units:  seconds since 1970.
    Raises: ValueError for shapes that differ or a window that ends before it starts.
    """
    return int(which_apart(start_s, end_s).sum())


def which_apart(start_s: I64, end_s: I64) -> Bools:
    """Return which windows are taken where one after another is, from the oldest, none overlapping the last taken.

    Shapes: start_s, end_s (n,) in any order; returns (n,).
    Units:  seconds since 1970.
    Raises: ValueError for shapes that differ or a window that ends before it starts.
    """
    if start_s.shape != end_s.shape or np.any(end_s < start_s):
        raise ValueError(
            f"start_s and end_s must be of one shape, no end before its start, were {start_s.shape}, {end_s.shape}"
        )
    order = np.lexsort((end_s, start_s))
    taken = np.zeros(start_s.shape, dtype=np.bool_)
    taken[order] = _taken_apart(start_s[order], end_s[order])
    return taken


@njit(nogil=True, cache=True)
def _taken_apart(start_s: I64, end_s: I64) -> Bools:
    taken, free = np.zeros(start_s.size, dtype=np.bool_), 0
    for i in range(start_s.size):
        if i == 0 or start_s[i] >= free:
            taken[i], free = True, end_s[i]
    return taken


@njit(nogil=True, cache=True)
def _ordered_aucs(values: F32, order: I64, labels: I8) -> F64:
    """Return the AUC of one column for every label, by one walk up the sorted values, tie after tie."""
    n, t = labels.shape
    positives, negatives, above = np.zeros(t), np.zeros(t), np.zeros(t)
    start = 0
    while start < n and not np.isnan(values[order[start]]):
        end = start
        while end < n and values[order[end]] == values[order[start]]:
            end += 1
        for label in range(t):
            hits, misses = 0.0, 0.0
            for place in range(start, end):
                own = labels[order[place], label]
                if own == 1:
                    hits += 1.0
                elif own == 0:
                    misses += 1.0
            above[label] += hits * (negatives[label] + misses / 2.0)
            positives[label] += hits
            negatives[label] += misses
        start = end
    pairs = positives * negatives
    return np.where(pairs > 0.0, above / np.where(pairs > 0.0, pairs, 1.0), np.nan)
