"""Does choosing the best of many trials find skill? The probability of backtest overfitting, by CSCV."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from traderai.common.arrays import F64, I64, Bools

BLOCKS_MAX = 20  # 184,756 combinations
_COMBINATIONS_AT_ONCE = 2048  # keeps the working memory small for thousands of trials
_FLAT_SHARE = 1e-12  # of the squared mean: a variance below it is rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestOverfitting:
    """What became, in the other half of the blocks, of the trial that was best in one half; for every halving."""

    pbo: float  # share of halvings in which the chosen trial does no better elsewhere than the median trial
    p_loss: float  # share of halvings in which the chosen trial loses elsewhere
    slope: float  # of the chosen trial's Sharpe ratio elsewhere on the one it was chosen for; NaN if that is constant
    intercept: float
    combinations: int
    chosen: I64  # (combinations,) the trial that is best in sample
    in_sample: F64  # (combinations,) its Sharpe ratio per day there
    out_of_sample: F64  # (combinations,) and in the other half
    logits: F64  # (combinations,) of its relative rank there, 0 at the median trial


def backtest_overfitting(daily: F64, *, blocks: int = 16) -> BacktestOverfitting:
    """Return the probability of backtest overfitting by combinatorially symmetric cross-validation.

    The days are cut into blocks in order; for every choice of half of them the trial with the best Sharpe ratio
    there is looked up in the other half. A rank at the median counts as overfitting. On noise each data set has
    its own figure, 0.5 on average. Blocks shorter than the trials' holding time share trades.

    Shapes: daily (d, trials), the trials' profits on the same days in order; blocks differ by a day at most.
    Units:  Sharpe ratios per day; 0 for a trial without a trade in a half.
    Raises: ValueError for fewer than 2 trials or 2 days a block, missing figures, an odd or too large number of
            blocks, or a trial with one and the same profit on all days of a half.
    Source: Bailey, Borwein, Lopez de Prado and Zhu (2017), Journal of Computational Finance 20(4), 39-69.
    """
    _check(daily, blocks)
    starts = np.arange(blocks) * daily.shape[0] // blocks
    counts = np.diff(np.append(starts, daily.shape[0])).astype(np.float64)
    sums = np.add.reduceat(daily, starts, axis=0)
    squares = np.add.reduceat(daily**2, starts, axis=0)
    halves = _halves(blocks)
    parts = []
    for begin in range(0, halves.shape[0], _COMBINATIONS_AT_ONCE):
        half = halves[begin : begin + _COMBINATIONS_AT_ONCE]
        inside, outside = (_sharpes(mask.astype(np.float64), counts, sums, squares) for mask in (half, ~half))
        parts.append(_chosen(inside, outside))
    chosen, in_sample, out_of_sample, ranks = (np.concatenate(column) for column in zip(*parts, strict=True))
    relative = ranks / (daily.shape[1] + 1.0)
    logits = np.log(relative / (1.0 - relative))
    slope, intercept = _line(in_sample, out_of_sample)
    return BacktestOverfitting(
        pbo=float(np.mean(2.0 * ranks <= daily.shape[1] + 1.0)),
        p_loss=float(np.mean(out_of_sample < 0.0)),
        slope=slope,
        intercept=intercept,
        combinations=halves.shape[0],
        chosen=chosen.astype(np.int64),
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        logits=logits,
    )


def _halves(blocks: int) -> Bools:
    taken = np.array(list(combinations(range(blocks), blocks // 2)))
    halves = np.zeros((taken.shape[0], blocks), dtype=np.bool_)
    np.put_along_axis(halves, taken, True, axis=1)
    return halves


def _sharpes(half: F64, counts: F64, sums: F64, squares: F64) -> F64:
    """Return each trial's Sharpe ratio per day in each choice of blocks, from the blocks' sums alone."""
    days = (half @ counts)[:, None]
    mean = half @ sums / days
    variance = half @ squares / days - mean**2
    flat = variance <= _FLAT_SHARE * mean**2
    if np.any(flat & (mean != 0.0)):
        trial = int(np.flatnonzero(np.any(flat & (mean != 0.0), axis=0))[0])
        raise ValueError(
            f"trial {trial} has one and the same profit on all days of a half; give real daily profits"
        )
    deviation = np.sqrt(np.where(flat, 1.0, variance) * days / (days - 1.0))
    return np.asarray(np.where(flat, 0.0, mean / deviation))


def _chosen(inside: F64, outside: F64) -> tuple[I64, F64, F64, F64]:
    """Return the best trial inside, its ratios inside and outside, and its rank outside: 1 the worst, ties shared."""
    chosen = np.argmax(inside, axis=1)
    row = np.arange(chosen.size)
    result = outside[row, chosen]
    below = np.sum(outside < result[:, None], axis=1)
    equal = np.sum(outside == result[:, None], axis=1)
    return chosen, inside[row, chosen], result, below + (equal + 1.0) / 2.0


def _line(x: F64, y: F64) -> tuple[float, float]:
    away = x - x.mean()
    spread = float(away @ away)
    if spread <= _FLAT_SHARE * float(x @ x):
        return float("nan"), float("nan")
    slope = float(away @ y) / spread
    return slope, float(y.mean() - slope * x.mean())


def _check(daily: F64, blocks: int) -> None:
    if blocks < 2 or blocks % 2 or blocks > BLOCKS_MAX:
        raise ValueError(f"blocks must be even, from 2 to {BLOCKS_MAX}, was {blocks}")
    if daily.ndim != 2 or daily.shape[1] < 2 or daily.shape[0] < 2 * blocks:
        raise ValueError(
            f"daily must be (d, trials) with 2 trials and {2 * blocks} days at least for {blocks} blocks, "
            f"was {daily.shape}"
        )
    if not np.isfinite(daily).all():
        raise ValueError("a day's profit is missing; days without a trade count as 0")
