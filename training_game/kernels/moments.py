"""What a moment looked like to who saw only the bars before it."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64

SETUPS = ("breakout_up", "breakout_down", "trend_up", "trend_down", "range")
CHANNEL_BARS = 20
TREND_EFFICIENCY = 0.3


def efficiency_ratio(close: F64, *, bars: int) -> float:
    """Return how straight the last `bars` moves were: 1 a straight line, near 0 a walk that came back.

    Shapes: close (n,), n above bars.
    Units:  0 to 1; 0 where nothing moved.
    NaN:    not accepted.
    Causal: reads the last bars + 1 closes.
    Raises: ValueError with too few closes.
    Source: Kaufman (1995), Smarter Trading, the efficiency ratio.
    """
    if not 1 <= bars < close.size:
        raise ValueError(f"bars must be from 1 to {close.size - 1}, was {bars}")
    part = close[-bars - 1 :]
    walked = float(np.abs(np.diff(part)).sum())
    return float(abs(part[-1] - part[0])) / walked if walked > 0.0 else 0.0


def setup_name(high: F64, low: F64, close: F64) -> str:
    """Return what kind of situation the last bar stands in, one of SETUPS.

    A close beyond the highest high or the lowest low of the 20 bars before is a breakout; else twenty moves straighter
    than 0.3 are a trend; else it is a range.

    Shapes: all (n,), n above 20.
    NaN:    not accepted.
    Causal: reads the last 21 bars.
    Raises: ValueError with too few bars.
    Source: Donchian's channel; Kaufman's efficiency ratio.
    """
    straight = efficiency_ratio(close, bars=CHANNEL_BARS)
    before = slice(-CHANNEL_BARS - 1, -1)
    if close[-1] > high[before].max():
        return "breakout_up"
    if close[-1] < low[before].min():
        return "breakout_down"
    if straight < TREND_EFFICIENCY:
        return "range"
    return "trend_up" if close[-1] > close[-CHANNEL_BARS - 1] else "trend_down"
