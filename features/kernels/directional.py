"""The directional movement system."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.averages import SAME_FRAC
from features.kernels.rolling import require_window
from traderai.common.arrays import F64


def directional_movement(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the directional indicators +DI and -DI and the average directional index.

    A bar without any directional movement leaves the index as it was.

    Shapes: high, low, close (n,); returns (3, n): +DI, -DI, ADX.
    Units:  0 to 100.
    NaN:    the first `window` values (ADX: `2 * window - 1`), and where nothing has moved.
    Causal: out[:, t] reads bars 0 to t.
    Raises: ValueError if `window` is below 2.
    Source: Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib PLUS_DI, MINUS_DI and ADX, which tell
        equal moves apart by their rounding.
    """
    require_window(window, least=2)
    out = _directional(
        np.ascontiguousarray(high), np.ascontiguousarray(low), np.ascontiguousarray(close), window
    )
    return np.asarray(out, dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _directional(high: F64, low: F64, close: F64, window: int) -> F64:
    out = np.full((3, close.size), np.nan)
    keep = 1.0 - 1.0 / window
    plus = minus = true_range = index = 0.0
    for t in range(1, close.size):
        up, down = high[t] - high[t - 1], low[t - 1] - low[t]
        span = max(high[t], close[t - 1]) - min(low[t], close[t - 1])
        # Prices are decimal: of two equal moves one would be the greater by rounding.
        least = SAME_FRAC * close[t]
        # The first sums hold window - 1 moves.
        fade = 1.0 if t < window else keep
        plus = fade * plus + (up if up - down > least and up > least else 0.0)
        minus = fade * minus + (down if down - up > least and down > least else 0.0)
        true_range = fade * true_range + span
        if t < window:
            continue
        both = plus + minus
        strength = 100.0 * abs(plus - minus) / both if both > 0.0 else -1.0
        if t < 2 * window:
            index += max(strength, 0.0) / window
        elif strength >= 0.0:
            index += (strength - index) / window
        if true_range > 0.0:
            scale = 100.0 / true_range
            out[0, t], out[1, t] = scale * plus, scale * minus
            if t >= 2 * window - 1:
                out[2, t] = index
    return out
