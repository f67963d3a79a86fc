"""Least edges by regime, learned from out-of-fold rows, and whether they earn more than the configured rule.

What is proven is the way they are looked for: the rows of each fold are traded by the edges that the other folds
chose, and only if that makes more than the configured rule do those serve that all folds choose together. Two ways
are compared and no best of many is picked, so the bound is not drawn in. Trust and evidence know all folds on either side
of the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from features.contracts import REGIMES
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from modeling.fitting.choices import Choice, choice_of
from modeling.fitting.folds import Fold
from modeling.fitting.judging import Rules
from modeling.fitting.policy_pool import PolicyPool
from modeling.kernels.thresholds import (
    RegimeCut,
    best_cut,
    edge_cut,
    least_edges,
    regime_cuts,
    rows_above,
)
from traderai.common.arrays import Bools

CONFIGURED: Final = "configured"
LEARNED: Final = "learned"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedThresholds:
    """By which least edges a version serves, and how they were come by."""

    thresholds: Thresholds  # without an edge where the configured rule stands
    cuts: tuple[RegimeCut, ...]  # what all folds chose, kept or not
    choices: tuple[Choice, ...]  # the configured rule, and least edges that other folds chose
    folds: tuple[dict[str, Any], ...]  # by fold, newest first, how the choice of all stands in it
    kept: bool
    reason: str

    def told(self) -> dict[str, Any]:
        """Return what a report says of them, as plain values."""
        return {
            "mode": self.thresholds.mode,
            "kept": self.kept,
            "reason": self.reason,
            "regimes": [asdict(own) for own in self.cuts],
            "choices": [asdict(own) for own in self.choices],
            "folds": list(self.folds),
        }


def thresholds_learn(
    pool: PolicyPool, folds: Sequence[Fold], config: ThresholdConfig, rules: Rules
) -> LearnedThresholds:
    """Return the least edges that the pooled out-of-fold rows choose, kept only where they are proven to earn more."""
    cuts = regime_cuts(pool.rows, pool.cells.regime, config, names=REGIMES)
    least = least_edges(cuts)
    found = LearnedThresholds(
        thresholds=Thresholds(mode=config.mode),
        cuts=cuts,
        choices=(),
        folds=tuple(_fold_figures(pool, fold, least, config) for fold in folds),
        kept=False,
        reason=_nothing_learned(cuts),
    )
    return _proven(found, pool, least, config, rules) if least else found


def _nothing_learned(cuts: Sequence[RegimeCut]) -> str:
    if all(own.cut is None for own in cuts):
        return "no least edge qualifies, the configured one neither: the configured rule stands"
    return "no least edge is better than the configured rule: it stands"


def _proven(
    found: LearnedThresholds, pool: PolicyPool, least: dict[str, float], config: ThresholdConfig, rules: Rules
) -> LearnedThresholds:
    before = pool.traded(pool.rows.taken, rules)
    after = pool.traded(_crossed(pool, config), rules)
    level = rules.recipe.evaluation.interval_level
    nothing = np.zeros(before.daily_net.size)
    choices = (
        choice_of(CONFIGURED, before, nothing, rules, level=level),
        choice_of(LEARNED, after, after.daily_net - before.daily_net, rules, level=level),
    )
    learned = choices[1]
    if learned.trades < config.min_trades:
        reason = f"least edges of other folds made {learned.trades} trades, {config.min_trades} are needed to prove them"
    elif learned.better_bound > 0.0:
        thresholds = Thresholds(mode=config.mode, least_edges=least)
        reason = "trades by least edges of other folds are proven to make more than the configured rule's"
        return replace(found, thresholds=thresholds, choices=choices, kept=True, reason=reason)
    else:
        reason = (
            "trades by least edges of other folds are not proven to make more: the configured rule stands"
        )
    return replace(found, choices=choices, reason=reason)


def _crossed(pool: PolicyPool, config: ThresholdConfig) -> Bools:
    """Return which rows are traded if those of each block are by what the others choose."""
    chosen, regime = np.zeros(pool.rows.edge.size, dtype=np.bool_), pool.cells.regime
    for block in np.unique(pool.block):
        own = pool.block == block
        cuts = regime_cuts(pool.rows.where(~own), regime[~own], config, names=REGIMES)
        chosen[own] = rows_above(pool.rows.where(own), regime[own], least_edges(cuts), names=REGIMES)
    return chosen


def _fold_figures(
    pool: PolicyPool, fold: Fold, least: dict[str, float], config: ThresholdConfig
) -> dict[str, Any]:
    """Return how the choice of all folds stands in one, and what the fold would have chosen by itself."""
    own = np.isin(pool.wanted.row, fold.raw.rows)
    rows = pool.rows.where(own)
    kept = rows_above(rows, pool.cells.regime[own], least, names=REGIMES)
    alone = best_cut(rows, config)
    return {
        "first_day": str(np.datetime64(int(rows.day.min()), "D")) if own.any() else None,
        "last_day": str(np.datetime64(int(rows.day.max()), "D")) if own.any() else None,
        CONFIGURED: asdict(edge_cut(rows, 0.0)),
        LEARNED: asdict(edge_cut(replace(rows, taken=kept), 0.0)),
        "alone_least_edge": None if alone is None else alone.least_edge,
    }
