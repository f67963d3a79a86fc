"""The shape of the last returns: lopsided, heavy-tailed, trending or turning back."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.kernels.rolling import require_window, rolling_sum
from traderai.common.arrays import F64

# A variance below this share of the mean square is rounding: all returns of the window are equal.
_SAME_FRAC: Final = 1e-10


def skewness(s1: F64, s2: F64, s3: F64, *, window: int) -> F64:
    """Return the sample skewness of `window` values from the sums of their powers.

    Shapes: s1, s2, s3 (n,): rolling sums of the values, their squares and cubes; returns (n,).
    Units:  none; 0 for a symmetric distribution.
    NaN:    where the sums are, and where all values are equal.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `window` is below 3.
    Source: Joanes and Gill (1998), The Statistician 47, 183-189: G1 (as pandas and SAS).
    """
    require_window(window, least=3)
    mean, variance = _mean_and_variance(s1, s2, window)
    third = s3 / window - mean * (3.0 * s2 / window - 2.0 * mean * mean)
    unbiased = float(np.sqrt(window * (window - 1.0)) / (window - 2.0))
    return unbiased * third / (variance * np.sqrt(variance))


def excess_kurtosis(s1: F64, s2: F64, s3: F64, s4: F64, *, window: int) -> F64:
    """Return the sample excess kurtosis of `window` values from the sums of their powers.

    Shapes: s1 to s4 (n,): rolling sums of the values and of their powers; returns (n,).
    Units:  none; 0 for a normal distribution.
    NaN:    where the sums are, and where all values are equal.
    Causal: out[t] reads position t alone.
    Raises: ValueError if `window` is below 4.
    Source: Joanes and Gill (1998), The Statistician 47, 183-189: G2 (as pandas and SAS).
    """
    require_window(window, least=4)
    mean, variance = _mean_and_variance(s1, s2, window)
    fourth = s4 / window - mean * (4.0 * s3 / window - mean * (6.0 * s2 / window - 3.0 * mean * mean))
    excess = fourth / (variance * variance) - 3.0
    scale = (window - 1.0) / ((window - 2.0) * (window - 3.0))
    return scale * ((window + 1.0) * excess + 6.0)


def autocorrelation(returns: F64, s1: F64, s2: F64, *, window: int) -> F64:
    """Return the correlation of the last `window` returns with the returns one bar before them.

    Shapes: returns, s1, s2 (n,): the returns and the rolling sums of them and of their squares; returns (n,).
    Units:  -1 to 1.
    NaN:    the first `window + 1` values where the first return is NaN, and where either side never changed.
    Causal: out[t] reads positions t - window to t.
    Raises: ValueError if `window` is below 3.
    Source: Pearson's correlation.
    """
    require_window(window, least=3)
    products = rolling_sum(returns * _before(returns), window=window)
    mean, variance = _mean_and_variance(s1, s2, window)
    shared = products / window - mean * _before(mean)
    out = shared / np.sqrt(variance * _before(variance))
    return np.clip(out, -1.0, 1.0, out=out)


def variance_ratio(s1: F64, s2: F64, long_returns: F64, *, window: int, span: int) -> F64:
    """Return the variance of overlapping returns over `span` bars over `span` times that of one bar.

    Both are taken from the last `window` one-bar returns alone, about their mean, without bias.

    Shapes: s1, s2 (n,): rolling sums over `window` of the one-bar returns and of their squares; long_returns (n,):
        returns over `span` bars; returns (n,).
    Units:  ratio: 1 for a random walk, above for trends, below for turning back.
    NaN:    where the sums or long returns are, and where all returns are equal.
    Causal: out[t] reads positions t - window + span to t.
    Raises: ValueError if `span` is below 2 or not below `window`.
    Source: Lo and MacKinlay (1988), Review of Financial Studies 1, 41-66, equations 11 and 12.
    """
    require_window(span, least=2)
    if span >= window:
        raise ValueError(f"span must be below window, was {span} and {window}")
    mean, variance = _mean_and_variance(s1, s2, window)
    count = window - span + 1
    total = rolling_sum(long_returns, window=count)
    squares = rolling_sum(long_returns * long_returns, window=count)
    drift = span * mean
    spread = squares - drift * (2.0 * total - count * drift)
    unbiased = span * count * (1.0 - span / window)
    out: F64 = np.maximum(spread, 0.0) / unbiased / (variance * (window / (window - 1.0)))
    return out


def efficiency_ratio(close: F64, path: F64, *, window: int) -> F64:
    """Return how straight the price went: the distance between first and last close over the path between them.

    Shapes: close, path (n,): the closes and the rolling sums of their absolute changes over `window` bars; returns (n,).
    Units:  0 (back where it began) to 1 (never turned).
    NaN:    the first `window` values, and where the price did not move.
    Causal: out[t] reads closes t - window and t, and path[t].
    Raises: ValueError if `window` is below 1.
    Source: Kaufman (1995), Smarter Trading.
    """
    require_window(window)
    out = np.full(close.size, np.nan)
    out[window:] = np.abs(close[window:] - close[:-window])
    out /= np.where(path > 0.0, path, np.nan)
    np.minimum(out, 1.0, out=out)
    return out


def up_share(close: F64, *, window: int) -> F64:
    """Return the share of the last `window` bars that closed above the bar before them.

    Shapes: close (n,); returns (n,).
    Units:  0 to 1.
    NaN:    the first `window` values.
    Causal: out[t] reads bars t - window to t.
    Raises: ValueError if `window` is below 1.
    """
    require_window(window)
    rose = np.full(close.size, np.nan)
    rose[1:] = close[1:] > close[:-1]
    out = rolling_sum(rose, window=window)
    out /= window
    return out


def absolute_changes(close: F64) -> F64:
    """Return the distance of each close from the one before.

    Shapes: close (n,); returns (n,).
    Units:  those of the price.
    NaN:    the first value.
    Causal: out[t] reads bars t - 1 and t.
    """
    out = np.full(close.size, np.nan)
    out[1:] = np.abs(close[1:] - close[:-1])
    return out


def _mean_and_variance(s1: F64, s2: F64, window: int) -> tuple[F64, F64]:
    """Return mean and variance (divisor `window`); the variance is NaN where it is zero or only rounding."""
    mean, square = s1 / window, s2 / window
    variance = square - mean * mean
    return mean, np.where(variance > _SAME_FRAC * square, variance, np.nan)


def _before(values: F64) -> F64:
    out = np.full(values.size, np.nan)
    out[1:] = values[:-1]
    return out
