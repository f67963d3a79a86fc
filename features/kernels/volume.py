"""Volume and liquidity."""

from __future__ import annotations

import numpy as np

from features.kernels.quotient import quotient
from features.kernels.rolling import rolling_mean, rolling_robust_z, rolling_std, rolling_sum
from features.kernels.weighted import rolling_slope, rolling_sum_slope
from traderai.common.arrays import F64


def volume_ratio(volume: F64, *, window: int) -> F64:
    """Return the volume over the mean volume of the last `window` bars, this one included.

    Shapes: volume (n,); returns (n,).
    Units:  ratio.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    """
    return quotient(volume, rolling_mean(volume, window=window))


def volume_robust_z(log_volume: F64, *, window: int) -> F64:
    """Return the robust z-score of the log of 1 + volume.

    Shapes: log_volume (n,); returns (n,).
    Units:  robust standard deviations.
    NaN:    the first `window - 1` values, and windows whose MAD is zero.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    Source: `features.kernels.rolling.rolling_robust_z`.
    """
    return rolling_robust_z(log_volume, window=window)


def mean_ratio(values: F64, *, fast: int, slow: int) -> F64:
    """Return the mean volume or turnover of the last `fast` bars over that of the last `slow` bars.

    Shapes: values (n,), not negative; returns (n,).
    Units:  ratio.
    NaN:    the first `slow - 1` values, and windows that hold nothing.
    Causal: out[t] reads bars t - slow + 1 to t.
    Raises: ValueError if `fast` is below 1 or not below `slow`.
    """
    if fast >= slow:
        raise ValueError(f"fast must be below slow, was {fast} and {slow}")
    return quotient(rolling_mean(values, window=fast), rolling_mean(values, window=slow))


def volume_variation(volume: F64, *, window: int) -> F64:
    """Return the standard deviation of the volume over its mean.

    Shapes: volume (n,); returns (n,).
    Units:  ratio.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    return quotient(rolling_std(volume, window=window), rolling_mean(volume, window=window))


def zero_volume_share(volume: F64, *, window: int) -> F64:
    """Return the share of bars without volume.

    Shapes: volume (n,); returns (n,).
    Units:  0..1.
    NaN:    the first `window - 1` values.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Lesmond, Ogden and Trzcinka (1999), with volumes for returns.
    """
    return rolling_mean((volume == 0.0).astype(np.float64), window=window)


def volume_trend(volume: F64, *, window: int) -> F64:
    """Return the least-squares slope of the volume in mean volumes of the window per bar.

    Shapes: volume (n,); returns (n,).
    Units:  mean volumes per bar.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 2.
    """
    return quotient(rolling_slope(volume, window=window), rolling_mean(volume, window=window))


def obv_slope(returns: F64, volume: F64, *, window: int) -> F64:
    """Return the least-squares slope of on-balance volume in mean volumes of the window per bar.

    Shapes: returns, volume (n,); returns (n,).
    Units:  mean volumes per bar, -1 to 1 and a little beyond.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t, and the move into each but the first.
    Raises: ValueError if `window` is below 2.
    Source: Granville (1963), New Key to Stock Market Profits; least squares.
    """
    slope = rolling_sum_slope(np.sign(returns) * volume, window=window)
    return quotient(slope, rolling_mean(volume, window=window))


def volume_balance(returns: F64, volume: F64, *, window: int) -> F64:
    """Return the volume of bars that rose less that of bars that fell, as a share of all volume.

    Shapes: returns, volume (n,); returns (n,).
    Units:  -1 (all of it falling) to 1.
    NaN:    every window that touches a NaN, the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t and the move into each.
    Raises: ValueError if `window` is below 1.
    """
    signed = rolling_sum(np.sign(returns) * volume, window=window)
    return quotient(signed, rolling_sum(volume, window=window))


def chaikin_money_flow(high: F64, low: F64, close: F64, volume: F64, *, window: int) -> F64:
    """Return the accumulated share of the volume: where closes lie in their bars, weighed by volume.

    Shapes: high, low, close, volume (n,); returns (n,).
    Units:  -1 (all closes at the low) to 1; a bar without a range counts as its middle.
    NaN:    the first `window - 1` values, and windows without volume.
    Causal: out[t] reads bars t - window + 1 to t.
    Raises: ValueError if `window` is below 1.
    Source: Chaikin's money flow, the windowed form of accumulation/distribution.
    """
    span = high - low
    place = np.zeros(close.size)
    np.divide((close - low) - (high - close), span, out=place, where=span > 0.0)
    return quotient(rolling_sum(place * volume, window=window), rolling_sum(volume, window=window))
