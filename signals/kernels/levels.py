"""Support and resistance from swing points, and the picture of the chart in figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I64

SWING_BARS = 5
LOOKBACK_BARS = 500
LEVELS_PER_SIDE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLevel:
    """A price at which the market turned before."""

    price_rub: float
    touches: int  # swing points that make it up
    kind: str  # support or resistance


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPicture:
    """The last bars in a few figures; None where the history is too short."""

    change_20_bars_frac: float | None
    distance_from_mean_50_bars_frac: float | None
    rsi_14: float | None
    volume_ratio: float | None  # mean of the last 9 bars over the median of the 100 before


def swing_points(high: F64, low: F64, *, reach: int = SWING_BARS) -> tuple[I64, I64]:
    """Return the bars whose high (low) is the highest (lowest) within `reach` bars on both sides.

    Shapes: high (n,), low (n,); results are rising indices.
    Causal: a swing point is known `reach` bars after it; none is reported in the last `reach` bars.
    Raises: ValueError when reach is not positive.
    Source: fractal swing points; first of equal extremes.
    """
    if reach < 1:
        raise ValueError(f"reach must be at least 1, was {reach}")
    span = 2 * reach + 1
    if high.size < span:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    highs = np.lib.stride_tricks.sliding_window_view(high, span)
    lows = np.lib.stride_tricks.sliding_window_view(low, span)
    tops = np.flatnonzero(np.argmax(highs, axis=1) == reach) + reach
    bottoms = np.flatnonzero(np.argmin(lows, axis=1) == reach) + reach
    return tops.astype(np.int64), bottoms.astype(np.int64)


def price_levels(
    *, high: F64, low: F64, close_rub: float, tolerance_rub: float, per_side: int = LEVELS_PER_SIDE
) -> tuple[PriceLevel, ...]:
    """Return the nearest supports below and resistances above the close, lowest price first.

    Swing points closer together than the tolerance are one level, at their mean.

    Shapes: high (n,), low (n,).
    Units: prices in today's roubles.
    NaN: not accepted.
    Causal: uses bars 0..n-1 only.
    Raises: ValueError when the tolerance is not positive.
    """
    if tolerance_rub <= 0:
        raise ValueError(f"tolerance_rub must be positive, was {tolerance_rub}")
    high, low = high[-LOOKBACK_BARS:], low[-LOOKBACK_BARS:]
    tops, bottoms = swing_points(high, low)
    prices = np.sort(np.concatenate((high[tops], low[bottoms])))
    if prices.size == 0:
        return ()
    breaks = np.flatnonzero(np.diff(prices) > tolerance_rub) + 1
    groups = [(float(group.mean()), int(group.size)) for group in np.split(prices, breaks)]
    below = [group for group in groups if group[0] < close_rub][-per_side:]
    above = [group for group in groups if group[0] > close_rub][:per_side]
    return tuple(
        PriceLevel(price_rub=price, touches=touches, kind=kind)
        for kind, side in (("support", below), ("resistance", above))
        for price, touches in side
    )


def chart_picture(*, close: F64, volume: F64) -> ChartPicture:
    """Return the figures of trend, momentum and volume at the last bar.

    Shapes: close (n,), volume (n,).
    NaN: not accepted; None stands where the history is too short.
    Causal: uses bars 0..n-1 only.
    """
    n = close.size
    usual_volume = float(np.median(volume[-109:-9])) if n >= 109 else 0.0
    return ChartPicture(
        change_20_bars_frac=float(close[-1] / close[-21] - 1) if n >= 21 else None,
        distance_from_mean_50_bars_frac=float(close[-1] / close[-50:].mean() - 1) if n >= 50 else None,
        rsi_14=wilder_rsi_last(close),
        volume_ratio=float(volume[-9:].mean() / usual_volume) if usual_volume > 0 else None,
    )


def wilder_rsi_last(close: F64, *, window: int = 14) -> float | None:
    """Return the relative strength index of the last bar, None before window + 1 bars or on a flat series.

    Shapes: close (n,).
    Units: 0..100.
    Causal: uses bars 0..n-1 only.
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
    """
    if close.size < window + 1:
        return None
    changes = np.diff(close)
    gain = float(np.maximum(changes[:window], 0.0).mean())
    loss = float(np.maximum(-changes[:window], 0.0).mean())
    for change in changes[window:]:
        gain += (max(float(change), 0.0) - gain) / window
        loss += (max(-float(change), 0.0) - loss) / window
    return None if gain + loss == 0 else 100.0 * gain / (gain + loss)
