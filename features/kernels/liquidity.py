"""What trading costs, estimated from bars: price impact and the spread, and the average price paid."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.quotient import quotient
from features.kernels.rolling import require_window, rolling_mean, rolling_sum
from traderai.common.arrays import F64, I64


def amihud_illiquidity(returns: F64, turnover: F64, *, window: int) -> F64:
    """Return the log of 1 + basis points of price move per RUB million of turnover.

    Shapes: returns, turnover (n,); returns (n,).
    Units:  log(1 + bp per RUB million), the summed moves of the window over its summed turnover.
    NaN:    every window that touches a NaN, the first `window - 1` values, and windows without turnover.
    Causal: out[t] reads bars t - window + 1 to t and the move into each.
    Raises: ValueError if `window` is below 1.
    Source: Amihud (2002), Journal of Financial Markets 5, 31-56, as a ratio of sums (zero-turnover bars allowed).
    """
    moves_bp = 1e4 * rolling_sum(np.abs(returns), window=window)
    return np.log1p(quotient(moves_bp, rolling_sum(turnover / 1e6, window=window)))


def corwin_schultz_spread_bp(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the bid-ask spread that the ranges of pairs of bars imply, the mean of the last `window` pairs.

    A pair's range holds twice the variance of one bar but one spread. A bar that lies wholly above or below the
    close before it is moved to that close first (the paper's adjustment for nights); an estimate below zero counts
    as zero.

    Shapes: high, low, close (n,); returns (n,).
    Units:  basis points of the price, not below 0.
    NaN:    the first `window` values.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 1 or a low is above its high.
    Source: Corwin and Schultz (2012), Journal of Finance 67, 719-759, equations 14 and 18.
    """
    require_window(window)
    if np.any(low > high):
        raise ValueError("a low is above its high")
    alpha = _corwin_schultz_alpha(high, low, close, np.log(high), np.log(low))
    # 2 (e^a - 1) / (1 + e^a) is 2 tanh(a / 2).
    return rolling_mean(2e4 * np.tanh(np.maximum(alpha, 0.0) / 2.0), window=window)


def abdi_ranaldo_spread_bp(high: F64, low: F64, close: F64, *, window: int) -> F64:
    """Return the bid-ask spread that closes off the middle of their ranges imply, the mean of the last pairs.

    Shapes: high, low, close (n,); returns (n,).
    Units:  basis points of the price, not below 0.
    NaN:    the first `window` values.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 1.
    Source: Abdi and Ranaldo (2017), Review of Financial Studies 30, 4437-4480: the two-day corrected version.
    """
    require_window(window)
    logs = np.log(close)
    middle = (np.log(high) + np.log(low)) / 2.0
    spread = np.full(close.size, np.nan)
    off = logs[:-1] - middle[:-1]
    spread[1:] = 2e4 * np.sqrt(np.maximum(off * (logs[:-1] - middle[1:]), 0.0))
    return rolling_mean(spread, window=window)


def distance_to_vwap(close: F64, turnover: F64, volume: F64, *, window: int) -> F64:
    """Return how far the close is from the volume-weighted average price of the last `window` bars.

    Shapes: close, turnover, volume (n,), the turnover on the scale of close times volume; returns (n,).
    Units:  log of the price ratio.
    NaN:    the first `window - 1` values, and windows without volume or turnover.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Berkowitz, Logue and Noser (1988), Journal of Finance 43, 97-112.
    """
    volumes, turnovers = rolling_sum(volume, window=window), rolling_sum(turnover, window=window)
    return _log_or_nan(quotient(close * volumes, turnovers))


def distance_to_day_vwap(close: F64, turnover: F64, volume: F64, trading_day: I64) -> F64:
    """Return how far the close is from the volume-weighted average price of its trading day so far.

    Shapes: close, turnover, volume, trading_day (n,), the turnover on the scale of close times volume; returns (n,).
    Units:  log of the price ratio.
    NaN:    the first trading day, which may have begun before the series, and days without volume so far.
    Causal: out[t] reads the bars of t's trading day up to t.
    Source: Berkowitz, Logue and Noser (1988).
    """
    volumes, turnovers = _day_sums(volume, trading_day), _day_sums(turnover, trading_day)
    return _log_or_nan(quotient(close * volumes, turnovers))


def _log_or_nan(ratio: F64) -> F64:
    return np.log(np.where(ratio > 0.0, ratio, np.nan))


@njit(nogil=True, cache=True, error_model="numpy")
def _day_sums(values: F64, trading_day: I64) -> F64:
    out = np.full(values.size, np.nan)
    total = np.nan
    for t in range(1, values.size):
        if trading_day[t] != trading_day[t - 1]:
            total = 0.0
        total += values[t]
        out[t] = total
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _corwin_schultz_alpha(high: F64, low: F64, close: F64, log_high: F64, log_low: F64) -> F64:
    out = np.full(high.size, np.nan)
    share = 3.0 - 2.0 * np.sqrt(2.0)
    for t in range(1, high.size):
        top, bottom = log_high[t], log_low[t]
        before = close[t - 1]
        if low[t] > before:
            top, bottom = np.log(high[t] - (low[t] - before)), np.log(before)
        elif high[t] < before:
            top, bottom = np.log(before), np.log(low[t] + (before - high[t]))
        single = (log_high[t - 1] - log_low[t - 1]) ** 2 + (top - bottom) ** 2
        pair = max(log_high[t - 1], top) - min(log_low[t - 1], bottom)
        out[t] = (np.sqrt(2.0 * single) - np.sqrt(single)) / share - np.sqrt(pair * pair / share)
    return out
