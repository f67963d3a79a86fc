"""Minutes of simulated hours: the same paths that hourly bars are made of, cut into minutes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from market.simulator.innovations import MINUTES
from traderai.common.arrays import F32, F64, I64, Bools

_NEWTON_STEPS = 8
_STEEPEST = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HourMoves:
    """How hours move; arrays have shape (h hours, k shares), log returns."""

    sigma: F64  # of an hour whose variance is mixed to 1
    variance: F64  # mixed
    drift: F64
    jump: F64
    jump_minute: I64

    def rows(self, rows: slice) -> HourMoves:
        """Return some of the hours."""
        return HourMoves(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinutePaths:
    """Log prices of minutes against their hour's open."""

    path: F64  # (h, 60, k) at the end of each minute
    high: F64  # (h, 60, k) highest in each minute
    low: F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinuteBars:
    """Minutes of hours; arrays have shape (n, 60). Figures of minutes without a trade mean nothing."""

    traded: Bools
    open: F64
    high: F64
    low: F64
    close: F64
    volume_shares: F64
    value_rub: F64


def minute_paths(moves: HourMoves, innovations: F32, extremes: F32) -> MinutePaths:
    """Return the paths of hours: sums of their minutes' moves, with the extremes of Brownian bridges between.

    Each minute's move is normal with mean 0 but for half its variance, for a drift and for the minute of a jump.

    Shapes: moves (h, k), innovations (h, 60, k), extremes (h, 60, 2, k) -> (h, 60, k)
    Units: log returns since the hour's open
    Source: extremes of a Brownian bridge, e.g. Glasserman 2003, section 6.4
    """
    even = (moves.drift - 0.5 * moves.sigma**2 * moves.variance) / MINUTES
    steps: F64 = moves.sigma[:, None] * innovations
    steps += even[:, None]
    rows, shares = np.nonzero(moves.jump)
    steps[rows, moves.jump_minute[rows, shares], shares] += moves.jump[rows, shares]
    path = np.cumsum(steps, axis=1)
    begin = path - steps
    within = (2.0 / MINUTES) * (moves.sigma**2 * moves.variance)[:, None]
    squared = steps**2
    # Never below the minute's own ends: what begin + step lacks of path in the last digit must not matter.
    high = np.maximum(begin + 0.5 * (steps + np.sqrt(squared + within * extremes[:, :, 0])), path)
    low = np.minimum(begin + 0.5 * (steps - np.sqrt(squared + within * extremes[:, :, 1])), path)
    return MinutePaths(path=path, high=high, low=low)


def minute_bars(
    prices: tuple[F64, F64, F64, F64], parts: F64, volume_shares: F64, value_rub: F64, *, lot_size: int
) -> MinuteBars:
    """Return the minutes of one share's hours with volume and value that add up to the hours'.

    A minute without a lot has no bar: what its price did belongs to the next minute with a trade, or to the last
    one. Each first minute opens at the hour's open.

    Shapes: open, high, low, close and parts (n, 60), volume_shares and value_rub (n,) -> (n, 60)
    Units: roubles; shares in whole lots; value in kopecks
    Raises: ValueError if an hour holds no lot
    """
    lots = np.round(volume_shares / lot_size)[:, None]
    if len(lots) and lots.min() < 1:
        raise ValueError(f"each hour must hold at least one lot, the least was {lots.min()}")
    traded = shared_out(parts, lots) > 0
    opened, high, low, close = _merged(prices, traded)
    middle = (opened + high + low + close) / 4.0
    volume_lots = _volumes(np.where(traded, parts, 0.0), middle, (value_rub / volume_shares)[:, None], lots)
    kopecks = shared_out(volume_lots * middle, np.round(value_rub * 100.0)[:, None])
    return MinuteBars(
        traded=traded,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume_shares=volume_lots * lot_size,
        value_rub=kopecks / 100.0,
    )


def shared_out(parts: F64, whole: F64) -> F64:
    """Return whole numbers in proportion to `parts` that add up to `whole`, by rounding running sums.

    Shapes: parts (n, m), whole (n, 1) -> (n, m)
    """
    running = np.cumsum(parts, axis=1)
    rounded = np.round(running / running[:, -1:] * whole)
    shared: F64 = np.diff(rounded, axis=1, prepend=0.0)
    return shared


def _merged(prices: tuple[F64, F64, F64, F64], traded: Bools) -> tuple[F64, F64, F64, F64]:
    """Return prices in which each traded minute holds the untraded ones before it, the last one those after too."""
    opened, high, low, close = (column.copy() for column in prices)
    for row in np.flatnonzero(~traded.all(axis=1)).tolist():
        at = np.flatnonzero(traded[row])
        first = np.concatenate([[0], at[:-1] + 1])
        last = np.concatenate([at[:-1], [MINUTES - 1]])
        opened[row, at] = opened[row, first]
        high[row, at] = np.maximum.reduceat(high[row], first)
        low[row, at] = np.minimum.reduceat(low[row], first)
        close[row, at] = close[row, last]
    return opened, high, low, close


def _volumes(parts: F64, middle: F64, paid: F64, lots: F64) -> F64:
    """Return lots of each minute: one at least where there is trade, together the hour's, near its mean price.

    The parts are tilted towards dear or cheap minutes until the mean price is the hour's.
    """
    traded = parts > 0.0
    spare = lots - traded.sum(axis=1, keepdims=True)
    wanted = (paid * lots - np.where(traded, middle, 0.0).sum(axis=1, keepdims=True)) / np.maximum(spare, 1.0)
    highest = np.where(traded, middle, -np.inf).max(axis=1, keepdims=True)
    lowest = np.where(traded, middle, np.inf).min(axis=1, keepdims=True)
    spread = np.maximum(highest - lowest, 1e-9 * highest)
    centre = np.clip(wanted, lowest + 0.02 * spread, highest - 0.02 * spread)
    away = np.where(traded, (middle - centre) / spread, 0.0)
    tilt = np.zeros_like(lots)
    for _ in range(_NEWTON_STEPS):
        weights = parts * np.exp(tilt * away)
        total = weights.sum(axis=1, keepdims=True)
        mean = (weights * away).sum(axis=1, keepdims=True) / total
        variance = (weights * away**2).sum(axis=1, keepdims=True) / total - mean**2
        tilt = np.clip(tilt - np.clip(mean / np.maximum(variance, 1e-9), -2.0, 2.0), -_STEEPEST, _STEEPEST)
    return traded + shared_out(parts * np.exp(tilt * away), spare)
