"""Many tests at once: false discoveries across tickers and horizons, and the best of several candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from modeling.kernels.significance import DayDraws
from traderai.common.arrays import F64, Bools

Dependence = Literal["positive", "any"]
_ROUNDING = 1e-12  # of the largest profit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discoveries:
    """Which of many tests stand when false ones are to be at most `level` of those accepted, on average."""

    adjusted: F64  # shape of the p-values: the least level at which the test stands
    accepted: Bools  # the same shape
    level: float
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SuperiorAbility:
    """Whether the best of several candidates beats the benchmark, all of them being looked at."""

    best: int  # the candidate with the largest statistic
    statistic: float  # its mean difference over its deviation / sqrt(days), 0 if no candidate is ahead
    p_value: float  # Hansen's consistent one: candidates that are plainly worse do not count
    p_lower: float  # liberal: candidates that are behind count as exactly that far behind
    p_upper: float  # conservative: every candidate counts as equal to the benchmark
    p_reality_check: float  # White's: conservative and in units of profit
    mean_difference: F64  # (k,) per day
    standard_error: F64  # (k,) of it, by the bootstrap
    days: int


def false_discovery_control(
    p_values: F64, *, level: float, dependence: Dependence = "positive"
) -> Discoveries:
    """Return adjusted p-values and the tests that stand, with false discoveries held at `level`.

    "positive" is Benjamini and Hochberg: for independent or positively dependent tests, which one-sided tests of
    shares moved by one market mostly are. "any" is Benjamini and Yekutieli: for any dependence, larger by about
    log(tests) + 0.58.

    Shapes: p_values of any shape, such as (tickers, horizons); the result's arrays of the same.
    NaN:    refused: a test that was not made must be left out by the caller, who says so.
    Raises: ValueError for no test, p-values outside [0, 1] or missing, or a level outside (0, 1).
    Source: Benjamini and Hochberg (1995), JRSS B 57, 289-300; Benjamini and Yekutieli (2001), Annals of Statistics
            29, 1165-1188.
    """
    flat = p_values.ravel()
    if flat.size == 0 or not np.all((flat >= 0) & (flat <= 1)):
        raise ValueError(
            "p_values must lie in [0, 1], one at least and none missing; leave out tests not made"
        )
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie within (0, 1), was {level}")
    ranks = np.arange(1, flat.size + 1)
    factor = float(np.sum(1.0 / ranks)) if dependence == "any" else 1.0
    order = np.argsort(flat, kind="stable")
    scaled = flat[order] * (factor * flat.size) / ranks
    adjusted: F64 = np.empty(flat.size)
    # Not above that of any larger p-value.
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    whole = adjusted.reshape(p_values.shape)
    return Discoveries(adjusted=whole, accepted=whole <= level, level=level, tests=flat.size)


def superior_ability(benchmark: F64, candidates: F64, draws: DayDraws) -> SuperiorAbility:
    """Return Hansen's test of superior predictive ability and White's reality check, on paired daily profits.

    Null: no candidate has a higher expected daily profit than the benchmark. Every candidate that was tried must
    be there, not the good ones only. Differences are scaled by the plain daily deviation: Hansen's error that
    knows the dependence is itself uncertain and picks out whom it flatters, while the bootstrapped maximum knows
    the dependence anyway. Of 1,000 cases of 10 candidates without skill (fat tails, blocks of 10 days) p was at
    most 0.05 in 5.5 % (250 independent days), 3.9 % (750), 8 % (autocorrelation 0.3) and 10 % (0.6); with 250 days
    and Hansen's error in 8.9 % (independent) and 12 % (0.3).

    Shapes: benchmark (d,), candidates (d, k), of the days drawn, days without a trade as 0.
    Units:  profit, larger is better.
    Raises: ValueError for shapes that differ, missing figures, fewer than 3 days, or a candidate whose difference
            from the benchmark never varies.
    Source: Hansen (2005), Journal of Business & Economic Statistics 23, 365-380, scale aside;
            White (2000), Econometrica 68, 1097-1126.
    """
    difference = _difference(benchmark, candidates, draws)
    days = benchmark.size
    mean = difference.mean(axis=0)
    deviation = (draws.weights @ difference / days - mean) * draws.widening
    error = deviation.std(axis=0)
    scale = difference.std(axis=0, ddof=1) / math.sqrt(days)
    # A candidate further behind than chance explains is not recentred, and so cannot set the null's maximum.
    cut = -error * math.sqrt(2.0 * math.log(math.log(days)))
    shift = {"lower": np.minimum(mean, 0.0), "consistent": np.where(mean <= cut, mean, 0.0), "upper": 0.0}
    observed = max(float(np.max(mean / scale)), 0.0)
    p = {name: _reached(observed, (deviation + move) / scale) for name, move in shift.items()}
    return SuperiorAbility(
        best=int(np.argmax(mean / scale)),
        statistic=observed,
        p_value=p["consistent"],
        p_lower=p["lower"],
        p_upper=p["upper"],
        p_reality_check=_reached(max(float(mean.max()), 0.0), deviation),
        mean_difference=mean,
        standard_error=error,
        days=days,
    )


def _reached(observed: float, null: F64) -> float:
    maxima = np.maximum(null.max(axis=1), 0.0)
    return float((1 + np.sum(maxima >= observed)) / (1 + maxima.size))


def _difference(benchmark: F64, candidates: F64, draws: DayDraws) -> F64:
    days = draws.weights.shape[1]
    if benchmark.shape != (days,) or candidates.ndim != 2 or candidates.shape[0] != days or days < 3:
        raise ValueError(
            f"benchmark must be ({days},) and candidates ({days}, k) of the days drawn, 3 at least, "
            f"were {benchmark.shape} and {candidates.shape}"
        )
    if candidates.shape[1] < 1:
        raise ValueError("candidates must have one column at least, had none")
    difference = candidates - benchmark[:, None]
    if not np.isfinite(difference).all():
        raise ValueError("a day's profit is missing; days without a trade count as 0")
    scale = np.abs(candidates).max(axis=0) + np.abs(benchmark).max()
    # A copy of the benchmark plus a number differs from it by rounding.
    flat = np.flatnonzero(difference.std(axis=0) <= _ROUNDING * scale)
    if flat.size:
        raise ValueError(
            f"candidate {flat[0]} differs from the benchmark by the same on all days; leave it out"
        )
    return np.asarray(difference)
