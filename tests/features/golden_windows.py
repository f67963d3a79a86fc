"""What the second implementations of own-bar features share: all windows as one matrix, every sum made afresh."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.features.golden import Frame
from traderai.common.arrays import F64

NAN = math.nan


def column(f: Frame, name: str) -> F64:
    return np.array([float(value) for value in f[name]])


def over_windows(function: Any, window: int, *columns: F64) -> F64:
    """Return a function of the last `window` rows of the columns, NaN where one of them is missing."""
    out = np.full(columns[0].size, NAN)
    parts = [sliding_window_view(values, window) for values in columns]
    for t in range(window - 1, columns[0].size):
        row = [part[t - window + 1] for part in parts]
        if not any(np.isnan(values).any() for values in row):
            out[t] = function(*row)
    return out


def mean(values: F64) -> float:
    return math.fsum(values) / len(values)


def std(values: F64) -> float:
    if np.ptp(values) == 0.0:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def divided(above: float, below: float) -> float:
    return above / below if below != 0.0 else NAN


def each_divided(above: F64, below: F64) -> F64:
    return np.array([divided(a, b) for a, b in zip(above, below, strict=True)])


def returns(f: Frame) -> F64:
    close = column(f, "close")
    return np.array([NAN, *(math.log(close[t] / close[t - 1]) for t in range(1, close.size))])


def slope(values: F64) -> float:
    """Return the least-squares slope by the normal equations."""
    n = len(values)
    sum_x, sum_xx = math.fsum(range(n)), math.fsum(x * x for x in range(n))
    sum_xy = math.fsum(x * value for x, value in enumerate(values))
    return (n * sum_xy - sum_x * math.fsum(values)) / (n * sum_xx - sum_x**2)


def wilder(values: F64, window: int) -> F64:
    """Return Wilder's average of values whose first is missing."""
    out = np.full(values.size, NAN)
    if values.size > window:
        out[window] = mean(values[1 : window + 1])
        for t in range(window + 1, values.size):
            out[t] = (out[t - 1] * (window - 1) + values[t]) / window
    return out


def true_range(f: Frame) -> F64:
    high, low, close = column(f, "high"), column(f, "low"), column(f, "close")
    spans = [max(high[t], close[t - 1]) - min(low[t], close[t - 1]) for t in range(1, close.size)]
    return np.array([NAN, *spans])
