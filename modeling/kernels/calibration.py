"""Calibration: logits to probabilities, and the isotonic map from edge to the probability of a profit.

Fitted on validation rows only; the caller chooses the rows.
"""

from __future__ import annotations

import numpy as np

from modeling.contracts import IsotonicMap
from traderai.common.arrays import F64


def sigmoid(logits: F64) -> F64:
    """Return the probabilities of binary logits.

    Shapes: logits of any shape; returns the same.
    """
    small = np.exp(-np.abs(logits))  # at most 1: never overflows
    p: F64 = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return p


def softmax(logits: F64) -> F64:
    """Return the class probabilities of logits.

    Shapes: logits (n, k); returns (n, k), rows adding up to 1.
    """
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p: F64 = grown / grown.sum(axis=-1, keepdims=True)
    return p


def fit_isotonic(x: F64, y: F64, *, max_knots: int = 50) -> IsotonicMap:
    """Return the least-squares map from x to y that never falls, as at most `max_knots` knots.

    Rows are first averaged in equal-mass groups of at least 20, then pooled; each pool gives one knot at
    its mean x, so that single rows cannot pull an end of the map to 0 or 1.

    Shapes: x, y (n,).
    Raises: ValueError for shapes that differ, missing numbers, no row or max_knots below 1.
    Source: Barlow et al. (1972), pool adjacent violators.
    """
    _check_rows(x, y, 1)
    if max_knots < 1 or not np.isfinite(y).all():
        raise ValueError(f"max_knots must be at least 1 and y finite, was {max_knots}")
    order = np.argsort(x, kind="stable")
    groups = np.array_split(order, min(max_knots, max(1, x.size // 20)))
    pools: list[tuple[float, float, float]] = []  # mean x, mean y, rows
    for group in groups:
        pool = (float(x[group].mean()), float(y[group].mean()), float(group.size))
        while pools and (pools[-1][1] >= pool[1] or pools[-1][0] >= pool[0]):
            pool = _merged(pools.pop(), pool)
        pools.append(pool)
    return IsotonicMap(knots=tuple(pool[0] for pool in pools), values=tuple(pool[1] for pool in pools))


def mapped(x: F64, by: IsotonicMap) -> F64:
    """Return the map's value at each x.

    Shapes: x of any shape; returns the same.
    """
    return np.asarray(np.interp(x, by.knots, by.values))


def _merged(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    rows = a[2] + b[2]
    return ((a[0] * a[2] + b[0] * b[2]) / rows, (a[1] * a[2] + b[1] * b[2]) / rows, rows)


def _check_rows(x: F64, y: F64, dimensions: int) -> None:
    if x.ndim != dimensions or y.shape != x.shape[:1] or y.size == 0:
        raise ValueError(f"shapes do not match or there is no row, were {x.shape} and {y.shape}")
    if not np.isfinite(x).all():
        raise ValueError("a logit or score is missing")
