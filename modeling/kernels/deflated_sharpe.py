"""Sharpe ratios after what else was tried: probabilistic and deflated ones, and how long a record must be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from traderai.common.arrays import F64

_NORMAL = NormalDist()
_EULER_GAMMA = 0.5772156649015329


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeMoments:
    """A Sharpe ratio per period, never a yearly one, with what its error depends on."""

    sharpe: float  # mean / standard deviation of one period
    skew: float
    kurtosis: float  # 3 for a normal distribution, not the excess
    periods: float  # observations; the effective number where they depend on each other

    def __post_init__(self) -> None:
        if not all(math.isfinite(x) for x in (self.sharpe, self.skew, self.kurtosis, self.periods)):
            raise ValueError(f"the moments of a Sharpe ratio must be finite, were {self}")
        if self.periods <= 1:
            raise ValueError(f"periods must be above 1, was {self.periods}; a longer record is needed")
        if self.error_factor <= 0:
            raise ValueError(f"skew {self.skew} and kurtosis {self.kurtosis} belong to no distribution")

    @property
    def error_factor(self) -> float:
        """The variance of the estimated ratio, times `periods - 1`."""
        return 1.0 - self.skew * self.sharpe + (self.kurtosis - 1.0) / 4.0 * self.sharpe**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Everything that was tried before one record was chosen, failures included."""

    count: float  # the true number, or an effective one where that is said
    sharpe_variance: float  # of the trials' Sharpe ratios, per period

    def __post_init__(self) -> None:
        if not (math.isfinite(self.count) and self.count >= 1):
            raise ValueError(
                f"count must be at least 1, was {self.count}; the chosen record is a trial itself"
            )
        if not (math.isfinite(self.sharpe_variance) and self.sharpe_variance >= 0):
            raise ValueError(f"sharpe_variance must be 0 or above, was {self.sharpe_variance}")
        if self.count > 1 and self.sharpe_variance == 0:
            raise ValueError(f"sharpe_variance must be above 0 for {self.count:g} trials, was 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeflatedSharpe:
    """What is left of a Sharpe ratio after the number of trials it was chosen from."""

    moments: SharpeMoments
    trials: Trials
    expected_maximum: float  # Sharpe ratio per period of the best of the trials if none had skill
    p_above_zero: float  # probabilistic ratio: that the true one is above 0, as if nothing else was tried
    p_above_luck: float  # deflated Sharpe ratio: that the true one is above `expected_maximum`
    p_value: float  # chance that the best of as many independent trials without skill does as well
    minimum_periods: float  # record needed for p_above_luck at `level`; infinite if below expected_maximum
    level: float


def sharpe_moments(returns: F64, *, effective_periods: float | None = None) -> SharpeMoments:
    """Return the Sharpe ratio per period of a series with its skew, kurtosis and length.

    The deviation is the unbiased one (n - 1), skew and kurtosis are those of the sample, uncorrected.

    Shapes: returns (n,), one for each period in order, periods without a trade as 0.
    Units:  of one period; nothing is made yearly. effective_periods, if given, replaces n (`effective_periods`).
    Raises: ValueError for fewer than 3 periods, missing returns, or a series without variation.
    """
    _check_returns(returns)
    away = returns - returns.mean()
    spread = float(np.sqrt(np.mean(away**2)))
    unit = away / spread
    return SharpeMoments(
        sharpe=float(returns.mean() / returns.std(ddof=1)),
        skew=float(np.mean(unit**3)),
        kurtosis=float(np.mean(unit**4)),
        periods=float(returns.size) if effective_periods is None else effective_periods,
    )


def trials_of(sharpes: F64, *, counted: int | None = None) -> Trials:
    """Return the trials of which these Sharpe ratios are known; `counted` tells of those that left none.

    Shapes: sharpes (m,), per period, that of the chosen record included.
    Raises: ValueError for no ratio, a missing one, or fewer counted than known.
    """
    if sharpes.ndim != 1 or sharpes.size < 1 or not np.isfinite(sharpes).all():
        raise ValueError(f"sharpes must be at least 1 finite ratio (m,), were {sharpes.shape}")
    count = sharpes.size if counted is None else counted
    if count < sharpes.size:
        raise ValueError(f"counted must be at least the {sharpes.size} trials that are known, was {count}")
    if count > 1 and sharpes.size == 1:
        raise ValueError(f"1 of {count} trials has a Sharpe ratio; at least 2 must, to know how they vary")
    return Trials(count=float(count), sharpe_variance=float(sharpes.var(ddof=1)) if sharpes.size > 1 else 0.0)


def probabilistic_sharpe(moments: SharpeMoments, *, benchmark_sharpe: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio is above the benchmark's.

    The formula holds for periods that do not depend on each other, of any distribution with a fourth moment, and
    for many of them. Where they do, give `sharpe_moments` the number from `effective_periods`.

    Units:  Sharpe ratios per period.
    Source: Bailey and Lopez de Prado (2012), Journal of Risk 15(2), 3-44; Mertens (2002) for the variance.
    """
    return _NORMAL.cdf(_z(moments, benchmark_sharpe))


def expected_maximum_sharpe(trials: Trials) -> float:
    """Return the Sharpe ratio to be expected of the best of independent trials of which none has skill.

    Units:  per period; 0 for one trial, and never below.
    Source: Bailey and Lopez de Prado (2014), Journal of Portfolio Management 40(5), 94-107.
    """
    if trials.count == 1:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials.count)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials.count * math.e))
    # The approximation is for many trials; an effective number near 1 would make it negative.
    in_deviations = max(0.0, (1.0 - _EULER_GAMMA) * first + _EULER_GAMMA * second)
    return math.sqrt(trials.sharpe_variance) * in_deviations


def deflated_sharpe(moments: SharpeMoments, trials: Trials, *, level: float = 0.95) -> DeflatedSharpe:
    """Return the deflated Sharpe ratio of the record that was chosen as the best of the trials.

    `p_above_luck` is the published figure. It asks more than its level says, since it gives the best of the trials
    the spread of a single one: of 10 or 100 independent trials without skill the best one's is above 0.95 in 0.1 % to
    0.2 % of all cases, not in 5 % (one trial alone: in 5 %).

    `p_value` is the exact chance for independent trials, `1 - p_above_zero ** count` (Šidák), and an upper bound
    where trials resemble each other: under 0.05 in 5 % of such cases for normal returns of 250 days, in 3 % to 4 %
    where wins are small and losses large, in 7 % to 9 % with fat tails (Student's t of 4) or rare large wins.

    Units:  Sharpe ratios and their variance per period.
    Raises: ValueError if level is not within (0, 1).
    Source: Bailey and Lopez de Prado (2014), Journal of Portfolio Management 40(5), 94-107; Šidák (1967), JASA 62,
            626-633.
    """
    maximum = expected_maximum_sharpe(trials)
    above_zero = _z(moments, 0.0)
    one_trial = 0.5 * math.erfc(above_zero / math.sqrt(2.0))  # 1 - p_above_zero without losing its digits
    return DeflatedSharpe(
        moments=moments,
        trials=trials,
        expected_maximum=maximum,
        p_above_zero=_NORMAL.cdf(above_zero),
        p_above_luck=probabilistic_sharpe(moments, benchmark_sharpe=maximum),
        p_value=-math.expm1(trials.count * math.log1p(-one_trial)) if one_trial < 1.0 else 1.0,
        minimum_periods=minimum_track_record(moments, benchmark_sharpe=maximum, level=level),
        level=level,
    )


def minimum_track_record(moments: SharpeMoments, *, benchmark_sharpe: float, level: float) -> float:
    """Return how many periods a record like this must have to be above the benchmark at `level`.

    Units:  periods, effective ones where they depend on each other; infinite if the ratio is not above the
            benchmark.
    Raises: ValueError if level is not within (0, 1).
    Source: Bailey and Lopez de Prado (2012), Journal of Risk 15(2), 3-44.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie within (0, 1), was {level}")
    if moments.sharpe <= benchmark_sharpe:
        return math.inf
    return 1.0 + moments.error_factor * (_NORMAL.inv_cdf(level) / (moments.sharpe - benchmark_sharpe)) ** 2


def effective_periods(returns: F64) -> float:
    """Return how many independent periods know as much of the mean as these, at most as many as there are.

    n / (1 + 2 sum w_k r_k) with autocorrelations r_k and Bartlett weights w_k up to a lag chosen from the first
    autocorrelation. It takes the dependence of the mean only: for the Sharpe ratio that is nearly all of it as
    long as the ratio per period is small. With an autocorrelation of 0.6 the ratio of 250 days without profit is
    above 0 at 0.95 in 7.7 % of all cases by this number, and in 20 % by the number of days.

    Shapes: returns (n,) in order.
    Raises: ValueError for fewer than 3 periods, missing returns, or a series without variation.
    Source: Newey and West (1987), Econometrica 55, 703-708; Andrews (1991), Econometrica 59, 817-858, for the lag.
    """
    _check_returns(returns)
    n = returns.size
    away = returns - returns.mean()
    total = float(away @ away)
    # Near 1 the lag would grow beyond what the series can tell.
    first = float(np.clip(away[1:] @ away[:-1] / total, -0.97, 0.97))
    bandwidth = 1.1447 * (4.0 * first**2 / (1.0 - first**2) ** 2 * n) ** (1.0 / 3.0)
    inflation = 1.0
    for lag in range(1, min(math.ceil(bandwidth), n - 1)):
        inflation += 2.0 * (1.0 - lag / bandwidth) * float(away[lag:] @ away[:-lag]) / total
    return n / max(1.0, inflation)


def effective_trials(daily: F64) -> float:
    """Return the number of independent trials that as many trials with this average correlation amount to.

    r + (1 - r) N. What is counted stays the default: use this beside it, and say so.

    Shapes: daily (d, trials), the trials' profits on the same days.
    Units:  from 1 to the number of trials.
    Raises: ValueError for fewer than 2 days, no trial, missing figures, or a trial that never varies.
    Source: Bailey and Lopez de Prado (2014), Journal of Portfolio Management 40(5), 94-107, appendix.
    """
    if daily.ndim != 2 or daily.shape[0] < 2 or daily.shape[1] < 1 or not np.isfinite(daily).all():
        raise ValueError(f"daily must be finite figures (d, trials), 2 days at least, were {daily.shape}")
    count = daily.shape[1]
    away = daily - daily.mean(axis=0)
    length = np.sqrt(np.sum(away**2, axis=0))
    flat = np.flatnonzero(daily.min(axis=0) == daily.max(axis=0))
    if flat.size:
        raise ValueError(f"trial {int(flat[0])} never varies; leave out trials without a trade")
    if count == 1:
        return 1.0
    # All pairs' correlations at once: the square of a sum of unit vectors.
    pairs = float(np.sum(np.sum(away / length, axis=1) ** 2)) - count
    correlation = float(np.clip(pairs / (count * (count - 1)), 0.0, 1.0))
    return correlation + (1.0 - correlation) * float(count)


def _z(moments: SharpeMoments, benchmark_sharpe: float) -> float:
    excess = moments.sharpe - benchmark_sharpe
    return excess * math.sqrt(moments.periods - 1.0) / math.sqrt(moments.error_factor)


def _check_returns(returns: F64) -> None:
    if returns.ndim != 1 or returns.size < 3 or not np.isfinite(returns).all():
        raise ValueError(f"returns must be at least 3 finite figures (n,), were {returns.shape}")
    # Not the deviation: a mean of equal figures may differ from them in the last bit.
    if returns.min() == returns.max():
        raise ValueError("returns do not vary, so they have no Sharpe ratio; there may be no trade at all")
