"""The returns of single bars, and how much they vary over stretches of bars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from market.contracts import Bars
from traderai.common.arrays import F64


class Moments(NamedTuple):
    """Sums of values and of their squares over a sliding stretch, each with what rounding took from it.

    Without the second parts, a stretch without any move after millions of bars would seem to vary.
    """

    total: float
    total_rest: float
    squares: float
    squares_rest: float


NO_MOMENTS = Moments(0.0, 0.0, 0.0, 0.0)


def bar_returns(bars: Bars) -> F64:
    """Return each bar's simple return from the last close, its dividend included.

    Shapes: bars of n -> (n,)
    Units:  fractions; 0 for the first bar, whose last close is not known.
    Causal: row t reads the bars t - 1 and t.
    """
    returns = np.zeros(len(bars))
    returns[1:] = (bars.close[1:] + bars.dividend_rub[1:]) / bars.close[:-1] - 1.0
    return returns


def trailing_volatility(bars: Bars, *, window: int) -> F64:
    """Return the standard deviation of the returns of the last bars.

    Shapes: bars of n -> (n,)
    Units:  fractions, of one bar's return.
    NaN:    the first `window` rows.
    Causal: row t reads the bars t - window to t.
    Raises: ValueError if `window` is below 2.
    """
    if window < 2:
        raise ValueError(f"window must be at least 2 bars, was {window}")
    return _rolling_deviation(bar_returns(bars), window)


@njit(nogil=True, cache=True)
def _rolling_deviation(returns: F64, window: int) -> F64:
    out = np.full(returns.size, np.nan)
    moments = NO_MOMENTS
    for t in range(1, returns.size):  # the first return is none
        moments = slid(moments, returns[t], 1.0)
        if t > window:
            moments = slid(moments, returns[t - window], -1.0)
        if t >= window:
            out[t] = np.sqrt(variance(moments, 0.0, window))
    return out


@njit(nogil=True, cache=True)
def slid(moments: Moments, value: float, sign: float) -> Moments:
    """Return the moments with a value added (sign 1.0) or taken away (-1.0)."""
    total, lost = _two_sum(moments.total, sign * value)
    squares, squares_lost = _two_sum(moments.squares, sign * value * value)
    return Moments(total, moments.total_rest + lost, squares, moments.squares_rest + squares_lost)


@njit(nogil=True, cache=True)
def variance(moments: Moments, extra: float, count: int) -> float:
    """Return the sample variance of `count` values: those of the moments, and `extra` beside them."""
    total = moments.total + moments.total_rest + extra
    squares = moments.squares + moments.squares_rest + extra * extra
    return max(squares - total * total / count, 0.0) / (count - 1)


@njit(nogil=True, cache=True)
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Return the rounded sum and what rounding took from it (Knuth, TAOCP vol. 2, theorem 4.2.2 B)."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)
