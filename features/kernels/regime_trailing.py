"""Means, extremes, volatilities and ranks over the days known so far."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque

import numpy as np

from traderai.common.arrays import F64


def change(values: F64, days: int) -> F64:
    """Return the change over `days` days.

    Shapes: values (d,); returns (d,).
    NaN:    the first `days` days.
    Causal: out[t] reads values t - days and t.
    """
    out = np.full(values.size, np.nan)
    out[days:] = values[days:] - values[:-days]
    return out


def trailing_mean(values: F64, *, days: int, least: int) -> F64:
    """Return the mean of the last `days` values, of as many as there are from the `least`-th day on.

    Shapes: values (d,); returns (d,).
    NaN:    the first `least - 1` days.
    Causal: out[t] reads values t - days + 1 to t.
    """
    out = np.full(values.size, np.nan)
    for t in range(least - 1, values.size):
        out[t] = values[max(0, t - days + 1) : t + 1].mean()
    return out


def trailing_max(values: F64, *, days: int) -> F64:
    """Return the largest of the last `days` values, of as many as there are.

    Shapes: values (d,); returns (d,).
    NaN:    where a value of the window is NaN.
    Causal: out[t] reads values t - days + 1 to t.
    """
    return np.array(
        [values[max(0, t - days + 1) : t + 1].max() for t in range(values.size)], dtype=np.float64
    )


def realised_sigma(returns: F64, *, days: int) -> F64:
    """Return the root mean square of the last `days` returns.

    Shapes: returns (d,), the first of them no return; returns (d,).
    Units:  log return of one day.
    NaN:    the first `days` days, and where nothing moved.
    Causal: out[t] reads returns t - days + 1 to t.
    """
    out = np.full(returns.size, np.nan)
    for t in range(days, returns.size):
        out[t] = np.sqrt(np.mean(returns[t - days + 1 : t + 1] ** 2))
    return np.where(out > 0.0, out, np.nan)


def ewma_sigma(returns: F64, *, decay: float, start: int) -> F64:
    """Return the exponentially weighted volatility; the variance starts as the mean square of the first returns.

    Shapes: returns (d,); returns (d,).
    Units:  log return of one day.
    NaN:    the first `start` days.
    Causal: out[t] reads returns up to t.
    Source: RiskMetrics Technical Document (1996).
    """
    out = np.full(returns.size, np.nan)
    variance = 0.0
    for t in range(1, returns.size):
        square = float(returns[t]) ** 2
        variance = variance + square / start if t <= start else decay * variance + (1.0 - decay) * square
        if t >= start:
            out[t] = np.sqrt(variance)
    return np.where(out > 0.0, out, np.nan)


def trailing_percentile(values: F64, *, days: int) -> F64:
    """Return the share of the last `days` known values that are not above the newest one.

    Shapes: values (d,); returns (d,).
    Units:  above 0 to 1.
    NaN:    where the value is NaN.
    Causal: out[t] reads the known values up to t, itself among them.
    """
    out = np.full(values.size, np.nan)
    ranked: list[float] = []
    kept: deque[float] = deque()
    for t in np.flatnonzero(np.isfinite(values)):
        value = float(values[t])
        insort(ranked, value)
        kept.append(value)
        if len(kept) > days:
            del ranked[bisect_left(ranked, kept.popleft())]
        out[t] = bisect_right(ranked, value) / len(ranked)
    return out


def past_quantile(values: F64, quantile: float, *, days: int, least: int) -> F64:
    """Return a quantile of the last `days` known values before each day, interpolated linearly.

    Shapes: values (d,); returns (d,).
    Units:  those of the values.
    NaN:    while fewer than `least` earlier values are known.
    Causal: out[t] reads the known values before t, not its own.
    """
    out = np.full(values.size, np.nan)
    ranked: list[float] = []
    kept: deque[float] = deque()
    for t, value in enumerate(values.tolist()):
        if len(ranked) >= least:
            place = quantile * (len(ranked) - 1)
            low = int(place)
            high = min(low + 1, len(ranked) - 1)
            out[t] = ranked[low] + (place - low) * (ranked[high] - ranked[low])
        if value == value:  # NaN is not known
            insort(ranked, value)
            kept.append(value)
            if len(kept) > days:
                del ranked[bisect_left(ranked, kept.popleft())]
    return out
