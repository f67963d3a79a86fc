"""The chart in a few figures, as the explanation names them; needs TA-Lib, so only scoring imports it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from features.kernels.candle_patterns import NAMES, candle_patterns
from features.kernels.technical import price_to_sma, rsi
from signals.kernels.situation import CandlePattern
from traderai.common.arrays import F64

RECENT_BARS = 9
USUAL_BARS = 100
PATTERN_BARS = 30  # a pattern reads 13 bars; its means are those of the bars before
# Three bars say more than two and two more than one. Spinning tops, belt holds, marubozus and hikkakes are left out:
# every few bars is one.
TOLD_PATTERNS = (
    "morning_star", "evening_star", "three_inside", "three_outside", "piercing", "dark_cloud_cover", "engulfing",
    "doji_star", "harami", "hammer", "hanging_man", "inverted_hammer", "shooting_star", "dragonfly_doji",
    "gravestone_doji", "doji",
)  # fmt: skip
_SIDELESS = frozenset({"doji", "dragonfly_doji", "gravestone_doji"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPicture:
    """The last bars in a few figures; None where the history is too short."""

    change_20_bars_frac: float | None
    distance_from_mean_50_bars_frac: float | None
    rsi_14: float | None
    volume_ratio: float | None


def chart_picture(*, close: F64, volume: F64) -> ChartPicture:
    """Return trend, momentum and volume at the last bar.

    Shapes: close (n,), volume (n,), n at least 1.
    Units:  fractions; RSI in 0..100; the volume ratio is the mean of the last RECENT_BARS bars over the median of
            the USUAL_BARS before them.
    NaN:    not accepted; None stands where the history is too short.
    Causal: uses bars 0..n-1 only.
    """
    n = close.size
    start = n - RECENT_BARS - USUAL_BARS
    usual = float(np.median(volume[start : n - RECENT_BARS])) if start >= 0 else 0.0
    return ChartPicture(
        change_20_bars_frac=float(close[-1] / close[-21] - 1) if n >= 21 else None,
        distance_from_mean_50_bars_frac=_last(price_to_sma(close, window=50)) if n >= 50 else None,
        rsi_14=_last(rsi(close, window=14)),
        volume_ratio=float(volume[-RECENT_BARS:].mean() / usual) if usual > 0 else None,
    )


def candle_pattern(*, open_: F64, high: F64, low: F64, close: F64) -> CandlePattern | None:
    """Return the pattern that the last bar completes, the weightiest of several; None where it completes none.

    Shapes: open_, high, low, close (n,).
    NaN:    not accepted; None of too short a history.
    Causal: reads the last PATTERN_BARS bars.
    Source: `features.kernels.candle_patterns`.
    """
    if close.size < PATTERN_BARS:
        return None
    last = [np.ascontiguousarray(column[-PATTERN_BARS:]) for column in (open_, high, low, close)]
    found = dict(zip(NAMES, candle_patterns(*last)[:, -1].tolist(), strict=True))
    for name in TOLD_PATTERNS:
        if found[name]:
            return CandlePattern(name=name, direction=0 if name in _SIDELESS else found[name])
    return None


def _last(values: F64) -> float | None:
    value = float(values[-1])
    return value if math.isfinite(value) else None
