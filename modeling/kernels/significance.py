"""Proof against luck: block-bootstrap intervals of daily figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """A mean with its bootstrap interval; never shown without the number of days behind it."""

    mean: float
    low: float  # one-sided lower bound at `level`
    high: float  # one-sided upper bound at `level`
    level: float
    days: int


def block_bootstrap_mean(
    daily: F64, *, level: float, mean_block_days: float, resamples: int, rng: np.random.Generator
) -> MeanInterval:
    """Return the mean of a daily series with one-sided stationary-bootstrap bounds at `level`.

    The bounds are basic (pivotal) ones, `2 mean - quantile`; blocks keep the dependence between near days and are
    on average at most a quarter of the days. Resampling about the sample's own mean makes the spread too small
    by `1 - (2 block - 1) / days` in variance; the bounds are widened by that. Of 250 days without profit the
    bound at 0.99 still lies above 0 in 2 % (independent days) to 3 % (autocorrelation 0.6), not in 1 %.

    Shapes: daily (d,), one figure for each trading day in order, days without a trade as 0.
    Units:  of `daily`.
    Raises: ValueError for fewer than 2 days, missing figures, or a level outside (0.5, 1), and as
            `stationary_rows`.
    Source: Politis and Romano (1994), JASA 89, 1303-1313.
    """
    if daily.ndim != 1 or daily.size < 2 or not np.isfinite(daily).all():
        raise ValueError(f"daily must be at least 2 finite figures (d,), was {daily.shape}")
    if not 0.5 < level < 1.0:
        raise ValueError(f"level must lie within (0.5, 1), was {level}")
    block_days = min(mean_block_days, max(1.0, daily.size / 4))
    rows = stationary_rows(daily.size, mean_block_days=block_days, resamples=resamples, rng=rng)
    mean = float(daily.mean())
    deviation = daily[rows].mean(axis=1) - mean
    deviation *= np.sqrt(daily.size / (daily.size - 2.0 * block_days + 1.0))
    low_quantile, high_quantile = np.quantile(deviation, [1.0 - level, level])
    return MeanInterval(
        mean=mean,
        low=mean - float(high_quantile),
        high=mean - float(low_quantile),
        level=level,
        days=int(daily.size),
    )


def paired_block_bootstrap(
    daily: F64,
    daily_other: F64,
    *,
    level: float,
    mean_block_days: float,
    resamples: int,
    rng: np.random.Generator,
) -> MeanInterval:
    """Return the interval of the mean daily difference `daily - daily_other`, both resampled together.

    Shapes: daily, daily_other (d,) of the same trading days.
    Units:  of `daily`.
    Raises: ValueError if the shapes differ, and as `block_bootstrap_mean`.
    """
    if daily.shape != daily_other.shape:
        raise ValueError(f"paired series must be of one shape, were {daily.shape} and {daily_other.shape}")
    return block_bootstrap_mean(
        daily - daily_other, level=level, mean_block_days=mean_block_days, resamples=resamples, rng=rng
    )


def stationary_rows(n: int, *, mean_block_days: float, resamples: int, rng: np.random.Generator) -> I64:
    """Return row indices of stationary-bootstrap resamples: blocks of geometric length, wrapping at the end.

    Shapes: returns (resamples, n).
    Raises: ValueError if n or resamples is below 1 or mean_block_days below 1.
    Source: Politis and Romano (1994), JASA 89, 1303-1313.
    """
    if n < 1 or resamples < 1 or mean_block_days < 1:
        raise ValueError(
            f"n, resamples and mean_block_days must be at least 1, were {n}, {resamples} and {mean_block_days}"
        )
    begins = rng.random((resamples, n)) < 1.0 / mean_block_days
    begins[:, 0] = True
    starts = rng.integers(0, n, size=(resamples, n))
    place = np.arange(n)
    block_begin = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    start = np.take_along_axis(starts, block_begin, axis=1)
    rows: I64 = (start + place - block_begin) % n
    return rows
