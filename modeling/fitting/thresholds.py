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
from modeling.contracts import HeadTrust
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from modeling.fitting.choices import Choice, choice_of
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold, pooled_of
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.trading import (
    Traded,
    Wanted,
    decided_regime,
    part_days,
    tradable,
    traded,
    wanted_rows,
)
from modeling.kernels.thresholds import (
    EdgeRows,
    RegimeCut,
    best_cut,
    edge_cut,
    least_edges,
    regime_cuts,
    rows_above,
)
from traderai.common.arrays import I8, I64, Bools
from traderai.common.errors import InvariantError

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pool:
    """The rows of all folds that may be traded, with what the configured rule wants of them."""

    dataset: Dataset
    wanted: Wanted
    rows: EdgeRows
    regime: I8  # (n,) index into REGIMES
    block: I64  # (n,) which rows choose together; the others are traded by what they choose


def thresholds_learn(
    folds: Sequence[Fold], trust: dict[str, HeadTrust], judged: Judged, rules: Rules
) -> LearnedThresholds:
    """Return the least edges that the pooled out-of-fold rows choose, kept only where they are proven to earn more.

    `judged` is what serves, with its evidence; `folds`, newest first, are what its networks said out of fold. The
    configured rule is here that of each row's own regime, as in service.
    Raises: InvariantError if the recipe has no thresholds or the rules do not know the market's regimes.
    """
    config = _config(rules)
    pool = _pool(folds, trust, judged, rules)
    cuts = regime_cuts(pool.rows, pool.regime, config, names=REGIMES)
    least = least_edges(cuts)
    found = LearnedThresholds(
        thresholds=Thresholds(mode=config.mode),
        cuts=cuts,
        choices=(),
        folds=tuple(_fold_figures(pool, fold, least, config) for fold in folds),
        kept=False,
        reason=_nothing_learned(cuts),
    )
    return _proven(found, pool, least, rules) if least else found


def _config(rules: Rules) -> ThresholdConfig:
    if rules.recipe.thresholds is None:
        raise InvariantError(f"recipe {rules.recipe.name} must have thresholds, has none")
    return rules.recipe.thresholds


def _nothing_learned(cuts: Sequence[RegimeCut]) -> str:
    if all(own.cut is None for own in cuts):
        return "no least edge qualifies, the configured one neither: the configured rule stands"
    return "no least edge is better than the configured rule: it stands"


def _proven(
    found: LearnedThresholds, pool: _Pool, least: dict[str, float], rules: Rules
) -> LearnedThresholds:
    config = _config(rules)
    before = _traded(pool, pool.rows.taken, rules)
    after = _traded(pool, _crossed(pool, config), rules)
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


def _pool(folds: Sequence[Fold], trust: dict[str, HeadTrust], judged: Judged, rules: Rules) -> _Pool:
    column = folds[0].dataset.features.index(rules.recipe.network.volatility_feature)
    said, dataset = pooled_of(folds, trust, column=column)
    terms = replace(rules.terms(None), regimes=rules.known_regimes)
    allowed = tradable(dataset, said.rows, judged.scaler, judged.novelty, rules.policy)
    wanted = wanted_rows(
        said, dataset, judged.evidence, terms, part=VALIDATION, allowed=allowed, horizons=dataset.horizons
    )
    return _Pool(
        dataset=dataset,
        wanted=wanted,
        rows=edge_rows(wanted, said, dataset),
        regime=decided_regime(dataset, wanted.row, terms),
        block=_blocks(folds, dataset, wanted.row),
    )


def edge_rows(wanted: Wanted, said: Forecasts, dataset: Dataset) -> EdgeRows:
    """Return the rows that the policy looks at with what a trade of the better side became."""
    order = np.argsort(said.rows)
    place = order[np.searchsorted(said.rows, wanted.row, sorter=order)]
    at = (wanted.row, wanted.horizon)
    short = wanted.side < 0
    targets = dataset.targets
    p = np.where(short, said.p_short[place, wanted.horizon], said.p_long[place, wanted.horizon])
    return EdgeRows(
        edge=wanted.edge,
        taken=wanted.side != 0,
        net_r=np.where(short, dataset.r_multiple("short")[at], dataset.r_multiple("long")[at]),
        hit=np.where(short, targets.p_short[at], targets.p_long[at]) == 1.0,
        p_break_even=p - wanted.edge,
        share=dataset.instrument[wanted.row],
        day=dataset.day[wanted.row],
    )


def _blocks(folds: Sequence[Fold], dataset: Dataset, row: I64) -> I64:
    """Return the fold of each row (n,); of a single fold the half of its days."""
    if len(folds) == 1:
        day = dataset.day[row]
        return (day > np.median(np.unique(day))).astype(np.int64)
    starts = np.sort([fold.dataset.validation_start_s for fold in folds])
    return np.searchsorted(starts, dataset.decision_s[row], side="right").astype(np.int64)


def _crossed(pool: _Pool, config: ThresholdConfig) -> Bools:
    """Return which rows are traded if those of each block are by what the others choose."""
    chosen = np.zeros(pool.rows.edge.size, dtype=np.bool_)
    for block in np.unique(pool.block):
        own = pool.block == block
        cuts = regime_cuts(pool.rows.where(~own), pool.regime[~own], config, names=REGIMES)
        chosen[own] = rows_above(pool.rows.where(own), pool.regime[own], least_edges(cuts), names=REGIMES)
    return chosen


def _traded(pool: _Pool, chosen: Bools, rules: Rules) -> Traded:
    orders = pool.wanted.orders(pool.dataset, rules.policy, chosen=chosen)
    return traded(orders, pool.dataset, rules.terms(None), days=part_days(pool.dataset, VALIDATION))


def _fold_figures(
    pool: _Pool, fold: Fold, least: dict[str, float], config: ThresholdConfig
) -> dict[str, Any]:
    """Return how the choice of all folds stands in one, and what the fold would have chosen by itself."""
    own = np.isin(pool.wanted.row, fold.raw.rows)
    rows = pool.rows.where(own)
    kept = rows_above(rows, pool.regime[own], least, names=REGIMES)
    alone = best_cut(rows, config)
    return {
        "first_day": str(np.datetime64(int(rows.day.min()), "D")) if own.any() else None,
        "last_day": str(np.datetime64(int(rows.day.max()), "D")) if own.any() else None,
        CONFIGURED: asdict(edge_cut(rows, 0.0)),
        LEARNED: asdict(edge_cut(replace(rows, taken=kept), 0.0)),
        "alone_least_edge": None if alone is None else alone.least_edge,
    }
