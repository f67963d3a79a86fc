"""The returns of single bars, and how much they vary over stretches of bars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from market.contracts import Bars
from modeling.kernels.loops import inlined_borrowing_njit
from traderai.common.arrays import F64, I64

EWMA_DECAY = 0.94
_RETURN_STEP = 2.0**-50
_SQUARE_STEP = 2.0**-56
_HIGHEST = 8.0  # a move of 800 % in a bar is no market; squares of a window must stay below 128


class ReturnSums(NamedTuple):
    """Returns up to each bar and their squares, summed in whole steps (see `return_sums`)."""

    total: I64  # (n,) in steps of 2^-50
    squares: I64  # (n,) in steps of 2^-56


def return_sums(bars: Bars) -> ReturnSums:
    """Return the sums of the bars' simple returns from the last close, their dividends included.

    Whole numbers add without rounding, and a difference of two sums is right even where they wrapped around: a
    stretch without a move varies by nothing, after however long a history.

    Shapes: bars of n; both sums (n,).
    Units:  steps; 0 for the first bar, whose last close is not known; moves are cut off at +/- 800 %.
    Causal: row t reads bars up to t.
    """
    return _return_sums(bars.close, bars.dividend_rub)


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
    return _trailing(return_sums(bars), window)


def ewma_volatility(bars: Bars) -> F64:
    """Return the exponentially weighted volatility of bar returns (decay 0.94), known at each bar's end.

    Shapes: bars of n -> (n,)
    Units:  fractions, of one bar's return.
    NaN:    the first 21 rows: the starting level used their bars.
    Causal: row t reads bars up to t.
    """
    returns = np.zeros(len(bars))
    returns[1:] = (bars.close[1:] + bars.dividend_rub[1:]) / bars.close[:-1] - 1.0
    return ewma_of_returns(returns)


def ewma_of_returns(returns: F64) -> F64:
    """Return the volatility of `ewma_volatility` from a share's simple returns.

    Shapes: returns (n,), the first one 0 -> (n,)
    Units:  as there.
    NaN:    as there.
    Causal: row t reads returns up to t.
    """
    start = float(np.mean(returns[1:21] ** 2)) if returns.size > 1 else 0.0
    level = _ewma(returns**2, start)
    level[:21] = np.nan
    return np.asarray(np.sqrt(level))


@inlined_borrowing_njit
def variance(total: int, squares: int, extra: float, count: int) -> float:
    """Return the sample variance of the returns of a stretch of bars, with one return beside them.

    Shapes: scalars; differences of `return_sums` at the stretch's ends; `count` is how many returns that are, at
            least 2; without one beside them `extra` is 0.
    Units:  squared fractions.
    """
    sum_, sum_of_squares = total * _RETURN_STEP + extra, squares * _SQUARE_STEP + extra * extra
    spread: float = max(sum_of_squares * count - sum_ * sum_, 0.0)
    return spread / (count * (count - 1))  # one division, for they take longest


@njit(nogil=True, cache=True)
def _ewma(squares: F64, level: float) -> F64:
    out = np.empty(squares.size)
    for t in range(squares.size):
        level = EWMA_DECAY * level + (1.0 - EWMA_DECAY) * squares[t]
        out[t] = level
    return out


@njit(nogil=True, cache=True)
def _return_sums(close: F64, dividend_rub: F64) -> ReturnSums:
    total, squares = np.zeros(close.size, dtype=np.int64), np.zeros(close.size, dtype=np.int64)
    for t in range(1, close.size):
        move = (close[t] + dividend_rub[t]) / close[t - 1] - 1.0
        move = min(max(move, -_HIGHEST), _HIGHEST)
        total[t] = total[t - 1] + np.int64(np.rint(move / _RETURN_STEP))
        squares[t] = squares[t - 1] + np.int64(np.rint(move * move / _SQUARE_STEP))
    return ReturnSums(total, squares)


@njit(nogil=True, cache=True)
def _trailing(sums: ReturnSums, window: int) -> F64:
    out = np.full(sums.total.size, np.nan)
    for t in range(window, out.size):
        before = t - window
        total, squares = sums.total[t] - sums.total[before], sums.squares[t] - sums.squares[before]
        out[t] = np.sqrt(variance(total, squares, 0.0, window))
    return out
