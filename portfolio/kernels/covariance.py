"""The covariance of daily returns, shrunk so that it can be trusted with few days and many shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShrunkCovariance:
    """A covariance pulled towards a multiple of the identity."""

    matrix: F64  # (n, n), of one day
    shrinkage: float  # 0: the sample's own, 1: the target alone


def ledoit_wolf_covariance(returns: F64) -> ShrunkCovariance:
    """Return the Ledoit-Wolf covariance: `(1 - s) * S + s * mean variance * I`, with the s of least expected error.

    S is the sample covariance by the maximum-likelihood divisor d. The matrix has full rank for any number of days.

    Shapes: returns (d, n), d >= 2, n >= 1 -> (n, n)
    Units: fractions of a day squared
    NaN: not accepted
    Causal: reads its arguments only
    Raises: ValueError with fewer than two days, without a share, or for a number that is not finite
    Source: O. Ledoit, M. Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices,
            Journal of Multivariate Analysis 88
    """
    days, shares = returns.shape
    if days < 2 or shares < 1:
        raise ValueError(f"a covariance needs 2 days and a share, were {days} and {shares}")
    if not np.isfinite(returns).all():
        raise ValueError("returns must be finite; keep the common days alone")
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / days
    mean_variance = np.trace(sample) / shares
    if shares == 1 or mean_variance == 0.0:
        return ShrunkCovariance(matrix=sample, shrinkage=0.0)
    squares = centred**2
    # How far the sample lies from the target, and how far from the truth it lies by chance.
    apart = (np.sum(sample**2) - shares * mean_variance**2) / shares
    noise = (np.sum(squares.T @ squares) / days - np.sum(sample**2)) / (shares * days)
    shrinkage = float(min(noise, apart) / apart) if apart > 0.0 else 0.0
    matrix = (1.0 - shrinkage) * sample
    matrix[np.diag_indices(shares)] += shrinkage * mean_variance
    return ShrunkCovariance(matrix=matrix, shrinkage=shrinkage)


def correlation_of(covariance: F64) -> F64:
    """Return the correlation matrix of a covariance, exactly 1 on its diagonal.

    Shapes: (n, n) -> (n, n)
    Units: -1 to 1
    NaN: rows of a share without variance are 0 off the diagonal
    """
    deviation = np.sqrt(np.diag(covariance))
    scale = np.outer(deviation, deviation)
    correlation: F64 = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0.0)
    correlation = np.clip(correlation, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation
