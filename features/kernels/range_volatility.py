"""Volatility from opens, highs, lows and closes, and single ranges against the usual ones."""

from __future__ import annotations

import numpy as np
import talib

from features.kernels.quotient import quotient
from features.kernels.rolling import require_window, rolling_mean, rolling_sum
from traderai.common.arrays import F64


def garman_klass_volatility(open_: F64, high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the rolling Garman-Klass volatility.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  standard deviation of the log return of one bar, the gaps between bars left out.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Garman and Klass (1980), Journal of Business 53, 67-78: 0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2.
    """
    variance = 0.5 * np.square(np.log(high / low))
    variance -= (2.0 * np.log(2.0) - 1.0) * np.square(np.log(close / open_))
    return np.sqrt(rolling_mean(variance, window=window))


def rogers_satchell_volatility(open_: F64, high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the rolling Rogers-Satchell volatility, which a steady trend does not raise.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  standard deviation of the log return of one bar, the gaps between bars left out.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Rogers and Satchell (1991), Annals of Applied Probability 1, 504-512.
    """
    return np.sqrt(rolling_mean(_rogers_satchell(open_, high, low, close), window=window))


def yang_zhang_volatility(open_: F64, high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the rolling Yang-Zhang volatility: the gaps into the bars, the moves inside them, and their ranges.

    Shapes: open_, high, low, close (n,); returns (n,).
    Units:  standard deviation of the log return of one bar, from close to close.
    NaN:    the first `window` values.
    Causal: out[t] reads bars t - window to t; a night is the gap between a bar's open and the close before it.
    Raises: ValueError if `window` is below 2.
    Source: Yang and Zhang (2000), Journal of Business 73, 477-491; k = 0.34 / (1.34 + (n + 1) / (n - 1)).
    """
    require_window(window, least=2)
    gaps = np.full(close.size, np.nan)
    np.log(open_[1:] / close[:-1], out=gaps[1:])
    moves = np.log(close / open_)
    weight = 0.34 / (1.34 + (window + 1) / (window - 1))
    # The three parts in one sum, from which the squared means of gaps and moves are taken: those are next to nothing.
    squares = np.square(gaps) + weight * np.square(moves)
    squares += (1.0 - weight) * (window - 1) / window * _rogers_satchell(open_, high, low, close)
    means = np.square(rolling_sum(gaps, window=window)) + weight * np.square(
        rolling_sum(moves, window=window)
    )
    variance = rolling_sum(squares, window=window) - means / window
    return np.sqrt(np.maximum(variance, 0.0) / (window - 1))


def range_pct(high: F64, low: F64, close: F64) -> F64:
    """Return the range of each bar in percent of its close.

    Shapes: high, low, close (n,); returns (n,).
    Units:  percent.
    Causal: out[t] reads bar t.
    """
    return 100.0 * (high - low) / close


def range_ratio(high: F64, low: F64, *, window: int) -> F64:
    """Return the range of each bar over the mean range of the last `window` bars, this one included.

    Shapes: high, low (n,); returns (n,).
    Units:  ratio, at most `window`.
    NaN:    the first `window - 1` values, and windows without a range.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    span = high - low
    return quotient(span, rolling_mean(span, window=window))


def true_range_ratio(high: F64, low: F64, close: F64, atr: F64) -> F64:
    """Return the true range of each bar over the average true range.

    Shapes: high, low, close, atr (n,); returns (n,).
    Units:  average true ranges.
    NaN:    where `atr` is, and where it is zero.
    Causal: out[t] reads bars t - 1 and t, and the average at t.
    Source: Wilder (1978), New Concepts in Technical Trading Systems.
    """
    return quotient(np.asarray(talib.TRANGE(high, low, close), dtype=np.float64), atr)


def _rogers_satchell(open_: F64, high: F64, low: F64, close: F64) -> F64:
    up, down = np.log(high / open_), np.log(low / open_)
    move = np.log(close / open_)
    return np.asarray(up * (up - move) + down * (down - move), dtype=np.float64)
