"""Means of daily figures that each look several days ahead, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from traderai.common.arrays import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapMean:
    """The mean of a daily figure with its t-statistics; the plain one takes overlapping days for independent."""

    mean: float
    days: int  # with a figure
    t_plain: float  # too large by about the root of the horizon where the horizons overlap fully
    t_newey_west: float  # lag horizon - 1
    t_apart: float  # of figures a whole horizon apart


def overlap_mean(daily: F64, *, horizon_days: int) -> OverlapMean:
    """Return the mean of a daily figure that looks `horizon_days` ahead, with t-statistics for the overlap.

    `t_apart` is the mean, over the `horizon_days` possible first days, of the plain t-statistic of every
    `horizon_days`-th day. Without an effect, |t| above 1.96 should come in 5 % of cases. Of 1,750 days whose
    horizons of 20 (5) days overlap fully it came in 66 (37) % by the plain one, 11 (10) % by Newey and West and 5
    (5) % by the days apart, which on days without any dependence finds less than it could.

    Shapes: daily (d,) one figure for each trading day in order.
    Units:  of `daily`.
    NaN:    a day without a figure is left out but keeps its place. The mean without a figure, the t-statistics with
            fewer than 2 or without variation, `t_apart` if that is so for one of the first days.
    Raises: ValueError if horizon_days is below 1, or daily is not (d,) or infinite.
    """
    _check(daily)
    if horizon_days < 1:
        raise ValueError(f"horizon_days must be at least 1, was {horizon_days}")
    known = daily[~np.isnan(daily)]
    return OverlapMean(
        mean=float(known.mean()) if known.size else float("nan"),
        days=int(known.size),
        t_plain=plain_t(daily),
        t_newey_west=newey_west_t(daily, lag=horizon_days - 1),
        t_apart=float(np.mean([plain_t(daily[first::horizon_days]) for first in range(horizon_days)])),
    )


def mean_above_zero_p(daily: F64, *, horizon_days: int) -> float:
    """Return the one-sided p-value of a daily figure that looks `horizon_days` ahead: its mean is not above 0.

    The tail of Student's distribution beyond `t_apart` of `overlap_mean`, with one degree of freedom fewer than there
    are figures a whole horizon apart. Of 10,000 cases without an effect whose horizons overlap fully p was at most 0.05
    (0.01) in 5.0 (0.8) % (120 days, horizon 10), 4.9 (1.0) % (120, 5) and 4.5 (0.4) % (40, 10). Of days without any
    dependence it was in 0.1 % or fewer where the horizon is above 1: there it finds less than it could.

    Shapes: daily (d,) one figure for each trading day in order, days without one as NaN: they keep their place.
    NaN:    fewer figures than twice the horizon, or no variation in the days apart.
    Raises: as `overlap_mean`.
    """
    found = overlap_mean(daily, horizon_days=horizon_days)
    freedom = found.days / horizon_days - 1.0
    if freedom < 1.0 or np.isnan(found.t_apart):
        return float("nan")
    return float(stdtr(freedom, -found.t_apart))


def plain_t(daily: F64) -> float:
    """Return the t-statistic of a mean, the days taken for independent.

    Shapes: daily (d,), days without a figure as NaN.
    NaN:    fewer than 2 figures, or no variation.
    Raises: ValueError if daily is not (d,) or infinite.
    """
    return newey_west_t(daily, lag=0)


def newey_west_t(daily: F64, *, lag: int) -> float:
    """Return the t-statistic of a mean whose days depend on each other up to `lag` days apart.

    `mean / sqrt(n / (n - 1) (g_0 + 2 sum_{l=1..lag} (1 - l / (lag + 1)) g_l) / n)` with the autocovariances
    `g_l = 1/n sum_t (x_t - mean) (x_{t-l} - mean)` over pairs of days that both have a figure, n figures in all.
    `n / (n - 1)` makes lag 0 the plain t-statistic.

    Shapes: daily (d,) one figure for each trading day in order, days without one as NaN: they keep their place.
    NaN:    fewer than 2 figures, or no variation.
    Raises: ValueError if lag is negative, or daily is not (d,) or infinite.
    Source: Newey and West (1987), Econometrica 55, 703-708; missing days as Parzen (1963), Sankhya A 25, 383-392.
    """
    _check(daily)
    if lag < 0:
        raise ValueError(f"lag must not be negative, was {lag}")
    known = ~np.isnan(daily)
    values = daily[known]
    # Not the deviation: a mean of equal figures may differ from them in the last bit.
    if values.size < 2 or values.min() == values.max():
        return float("nan")
    mean = float(values.mean())
    gap = np.where(known, daily - mean, 0.0)
    weighted = float(gap @ gap)
    for step in range(1, min(lag, daily.size - 1) + 1):
        weighted += 2.0 * (1.0 - step / (lag + 1.0)) * float(gap[step:] @ gap[:-step])
    variance = weighted / values.size / (values.size - 1.0)
    return mean / float(np.sqrt(variance)) if variance > 0 else float("nan")


def _check(daily: F64) -> None:
    if daily.ndim != 1 or np.isinf(daily).any():
        raise ValueError(f"daily must be finite or NaN, one figure a day (d,), was {daily.shape}")
