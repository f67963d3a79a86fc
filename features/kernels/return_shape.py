"""The shape of the last returns: lopsided, heavy-tailed, trending or turning back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

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
    return np.asarray(_skewness(s1, s2, s3, window), dtype=np.float64)


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
    return np.asarray(_excess_kurtosis(s1, s2, s3, s4, window), dtype=np.float64)


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
    pairs = np.full(returns.size, np.nan)
    np.multiply(returns[1:], returns[:-1], out=pairs[1:])
    products = rolling_sum(pairs, window=window)
    return np.asarray(_autocorrelation(products, s1, s2, window), dtype=np.float64)


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
    count = window - span + 1
    total = rolling_sum(long_returns, window=count)
    squares = rolling_sum(long_returns * long_returns, window=count)
    return np.asarray(_variance_ratio(s1, s2, total, squares, window, span), dtype=np.float64)


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


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _mean_and_variance(s1: float, s2: float, window: int) -> tuple[float, float]:
    """Return mean and variance (divisor `window`); the variance is NaN where it is zero or only rounding."""
    mean, square = s1 / window, s2 / window
    variance = square - mean * mean
    return mean, variance if variance > _SAME_FRAC * square else np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _skewness(s1: F64, s2: F64, s3: F64, window: int) -> F64:
    out = np.empty(s1.size)
    unbiased = np.sqrt(window * (window - 1.0)) / (window - 2.0)
    for t in range(out.size):
        mean, variance = _mean_and_variance(s1[t], s2[t], window)
        third = s3[t] / window - mean * (3.0 * s2[t] / window - 2.0 * mean * mean)
        out[t] = unbiased * third / (variance * np.sqrt(variance))
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _excess_kurtosis(s1: F64, s2: F64, s3: F64, s4: F64, window: int) -> F64:
    out = np.empty(s1.size)
    scale = (window - 1.0) / ((window - 2.0) * (window - 3.0))
    for t in range(out.size):
        mean, variance = _mean_and_variance(s1[t], s2[t], window)
        rest = 4.0 * s3[t] / window - mean * (6.0 * s2[t] / window - 3.0 * mean * mean)
        excess = (s4[t] / window - mean * rest) / (variance * variance) - 3.0
        out[t] = scale * ((window + 1.0) * excess + 6.0)
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _autocorrelation(products: F64, s1: F64, s2: F64, window: int) -> F64:
    out = np.full(s1.size, np.nan)
    for t in range(1, out.size):
        mean, variance = _mean_and_variance(s1[t], s2[t], window)
        mean_before, variance_before = _mean_and_variance(s1[t - 1], s2[t - 1], window)
        value = (products[t] / window - mean * mean_before) / np.sqrt(variance * variance_before)
        value = 1.0 if value > 1.0 else value
        out[t] = -1.0 if value < -1.0 else value
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _variance_ratio(s1: F64, s2: F64, total: F64, squares: F64, window: int, span: int) -> F64:
    out = np.empty(s1.size)
    count = window - span + 1
    unbiased = span * count * (1.0 - span / window)
    for t in range(out.size):
        mean, variance = _mean_and_variance(s1[t], s2[t], window)
        drift = span * mean
        spread = squares[t] - drift * (2.0 * total[t] - count * drift)
        spread = 0.0 if spread < 0.0 else spread
        out[t] = spread / unbiased / (variance * (window / (window - 1.0)))
    return out
