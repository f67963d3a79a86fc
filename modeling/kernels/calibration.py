"""Calibration: temperatures for logits and the isotonic map from edge to the probability of a profit.

Fitted on validation rows only; the caller chooses the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64

TEMPERATURE_RANGE = (0.05, 20.0)
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotonicMap:
    """A map that never falls, as knots; between them it is linear, beyond them flat."""

    knots: tuple[float, ...]  # rising
    values: tuple[float, ...]  # never falling


def sigmoid(logits: F64, *, temperature: float = 1.0) -> F64:
    """Return the probabilities of binary logits, divided by the temperature.

    Shapes: logits of any shape; returns the same.
    Raises: ValueError if the temperature is not above 0.
    """
    _check_temperature(temperature)
    scaled = logits / temperature
    small = np.exp(-np.abs(scaled))  # at most 1: never overflows
    p: F64 = np.where(scaled >= 0, 1.0, small) / (1.0 + small)
    return p


def softmax(logits: F64, *, temperature: float = 1.0) -> F64:
    """Return the class probabilities of logits, divided by the temperature.

    Shapes: logits (n, k); returns (n, k), rows adding up to 1.
    Raises: ValueError if the temperature is not above 0.
    """
    _check_temperature(temperature)
    scaled = logits / temperature
    grown = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    p: F64 = grown / grown.sum(axis=-1, keepdims=True)
    return p


def fit_temperature_sigmoid(logits: F64, y: F64) -> float:
    """Return the temperature with the least log loss of binary logits.

    Shapes: logits, y (n,); y of 0 and 1.
    Units:  temperature, within 0.05 and 20.
    Raises: ValueError for shapes that differ, missing logits, other labels or no row.
    """
    _check_rows(logits, y, 1)
    if not np.all((y == 0) | (y == 1)):
        raise ValueError("labels must be 0 or 1; drop null rows first")
    sign = 1.0 - 2.0 * y
    return _least(lambda temperature: float(np.mean(np.logaddexp(0.0, sign * logits / temperature))))


def fit_temperature_softmax(logits: F64, y: F64) -> float:
    """Return the temperature with the least log loss of class logits.

    Shapes: logits (n, k); y (n,) class numbers.
    Units:  temperature, within 0.05 and 20.
    Raises: ValueError for shapes that differ, missing logits, classes outside 0..k-1 or no row.
    """
    _check_rows(logits, y, 2)
    classes = y.astype(np.int64)
    if np.any(classes != y) or classes.min() < 0 or classes.max() >= logits.shape[1]:
        raise ValueError(f"classes must be whole numbers from 0 to {logits.shape[1] - 1}")
    rows = np.arange(classes.size)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float(np.mean(total - scaled[rows, classes]))

    return _least(loss)


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


def apply_isotonic(x: F64, mapping: IsotonicMap) -> F64:
    """Return the mapped values.

    Shapes: x of any shape; returns the same.
    NaN:    stays NaN.
    """
    return np.asarray(np.interp(x, mapping.knots, mapping.values), dtype=np.float64)


def _merged(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    rows = a[2] + b[2]
    return ((a[0] * a[2] + b[0] * b[2]) / rows, (a[1] * a[2] + b[1] * b[2]) / rows, rows)


def _least(loss: Callable[[float], float]) -> float:
    """Return the temperature of least loss by golden section; the loss is convex in 1 / temperature."""
    low, high = 1.0 / TEMPERATURE_RANGE[1], 1.0 / TEMPERATURE_RANGE[0]
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    loss_a, loss_b = loss(1.0 / a), loss(1.0 / b)
    while high - low > 1e-6:
        if loss_a <= loss_b:
            high, b, loss_b = b, a, loss_a
            a = high - _GOLDEN * (high - low)
            loss_a = loss(1.0 / a)
        else:
            low, a, loss_a = a, b, loss_b
            b = low + _GOLDEN * (high - low)
            loss_b = loss(1.0 / b)
    return 2.0 / (low + high)


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, was {temperature}")


def _check_rows(x: F64, y: F64, dimensions: int) -> None:
    if x.ndim != dimensions or y.shape != x.shape[:1] or y.size == 0:
        raise ValueError(f"shapes do not match or there is no row, were {x.shape} and {y.shape}")
    if not np.isfinite(x).all():
        raise ValueError("a logit or score is missing")
