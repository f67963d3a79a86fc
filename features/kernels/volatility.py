"""Volatility and range."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.rolling import require_window, rolling_mean, rolling_std
from features.kernels.technical import log_return
from traderai.common.arrays import F64


def return_std(close: F64, *, window: int) -> F64:
    """Return the standard deviation of one-bar log returns.

    Shapes: close (n,); returns (n,).
    Units:  log return of one bar.
    NaN:    the first `window` values.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 2.
    """
    return rolling_std(log_return(close, span=1), window=window)


def parkinson_volatility(high: F64, low: F64, *, window: int) -> F64:
    """Return the rolling high-low volatility.

    Shapes: high, low (n,); returns (n,).
    Units:  standard deviation of the log return of one bar.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1 or a low is above its high.
    Source: Parkinson (1980), Journal of Business 53, 61-65.
    """
    if np.any(low > high):
        raise ValueError("a low is above its high")
    variance = np.log(high / low) ** 2 / (4.0 * np.log(2.0))
    return np.sqrt(rolling_mean(variance, window=window))


def ewma_volatility(close: F64, *, decay: float, start: int) -> F64:
    """Return the exponentially weighted volatility of one-bar log returns.

    Shapes: close (n,); returns (n,).
    Units:  log return of one bar.
    NaN:    the first `start` values.
    Causal: out[t] reads bars 0 to t; the variance starts as the mean square of the first `start` returns.
    Raises: ValueError if `decay` is not between 0 and 1 or `start` is below 1.
    Source: RiskMetrics Technical Document (1996), decay 0.94.
    """
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay must be between 0 and 1, was {decay}")
    require_window(start)
    return _ewma_volatility(log_return(close, span=1), decay, start)


def bollinger_position(close: F64, *, window: int, width_std: float) -> F64:
    """Return where the close lies between the Bollinger bands (%b).

    Shapes: close (n,); returns (n,).
    Units:  0 at the lower band, 1 at the upper; beyond them outside 0..1.
    NaN:    the first `window - 1` values, and windows in which the price did not move.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2 or `width_std` is not above 0.
    Source: Bollinger (2001), Bollinger on Bollinger Bands; sample standard deviation.
    """
    mean, spread = _bands(close, window=window, width_std=width_std)
    out = np.full(close.shape, np.nan)
    np.divide(close - mean + spread, 2.0 * spread, out=out, where=spread > 0.0)
    return out


def bollinger_width(close: F64, *, window: int, width_std: float) -> F64:
    """Return the distance between the Bollinger bands in percent of the middle band.

    Shapes: close (n,); returns (n,).
    Units:  percent.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2 or `width_std` is not above 0.
    Source: Bollinger (2001); sample standard deviation.
    """
    mean, spread = _bands(close, window=window, width_std=width_std)
    return 100.0 * 2.0 * spread / mean


def _bands(close: F64, *, window: int, width_std: float) -> tuple[F64, F64]:
    if width_std <= 0.0:
        raise ValueError(f"width_std must be above 0, was {width_std}")
    return rolling_mean(close, window=window), width_std * rolling_std(close, window=window)


@njit(nogil=True)
def _ewma_volatility(returns: F64, decay: float, start: int) -> F64:
    out = np.full(returns.size, np.nan)
    variance = 0.0
    for t in range(1, returns.size):
        square = returns[t] * returns[t]
        if t <= start:
            variance += square / start
        else:
            variance = decay * variance + (1.0 - decay) * square
        if t >= start:
            out[t] = np.sqrt(variance)
    return out
