"""Price and oscillator that disagree at the turning points."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import require_window
from traderai.common.arrays import F64


def swing_divergence(close: F64, oscillator: F64, *, span: int, reach: int, hold: int) -> F64:
    """Return whether price and oscillator moved against each other between the last two turning points.

    A bar is a low turning point if its close is below the `span` closes before it and not above the `span` closes
    after it; it is known only `span` bars later, and nothing is said before. Two neighbouring low points at most
    `reach` bars apart, the later one with a lower close and a higher oscillator, are a bullish divergence; two high
    points, the later one with a higher close and a lower oscillator, a bearish one. Each holds for `hold` bars from the
    bar on which the later point became known.

    Shapes: close, oscillator (n,), the oscillator NaN at its beginning only; returns (n,).
    Units:  1 bullish, -1 bearish, 0 neither or both.
    NaN:    until `reach + span + hold - 1` bars after the oscillator is known: before, 0 could hide one.
    Causal: out[t] reads positions 0 to t.
    Raises: ValueError if `span`, `reach` or `hold` is below 1.
    Source: Wilder (1978) on divergence of price and RSI; the turning points are fractals with `span` bars a side.
    """
    for bars in (span, reach, hold):
        require_window(bars)
    low = _divergence_at_lows(np.ascontiguousarray(close), oscillator, span, reach, hold)
    high = _divergence_at_lows(-close, -oscillator, span, reach, hold)
    return np.asarray(low - high, dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _divergence_at_lows(price: F64, oscillator: F64, span: int, reach: int, hold: int) -> F64:
    out = np.full(price.size, np.nan)
    known = 0
    before = until = -1
    for t in range(price.size):
        known += 0 if np.isnan(oscillator[t]) else 1
        at = t - span
        if at >= span and not np.isnan(oscillator[at]) and _is_low(price, at, span):
            near = before >= 0 and at - before <= reach
            if near and price[at] < price[before] and oscillator[at] > oscillator[before]:
                until = t + hold - 1
            before = at
        if known >= reach + span + hold:
            out[t] = 1.0 if t <= until else 0.0
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _is_low(price: F64, at: int, span: int) -> bool:
    k = 1
    while k <= span and price[at - k] > price[at] and price[at + k] >= price[at]:
        k += 1
    return k > span
