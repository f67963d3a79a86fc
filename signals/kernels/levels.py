"""Support and resistance from recent swing points."""

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

    Swing points within one tolerance of the lowest of them are one level, at their mean.

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
    groups = [(float(group.mean()), int(group.size)) for group in _grouped(prices, width=tolerance_rub)]
    below = [group for group in groups if group[0] < close_rub][-per_side:]
    above = [group for group in groups if group[0] > close_rub][:per_side]
    return tuple(
        PriceLevel(price_rub=price, touches=touches, kind=kind)
        for kind, side in (("support", below), ("resistance", above))
        for price, touches in side
    )


def _grouped(prices: F64, *, width: float) -> list[F64]:
    """Return rising prices in groups no wider than `width`; chaining neighbours would swallow a whole range."""
    groups: list[F64] = []
    start = 0
    while start < prices.size:
        stop = int(np.searchsorted(prices, prices[start] + width, side="right"))
        groups.append(prices[start:stop])
        start = stop
    return groups


def own_levels(
    *,
    close_rub: float,
    take_profit_rub: float | None,
    stop_loss_rub: float | None,
    label_take_profit_rub: float | None,
) -> tuple[float, float] | None:
    """Return an order's take-profit and stop as distances from the close, None where they are the label set's.

    A decision names the label set's take-profit beside its own only where the two differ.

    Units:  rubles in, fractions of the close out.
    """
    if not (label_take_profit_rub and take_profit_rub and stop_loss_rub):
        return None
    return abs(take_profit_rub / close_rub - 1.0), abs(stop_loss_rub / close_rub - 1.0)
