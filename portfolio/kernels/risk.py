"""What a portfolio may lose: figures of positions in rubles, so that they hold with and without a known capital.

Positions are signed: what a short is worth counts below 0. A profit or loss is returns times positions, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from traderai.common.arrays import F64

TRADING_DAYS_A_YEAR = 252
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class TailLoss:
    """Value at risk and the mean loss beyond it; positive numbers are losses."""

    var_rub: float
    cvar_rub: float


def portfolio_volatility(positions_rub: F64, covariance: F64) -> float:
    """Return the standard deviation of a day's profit: `sqrt(x' S x)`.

    Shapes: positions_rub (n,); covariance (n, n)
    Units: rubles
    NaN: not accepted
    """
    return math.sqrt(max(float(positions_rub @ covariance @ positions_rub), 0.0))


def risk_contributions(positions_rub: F64, covariance: F64) -> F64:
    """Return what each position adds to the volatility: `x_i (S x)_i / sqrt(x' S x)`; they sum to it.

    Below 0 is a hedge. Euler's theorem: volatility is homogeneous of degree one in the positions.

    Shapes: positions_rub (n,); covariance (n, n) -> (n,)
    Units: rubles
    NaN: not accepted; all 0 for a portfolio without volatility
    Source: D. Tasche (1999), Risk contributions and performance measurement, TU Munich
    """
    volatility = portfolio_volatility(positions_rub, covariance)
    if volatility == 0.0:
        return np.zeros(positions_rub.size)
    contributions: F64 = positions_rub * (covariance @ positions_rub) / volatility
    return contributions


def beta_to(returns: F64, market: F64) -> float:
    """Return the slope of a share's returns on the market's, of the days that both have.

    Shapes: returns and market (d,)
    NaN: days without either are left out; NaN with fewer than two days or a market that never moves
    Causal: reads its arguments only
    Source: W. F. Sharpe (1964), Capital asset prices, Journal of Finance 19
    """
    both = np.isfinite(returns) & np.isfinite(market)
    if both.sum() < 2:
        return math.nan
    own, other = returns[both], market[both] - market[both].mean()
    square = float(other @ other)
    return float(other @ (own - own.mean())) / square if square > 0.0 else math.nan


def historical_tail(profit_rub: F64, *, confidence: float) -> TailLoss:
    """Return VaR and CVaR of past days: the quantile of their losses, and the mean of the losses from there on.

    The quantile is interpolated linearly (type 7 of Hyndman and Fan); the mean is of the worst
    `floor((d - 1) * (1 - confidence)) + 1` days, at least one.

    Shapes: profit_rub (d,), d >= 1
    Units: rubles of one day; confidence a fraction such as 0.95
    NaN: not accepted
    Causal: the order of days does not matter
    Raises: ValueError without a day or for a confidence outside (0.5, 1)
    Source: R. T. Rockafellar, S. Uryasev (2000), Optimization of conditional value-at-risk, Journal of Risk 2
    """
    _check_confidence(confidence)
    if profit_rub.size < 1:
        raise ValueError("a historical loss needs at least a day, were none")
    beyond = 1.0 - confidence
    worst = int((profit_rub.size - 1) * beyond) + 1
    return TailLoss(
        var_rub=-float(np.quantile(profit_rub, beyond)),
        cvar_rub=-float(np.sort(profit_rub)[:worst].mean()),
    )


def normal_tail(volatility_rub: float, *, confidence: float) -> TailLoss:
    """Return VaR and CVaR of normal profits around zero: `z * sigma` and `density(z) / (1 - confidence) * sigma`.

    The mean is set to 0: of a single day it is small and badly known, and a wrong one would flatter. Real tails are
    fatter than normal ones, so the historical figure stands beside this.

    Units: rubles of one day
    Raises: ValueError for a confidence outside (0.5, 1) or a negative volatility
    Source: J.P. Morgan (1996), RiskMetrics technical document; A. McNeil, R. Frey, P. Embrechts (2005),
            Quantitative risk management, example 2.14
    """
    _check_confidence(confidence)
    if not volatility_rub >= 0.0:
        raise ValueError(f"volatility_rub must be 0 or more, was {volatility_rub}")
    z = _NORMAL.inv_cdf(confidence)
    return TailLoss(var_rub=z * volatility_rub, cvar_rub=_NORMAL.pdf(z) / (1.0 - confidence) * volatility_rub)


def max_drawdown(returns: F64) -> float:
    """Return the deepest fall from a peak of the value of one ruble that earns these returns, one after the other.

    The start counts as a peak. A day that loses everything ends it: the drawdown is 1.

    Shapes: returns (d,)
    Units: a fraction, 0 to 1
    NaN: not accepted
    Causal: reads its arguments only
    """
    value = np.concatenate(([1.0], np.cumprod(np.maximum(1.0 + returns, 0.0))))
    return float(np.max(1.0 - value / np.maximum.accumulate(value)))


def herfindahl(positions_rub: F64) -> float:
    """Return the sum of squared shares of the gross value (Herfindahl-Hirschman); 1 / it is the effective number of positions.

    Shapes: positions_rub (n,), the signs do not matter
    Units: 1 / n for n equal positions, 1 for a single one
    NaN: NaN without a position
    Source: A. O. Hirschman (1964), The paternity of an index, American Economic Review 54
    """
    gross = float(np.abs(positions_rub).sum())
    return float(np.sum((positions_rub / gross) ** 2)) if gross > 0.0 else math.nan


def effective_bets(positions_rub: F64, covariance: F64) -> float:
    """Return Meucci's effective number of bets: of the shares of variance that principal components carry, exp(entropy).

    Ten shares that move as one are ten positions and little more than one bet.

    Shapes: positions_rub (n,); covariance (n, n)
    Units: counts from 1 to n
    NaN: NaN without variance
    Source: A. Meucci (2009), Managing diversification, Risk 22 (5)
    """
    values, vectors = np.linalg.eigh(covariance)
    carried = (vectors.T @ positions_rub) ** 2 * np.maximum(values, 0.0)
    total = float(carried.sum())
    if total == 0.0:
        return math.nan
    part = carried[carried > 0.0] / total
    return float(np.exp(-np.sum(part * np.log(part))))


def exit_days(quantity_rub: F64, turnover_rub: F64, *, participation_frac: float) -> F64:
    """Return how many trading days it takes to leave each position by so much of a day's turnover.

    Shapes: quantity_rub (n,), the sign does not matter; turnover_rub (n,) of an ordinary day -> (n,)
    Units: rubles; trading days, not rounded
    NaN: an unknown turnover gives NaN, no turnover at all infinity; where there is nothing to leave 0
    Raises: ValueError for a participation outside (0, 1]
    """
    if not 0.0 < participation_frac <= 1.0:
        raise ValueError(f"participation_frac must be above 0 and at most 1, was {participation_frac}")
    capacity = participation_frac * turnover_rub
    size = np.abs(quantity_rub)
    days: F64 = np.divide(size, capacity, out=np.full(size.shape, np.inf), where=capacity != 0.0)
    days[size == 0.0] = 0.0
    return days


def _check_confidence(confidence: float) -> None:
    if not 0.5 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0.5 and 1, was {confidence}")
