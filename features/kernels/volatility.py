"""Volatility and range."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.quotient import quotient
from features.kernels.rolling import require_window, rolling_mean, rolling_std, rolling_sum
from traderai.common.arrays import F64


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
    variance = rolling_mean(np.square(np.log(high / low)), window=window) / (4.0 * np.log(2.0))
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def ewma_volatility(returns: F64, *, decay: float, start: int) -> F64:
    """Return the exponentially weighted volatility of one-bar log returns.

    Shapes: returns (n,), the first one NaN; returns (n,).
    Units:  log return of one bar.
    NaN:    the first `start` values.
    Causal: out[t] reads bars 0 to t; the variance starts as the mean square of the first `start` returns.
    Raises: ValueError if `decay` is not between 0 and 1 or `start` is below 1.
    Source: RiskMetrics Technical Document (1996), decay 0.94.
    """
    if not 0.0 < decay < 1.0:
        raise ValueError(f"decay must be between 0 and 1, was {decay}")
    require_window(start)
    return np.asarray(_ewma_volatility(returns, decay, start), dtype=np.float64)


def bollinger_position(close: F64, mean: F64, std: F64, *, width_std: float) -> F64:
    """Return where the close lies between the Bollinger bands (%b).

    Shapes: close (n,), mean and std (n,) of the closes of the bands' window; returns (n,).
    Units:  0 at the lower band, 1 at the upper; beyond them outside 0..1.
    NaN:    where `mean` and `std` are, and windows in which the price did not move.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `width_std` is not above 0.
    Source: Bollinger (2001), Bollinger on Bollinger Bands; sample standard deviation.
    """
    spread = _above_zero("width_std", width_std) * std
    return quotient(close - mean + spread, 2.0 * spread)


def bollinger_width(mean: F64, std: F64, *, width_std: float) -> F64:
    """Return the distance between the Bollinger bands in percent of the middle band.

    Shapes: mean, std (n,) of the closes of the bands' window; returns (n,).
    Units:  percent.
    NaN:    where `mean` and `std` are.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `width_std` is not above 0.
    Source: Bollinger (2001); sample standard deviation.
    """
    return (200.0 * _above_zero("width_std", width_std)) * std / mean


def squeeze_ratio(std: F64, atr: F64, *, width_std: float, width_atr: float) -> F64:
    """Return the width of the Bollinger bands over that of the Keltner channel, both around the same average.

    Shapes: std (n,) of the closes of the bands' window, atr (n,) of the same window; returns (n,).
    Units:  ratio; below 1 the bands lie inside the channel: the squeeze.
    NaN:    where `std` or `atr` is, and where `atr` is zero.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `width_std` or `width_atr` is not above 0.
    Source: Carter (2005), Mastering the Trade, with the channel's middle at the simple average.
    """
    return quotient(_above_zero("width_std", width_std) * std, _above_zero("width_atr", width_atr) * atr)


def squeeze_flag(ratio: F64) -> F64:
    """Return whether the Bollinger bands lie inside the Keltner channel.

    Shapes: ratio (n,) from `squeeze_ratio`; returns (n,).
    Units:  1 inside, 0 not.
    NaN:    where the ratio is.
    Causal: out[t] reads position t alone.
    """
    # 0 times NaN is NaN: a comparison with NaN alone would say that there is no squeeze.
    return (ratio < 1.0) + 0.0 * ratio


def volatility_of_volatility(volatility: F64, *, window: int) -> F64:
    """Return how much the volatility itself has varied: its standard deviation over its mean.

    Shapes: volatility (n,); returns (n,).
    Units:  ratio.
    NaN:    every window that touches a NaN, the first `window - 1` values, and where the mean is zero.
    Causal: out[t] reads volatilities t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    return quotient(rolling_std(volatility, window=window), rolling_mean(volatility, window=window))


def semivolatility_ratio(returns: F64, *, window: int) -> F64:
    """Return the upside over the downside semivolatility: roots of the summed squares of rises and of falls.

    Shapes: returns (n,); returns (n,).
    Units:  ratio.
    NaN:    every window that touches a NaN, the first `window - 1` values, and windows without a fall.
    Causal: out[t] reads returns t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Barndorff-Nielsen, Kinnebrock and Shephard (2010), realised semivariance.
    """
    up = rolling_sum(np.square(np.maximum(returns, 0.0)), window=window)
    return np.sqrt(quotient(up, rolling_sum(np.square(np.minimum(returns, 0.0)), window=window)))


def downside_share(returns: F64, *, window: int) -> F64:
    """Return which part of the squared returns came from falls.

    Shapes: returns (n,); returns (n,).
    Units:  0 (only rises) to 1 (only falls).
    NaN:    every window that touches a NaN, the first `window - 1` values, and windows without a move.
    Causal: out[t] reads returns t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: `semivolatility_ratio`.
    """
    down = rolling_sum(np.square(np.minimum(returns, 0.0)), window=window)
    up = rolling_sum(np.square(np.maximum(returns, 0.0)), window=window)
    return quotient(down, up + down)


def jump_share(returns: F64, *, window: int) -> F64:
    """Return which part of the variance came in jumps: 1 - bipower variation / summed squares, not below 0.

    Shapes: returns (n,); returns (n,).
    Units:  0 (all of it in steady moves) to 1.
    NaN:    every window that touches a NaN, the first `window - 1` values, and windows without a move.
    Causal: out[t] reads returns t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: Barndorff-Nielsen and Shephard (2004), Journal of Financial Econometrics 2, 1-37.
    """
    require_window(window, least=2)
    moves = np.abs(returns)
    pairs = np.full(moves.size, np.nan)
    np.multiply(moves[1:], moves[:-1], out=pairs[1:])
    pairs *= np.pi / 2.0 * window / (window - 1)
    steady = rolling_sum(pairs, window=window - 1)
    return np.maximum(1.0 - quotient(steady, rolling_sum(np.square(moves), window=window)), 0.0)


def _above_zero(name: str, width: float) -> float:
    if width <= 0.0:
        raise ValueError(f"{name} must be above 0, was {width}")
    return width


@njit(nogil=True, cache=True, error_model="numpy")
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
