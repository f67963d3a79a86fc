"""Price ranges with probabilities, and the cone over time, from quantiles of the return over the horizon."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64

# The ranges are cut where these shares of the outcomes lie below, before rounding.
CUT_LEVELS = (0.10, 0.30, 0.70, 0.90)
_DECIMALS = 12  # of a return: the slope between quantiles that are closer has no number
CONE_LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One range of the price at the end of the horizon; a side without a limit is None."""

    low_rub: float | None
    high_rub: float | None
    p: float
    label: str  # falls_below, falls_to, stays_in, rises_to, rises_above


@dataclass(frozen=True, slots=True, kw_only=True)
class ConePoint:
    """Prices at CONE_LEVELS after a number of trading days."""

    days: int
    prices_rub: tuple[float, ...]


def nice_step(size: float, *, price_step: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten times the price step that is at most `size`.

    Units: both in roubles; never less than one price step.
    Raises: ValueError when the price step is not positive or the size is not finite.
    """
    if price_step <= 0 or not math.isfinite(size):
        raise ValueError(f"price_step must be positive and size finite, was {price_step} and {size}")
    steps = size / price_step
    if steps < 2:
        return price_step
    power = 10.0 ** math.floor(math.log10(steps))
    factor = next(k for k in (5.0, 2.0, 1.0) if k * power <= steps * (1 + 1e-12))
    return factor * power * price_step


def return_cdf(returns: F64, *, levels: F64, quantiles: F64) -> F64:
    """Return the share of outcomes at or below each return.

    Straight between the known quantiles, exponential in the tails with the slope of the outermost segment. Quantiles
    that are equal are one, at the mean of their levels: they were pooled because their order was not known, and are no
    sign that the outcome is certain.

    Shapes: returns (n,), levels (k,), quantiles (k,); result (n,).
    Units: simple returns as fractions; shares in 0..1.
    NaN: not accepted.
    Raises: ValueError when levels do not rise or quantiles fall or either is not finite.
    """
    return _share_below(returns, *_knots(levels, quantiles))


def _share_below(returns: F64, levels: F64, quantiles: F64) -> F64:
    inside = np.interp(returns, quantiles, levels)
    low_scale = max(_tail_scale(quantiles[1] - quantiles[0], levels[1] - levels[0], levels[0]), 1e-12)
    high_scale = max(
        _tail_scale(quantiles[-1] - quantiles[-2], levels[-1] - levels[-2], 1 - levels[-1]), 1e-12
    )
    below = levels[0] * np.exp(np.minimum(returns - quantiles[0], 0.0) / low_scale)
    above = 1 - (1 - levels[-1]) * np.exp(-np.maximum(returns - quantiles[-1], 0.0) / high_scale)
    result: F64 = np.where(returns < quantiles[0], below, np.where(returns > quantiles[-1], above, inside))
    return result


def price_scenarios(
    *, close_rub: float, levels: F64, quantiles: F64, price_step_rub: float
) -> tuple[Scenario, ...]:
    """Return 3 to 5 adjoining price ranges that cover every outcome, lowest first.

    The cuts lie on sensible price steps, and the probabilities are those of the rounded ranges, not of the
    quantiles that suggested them: they sum to 1.

    Shapes: levels (k,), quantiles (k,).
    Units: prices as traded in roubles; quantiles are simple returns over the horizon.
    NaN: not accepted.
    Raises: ValueError when the close is not positive or the quantiles fall.
    Source: cut levels CUT_LEVELS of the forecast distribution; own construction.
    """
    at, knots = _knots(levels, quantiles)
    if close_rub <= 0:
        raise ValueError(f"close_rub must be positive, was {close_rub}")
    wanted = close_rub * (1 + np.interp(CUT_LEVELS, at, knots))
    cuts = _rounded_cuts(wanted, price_step=price_step_rub)
    shares = _share_below(np.asarray(cuts) / close_rub - 1, at, knots)
    rising = itertools.accumulate(shares.tolist(), max)
    edges = [0.0, *(min(max(share, 0.0), 1.0) for share in rising), 1.0]
    bounds: list[float | None] = [None, *cuts, None]
    return tuple(
        Scenario(
            low_rub=low,
            high_rub=high,
            p=edges[i + 1] - edges[i],
            label=_label(low, high, close_rub),
        )
        for i, (low, high) in enumerate(itertools.pairwise(bounds))
    )


def price_cone(
    *, close_rub: float, levels: F64, quantiles: F64, days: int, price_step_rub: float
) -> tuple[ConePoint, ...]:
    """Return the forecast's quantiles day by day: the median grows with time, the spread with its square root.

    Shapes: levels (k,), quantiles (k,); the result has days + 1 points, the first is the close.
    Units: trading days; prices as traded in roubles, on the price step.
    Raises: ValueError when days is not positive or the quantiles fall.
    Source: square-root-of-time scaling of a distribution with independent increments.
    """
    _check_quantiles(levels, quantiles)
    if days < 1:
        raise ValueError(f"days must be at least 1, was {days}")
    # Numbers one by one: arrays of five take longer to be made than to be reckoned with.
    at_levels: list[float] = np.interp(CONE_LEVELS, levels, quantiles).tolist()
    median = float(np.interp(0.5, levels, quantiles))
    points = []
    for day in range(days + 1):
        part = day / days
        drift, spread = median * part, math.sqrt(part)
        returns = [drift + (at - median) * spread for at in at_levels]
        prices = tuple(round_to_step(close_rub * (1 + r), price_step_rub) for r in returns)
        points.append(ConePoint(days=day, prices_rub=prices))
    return tuple(points)


def round_to_step(price: float, step: float) -> float:
    """Return the price on the nearest multiple of the step, without the dust of binary fractions."""
    return round(round(price / step) * step, 9)


def _rounded_cuts(wanted: F64, *, price_step: float) -> list[float]:
    """Round to the largest sensible step that keeps the cuts apart; where even the price step cannot, spread them."""
    prices: list[float] = wanted.tolist()
    gap = min(after - before for before, after in itertools.pairwise(prices))
    step = nice_step(max(gap / 2, price_step), price_step=price_step)
    cuts = sorted({round_to_step(price, step) for price in prices})
    cuts = [cut for cut in cuts if cut > 0]
    if len(cuts) >= 2:
        return cuts
    # Every outcome rounds to one price: keep three ranges, the middle one a step to each side of it.
    middle = max(round_to_step(float(np.median(wanted)), price_step), 2 * price_step)
    return [round_to_step(middle - price_step, price_step), round_to_step(middle + price_step, price_step)]


def _label(low: float | None, high: float | None, close: float) -> str:
    if low is None:
        return "falls_below" if high is not None and close >= high else "stays_below"
    if high is None:
        return "rises_above" if close <= low else "stays_above"
    if close < low:
        return "rises_to"
    return "falls_to" if close >= high else "stays_in"


def _knots(levels: F64, quantiles: F64) -> tuple[F64, F64]:
    """Return levels and quantiles with equal quantiles made one; as they are where fewer than two differ."""
    _check_quantiles(levels, quantiles)
    quantiles = np.round(quantiles, _DECIMALS)
    if (quantiles[1:] > quantiles[:-1]).all():
        return levels, quantiles
    distinct, place = np.unique(quantiles, return_inverse=True)
    if distinct.size < 2:
        return levels, quantiles
    return np.bincount(place, weights=levels) / np.bincount(place), distinct


def _tail_scale(width: float, share: float, tail: float) -> float:
    """Return the exponential's scale whose density meets that of the straight segment beside it."""
    return float(width * tail / share)


def _check_quantiles(levels: F64, quantiles: F64) -> None:
    if levels.shape != quantiles.shape or levels.size < 2:
        raise ValueError(
            f"levels and quantiles must have one shape, were {levels.shape} and {quantiles.shape}"
        )
    at, told = levels.tolist(), quantiles.tolist()
    if not (all(map(math.isfinite, at)) and all(map(math.isfinite, told))):
        raise ValueError("levels and quantiles must be finite, a NaN or an infinity came")
    rising = all(after > before for before, after in itertools.pairwise(at))
    if not rising or any(after < before for before, after in itertools.pairwise(told)):
        raise ValueError(f"levels must rise and quantiles must not fall, were {levels} and {quantiles}")
