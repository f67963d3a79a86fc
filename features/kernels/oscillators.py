"""Oscillators: where the price stands in its range, and how far from its usual level."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from features.kernels.averages import SAME_FRAC
from features.kernels.rolling import require_window
from traderai.common.arrays import F64

_CHUNK: Final = 256


def range_position(close: F64, highest: F64, lowest: F64) -> F64:
    """Return where the close lies between the highest high and the lowest low of a stretch.

    Shapes: close, highest, lowest (n,); returns (n,).
    Units:  0 (at the low) to 1 (at the high).
    NaN:    where the extremes are, and where they are equal.
    Causal: out[t] reads position t alone.
    Source: Lane (1984) as %K; Donchian channel.
    """
    span = highest - lowest
    span[span <= 0.0] = np.nan
    return (close - lowest) / span


def commodity_channel_index(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return how far the typical price lies from its mean, in mean absolute deviations.

    Shapes: high, low, close (n,); returns (n,).
    Units:  0.015 mean absolute deviations; most values lie within -100 to 100.
    NaN:    the first `window - 1` values, and windows whose typical price has not moved beyond rounding.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: Lambert (1980), Commodities 8(10); (typical - mean) / (0.015 mean deviation), typical (high+low+close)/3.
    """
    require_window(window, least=2)
    typical = (high + low + close) / 3.0
    return np.asarray(_commodity_channel_index(typical, window), dtype=np.float64)


def above(values: F64, *, level: float) -> F64:
    """Return 1 where values are above a level, else 0; what differs from it by rounding alone is not.

    Shapes: values (n,); returns (n,).
    Units:  0 or 1.
    NaN:    where the values are.
    Causal: out[t] reads position t alone.
    """
    return np.where(np.isnan(values), np.nan, values > level + SAME_FRAC * abs(level))


def below(values: F64, *, level: float) -> F64:
    """Return 1 where values are below a level, else 0; what differs from it by rounding alone is not.

    Shapes: values (n,); returns (n,).
    Units:  0 or 1.
    NaN:    where the values are.
    Causal: out[t] reads position t alone.
    """
    return np.where(np.isnan(values), np.nan, values < level - SAME_FRAC * abs(level))


@njit(nogil=True, cache=True, error_model="numpy")
def _commodity_channel_index(typical: F64, window: int) -> F64:
    """Count prices from the newest one of each window: windows of one price have exactly no deviation."""
    out = np.full(typical.size, np.nan)
    means = np.empty(_CHUNK)
    spreads = np.empty(_CHUNK)
    for start in range(window - 1, typical.size, _CHUNK):
        newest = typical[start : start + _CHUNK]
        size = newest.size
        means[:] = 0.0
        spreads[:] = 0.0
        for first in range(start - window + 1, start):
            part = typical[first : first + size]
            for j in range(size):
                means[j] += part[j] - newest[j]
        for j in range(size):
            means[j] /= window
        for first in range(start - window + 1, start + 1):
            part = typical[first : first + size]
            for j in range(size):
                spreads[j] += abs((part[j] - newest[j]) - means[j])
        for j in range(size):
            deviation = spreads[j] / window
            out[start + j] = -means[j] / (0.015 * deviation) if deviation > 1e-12 * newest[j] else np.nan
    return out
