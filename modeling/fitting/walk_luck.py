"""Could it be luck? What is left of a walk's daily results after everything that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from modeling.fitting.dataset import TEST
from modeling.fitting.judging import Rules
from modeling.fitting.trading import Wanted
from modeling.fitting.walk import Walk
from modeling.fitting.walk_arms import Arm, liquid
from modeling.kernels.deflated_sharpe import (
    Trials,
    deflated_sharpe,
    effective_periods,
    sharpe_moments,
)
from modeling.kernels.multiple_testing import false_discovery_control, superior_ability
from modeling.kernels.overfitting import backtest_overfitting
from modeling.kernels.permutation import permutation_p_value
from modeling.kernels.significance import DayDraws
from traderai.common.arrays import F64, I64

LEVEL: Final = 0.05  # of false discoveries
SHIFTS: Final = 200
MOST_BLOCKS: Final = 16
_LEAST_BLOCK_DAYS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """What the ledger counts of the family that a report belongs to, the report's own trials included."""

    count: int
    sharpes_per_day: F64  # of those that have one


def deflated_figures(daily: F64, tried: Tried) -> dict[str, Any]:
    """Return the deflated Sharpe ratio of a model's days among all trials that the ledger counts."""
    if daily.size < 3 or daily.min() == daily.max():
        return {
            "trials": tried.count,
            "p_value": None,
            "p_above_luck": None,
            "reason": "no variation, or no trade",
        }
    moments = sharpe_moments(daily, effective_periods=max(2.0, effective_periods(daily)))
    spread = float(tried.sharpes_per_day.var(ddof=1)) if tried.sharpes_per_day.size > 1 else 0.0
    # Trials that left no ratio still count; where one alone has, what a ratio varies by chance stands for all.
    spread = spread if spread > 0 else 1.0 / moments.periods
    count = max(1, tried.count)
    found = deflated_sharpe(moments, Trials(count=float(count), sharpe_variance=spread if count > 1 else 0.0))
    return {
        "trials": count,
        "sharpe_per_day": moments.sharpe,
        "skew": moments.skew,
        "kurtosis": moments.kurtosis,
        "effective_days": moments.periods,
        "expected_maximum_per_day": found.expected_maximum,
        "p_above_zero": found.p_above_zero,
        "p_above_luck": found.p_above_luck,
        "p_value": found.p_value,
    }


def overfitting_figures(daily: Mapping[str, F64]) -> dict[str, Any]:
    """Return the probability of backtest overfitting over the trials of a report, by their days."""
    names = [name for name, own in daily.items() if own.min() < own.max()]
    days = min((own.size for own in daily.values()), default=0)
    blocks = min(MOST_BLOCKS, days // _LEAST_BLOCK_DAYS // 2 * 2)
    if len(names) < 2 or blocks < 4:
        return {"trials": names, "pbo": None, "reason": "fewer than 2 trials with trades, or too few days"}
    try:
        found = backtest_overfitting(np.stack([daily[name] for name in names], axis=1), blocks=blocks)
    except ValueError as error:
        return {"trials": names, "pbo": None, "reason": str(error)}
    return {
        "trials": names,
        "pbo": found.pbo,
        "p_loss": found.p_loss,
        "slope": found.slope,
        "blocks": blocks,
        "combinations": found.combinations,
        "chosen_most": names[int(np.bincount(found.chosen).argmax())],
    }


def superiority_figures(benchmark: F64, candidates: Mapping[str, F64], draws: DayDraws) -> dict[str, Any]:
    """Return Hansen's test that the best of all models has a higher expected day than a benchmark."""
    names = [name for name, own in candidates.items() if (own - benchmark).min() < (own - benchmark).max()]
    if not names or benchmark.size < 3:
        return {"p_value": None, "reason": "no model differs from the benchmark"}
    found = superior_ability(benchmark, np.stack([candidates[name] for name in names], axis=1), draws)
    return {
        "best": names[found.best],
        "p_value": found.p_value,
        "p_reality_check": found.p_reality_check,
        "mean_difference_bp": {
            name: float(own * 1e4) for name, own in zip(names, found.mean_difference, strict=True)
        },
    }


def shift_figures(arm: Arm, walk: Walk, rules: Rules, *, shifts: int = SHIFTS) -> dict[str, Any]:
    """Return how often the arm's orders do as well when they come at other times.

    All orders of a horizon move by one share of the test rows that could be traded, wrapped at the end: each share
    keeps its number of orders, their sides and their order; what ties them to the market's moves goes.
    """
    if arm.wanted.row.size == 0:
        return {"p_value": None, "reason": "no order"}
    rng = np.random.default_rng([rules.seed, 7])
    observed = float(arm.traded(walk, rules, None).daily_net.mean())
    least = min(0.25, 0.02 + _window_share(walk))
    found = [
        float(shifted(arm, walk, rules, share=share).traded(walk, rules, None).daily_net.mean())
        for share in rng.uniform(least, 1.0 - least, size=shifts)
    ]
    test = permutation_p_value(observed * 1e4, np.array(found) * 1e4)
    return {
        "observed_daily_bp": test.observed,
        "null_mean_daily_bp": test.null_mean,
        "p_value": test.p_value,
        "shifts": test.resamples,
        "shifted_daily_bp": sorted(float(each * 1e4) for each in found),
    }


def shifted(arm: Arm, walk: Walk, rules: Rules, *, share: float) -> Arm:
    """Return the arm with every order at another of its own share's test rows, later by a share of them."""
    dataset, wanted = walk.dataset, arm.wanted
    row = wanted.row.copy()
    side = wanted.side.copy()
    open_to = (dataset.part == TEST) & liquid(dataset, rules.policy)[:, None]
    for h in range(len(dataset.horizons)):
        rows = np.flatnonzero(open_to[:, h])
        own = np.flatnonzero(wanted.horizon == h)
        begins = np.searchsorted(dataset.instrument[rows], np.arange(len(dataset.secids) + 1))
        instrument = dataset.instrument[wanted.row[own]]
        start, size = begins[instrument], begins[instrument + 1] - begins[instrument]
        place = np.searchsorted(rows, wanted.row[own]) - start
        row[own] = rows[start + (place + np.round(share * size).astype(np.int64)) % size]
    order = np.lexsort((row, wanted.horizon))
    moved = Wanted(
        row=row[order],
        horizon=wanted.horizon[order],
        side=side[order],
        edge=wanted.edge[order],
        scales=wanted.scales[order],
    )
    return replace(arm, wanted=moved)


def discovery_figures(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """Mark the groups that stand with false discoveries held; those with too few trades are not tested."""
    tested = [group for group in groups if group["p_value"] is not None]
    for group in groups:
        group["p_adjusted"], group["stands"] = None, False
    if tested:
        found = false_discovery_control(np.array([group["p_value"] for group in tested]), level=LEVEL)
        for group, adjusted, stands in zip(tested, found.adjusted, found.accepted, strict=True):
            group["p_adjusted"], group["stands"] = float(adjusted), bool(stands)
    return {
        "level": LEVEL,
        "tests": len(tested),
        "not_tested": len(groups) - len(tested),
        "stand": [group["group"] for group in tested if group["stands"]],
    }


def market_alpha(daily: F64, market: F64) -> tuple[float, F64]:
    """Return the beta of daily results on the market's, and what is left of each day without it (d,)."""
    away = market - market.mean()
    spread = float(away @ away)
    beta = float(away @ daily) / spread if spread > 0 else 0.0
    return beta, np.asarray(daily - beta * market)


def _window_share(walk: Walk) -> float:
    """Return how long the longest label window is, as a share of the days under test."""
    dataset = walk.dataset
    inside = dataset.part == TEST
    rows, columns = np.nonzero(inside)
    longest = dataset.targets.window_end_s[rows, columns] - dataset.decision_s[rows]
    span = int(dataset.decision_s[rows].max() - dataset.decision_s[rows].min())
    return float(longest.max()) / max(span, 1)


def days_of(moments: I64) -> list[str]:
    """Return Moscow days since 1970 as texts."""
    return [str(day) for day in moments.astype("datetime64[D]")]
