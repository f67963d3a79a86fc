"""Filters learned from out-of-fold rows: cells whose trades lose, left out only where that is proven to earn more.

Proven as least edges are: the rows of each fold are traded without the cells in which the other folds lost, and only
if that makes more than what stood before do those cells go that all folds find together. Which one cell is left out
decides by itself what its signals say, so false ones are held down among all that are tested, too. Where the edges of
the liquidity terciles lie is known from all folds; they are read from inputs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from features.contracts import REGIMES
from modeling.contracts.filters import FilterConfig, FilterKind, Filters, LeftOut
from modeling.contracts.thresholds import RegimeTrades
from modeling.fitting.choices import Choice, choice_of
from modeling.fitting.judging import Rules
from modeling.fitting.policy_pool import PolicyPool
from modeling.kernels.filter_search import LosingCells, TakenRows, losing_cells
from modeling.kernels.filters import cell_codes
from modeling.kernels.significance import draw_days, ratio_interval
from traderai.common.arrays import I64, Bools

BEFORE: Final = "before"
WITHOUT: Final = "without"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedFilters:
    """Which cells of some kinds a version leaves out, and how they were come by."""

    kinds: tuple[FilterKind, ...]
    tested: int  # cells with trades enough to tell
    left_out: tuple[LeftOut, ...]  # what all folds found, kept or not
    choices: tuple[Choice, ...]  # what stood before, and without the cells that other folds found
    blocks: tuple[dict[str, Any], ...]  # by the rows that are traded together, oldest first
    kept: bool
    reason: str

    def told(self) -> dict[str, Any]:
        """Return what a report says of them, as plain values."""
        return {
            "kinds": list(self.kinds),
            "kept": self.kept,
            "reason": self.reason,
            "tested": self.tested,
            "left_out": [asdict(own) for own in self.left_out],
            "choices": [asdict(own) for own in self.choices],
            "blocks": list(self.blocks),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilterSearch:
    """The rows of a pool with the cells that they lie in."""

    pool: PolicyPool
    config: FilterConfig
    rules: Rules
    liquidity_edges_rub: tuple[float, float]
    codes: dict[FilterKind, I64]

    @classmethod
    def over(cls, pool: PolicyPool, config: FilterConfig, rules: Rules) -> FilterSearch:
        """Return the search over a pool; the terciles of its turnover are those of all rows that may be traded."""
        turnover = pool.cells.median_turnover_rub
        edges = np.quantile(turnover, [1 / 3, 2 / 3]) if turnover.size else np.zeros(2)
        found = (float(edges[0]), float(edges[1]))
        codes = cell_codes(pool.cells, found)
        return cls(pool=pool, config=config, rules=rules, liquidity_edges_rub=found, codes=codes)

    def filters(self, left_out: tuple[LeftOut, ...]) -> Filters | None:
        """Return the filters that leave some cells out."""
        return Filters(left_out=left_out, liquidity_edges_rub=self.liquidity_edges_rub) if left_out else None

    def inside(self, left_out: Sequence[LeftOut]) -> Bools:
        """Return which rows lie in one of the cells (n,)."""
        found = np.zeros(self.pool.rows.edge.size, dtype=np.bool_)
        for own in left_out:
            found |= self.codes[own.kind] == own.code
        return found

    def losing(self, taken: Bools, kinds: Sequence[FilterKind], *, among: Bools) -> LosingCells:
        """Return the cells in which the taken rows lose, by the rows of a block or of several (n,)."""
        own, days = taken & among, np.unique(self.pool.rows.day[among])
        if days.size < self.config.min_days:
            return LosingCells()
        evaluation = self.rules.recipe.evaluation
        draws = draw_days(
            days.size, level=evaluation.interval_level, mean_block_days=evaluation.mean_block_days,
            resamples=self.config.resamples, rng=np.random.default_rng(self.rules.seed),
        )  # fmt: skip
        looked_at = taken_rows(self.pool, own, days)
        codes = {kind: code[own] for kind, code in self.codes.items()}
        return losing_cells(looked_at, codes, kinds, self.config, draws)


def taken_rows(pool: PolicyPool, own: Bools, days: I64) -> TakenRows:
    """Return some rows of a pool (n,) with what their trades became, placed among the rising days (d,)."""
    rows, stop = pool.rows, pool.dataset.stop_loss_frac[pool.wanted.row[own]]
    return TakenRows(
        net_frac=rows.net_r[own] * stop, share=rows.share[own], place=np.searchsorted(days, rows.day[own])
    )


def regimes_traded(pool: PolicyPool, taken: Bools, rules: Rules) -> tuple[RegimeTrades, ...]:
    """Return what the taken rows (n,) made in each regime, where days enough tell how sure that is.

    The policy was learned from these rows: it is told of, and proves nothing.
    """
    days, evaluation, found = np.unique(pool.rows.day), rules.recipe.evaluation, []
    if days.size < 2:
        return ()
    draws = draw_days(
        days.size, level=evaluation.interval_level, mean_block_days=evaluation.mean_block_days,
        resamples=evaluation.resamples, rng=np.random.default_rng(rules.seed),
    )  # fmt: skip
    looked_at, regime = taken_rows(pool, taken, days), pool.cells.regime[taken]
    for code, name in enumerate(REGIMES):
        sums, counts = looked_at.daily(regime == code, days.size)
        if (counts > 0).sum() < 2:
            continue
        own = ratio_interval(sums, counts, draws)
        if not -np.inf < own.low <= own.value <= own.high < np.inf:
            continue
        low, net, high = (1e4 * bound for bound in (own.low, own.value, own.high))
        trades = int(counts.sum())
        found.append(RegimeTrades(regime=name, net_bp=net, low_bp=low, high_bp=high, trades=trades))
    return tuple(found)


def filters_learn(search: FilterSearch, taken: Bools, kinds: tuple[FilterKind, ...]) -> LearnedFilters:
    """Return the cells of some kinds in which the taken rows (n,) lose, kept only where leaving them out earns more."""
    pool, rules = search.pool, search.rules
    losing = search.losing(taken, kinds, among=np.ones(taken.size, dtype=np.bool_))
    found = LearnedFilters(
        kinds=kinds,
        tested=losing.tested,
        left_out=losing.left_out,
        choices=(),
        blocks=(),
        kept=False,
        reason=_nothing_found(losing.tested, search.config),
    )
    if not losing.left_out:
        return found
    chosen, blocks = _crossed(search, taken, kinds)
    before, after = pool.traded(taken, rules), pool.traded(chosen, rules)
    level = rules.recipe.evaluation.interval_level
    choices = (
        choice_of(BEFORE, before, np.zeros(before.daily_net.size), rules, level=level),
        choice_of(WITHOUT, after, after.daily_net - before.daily_net, rules, level=level),
    )
    kept = choices[1].better_bound > 0.0
    reason = (
        "trades without the cells that lost in other folds are proven to make more"
        if kept
        else "trades without the cells that lost in other folds are not proven to make more: all stand"
    )
    return replace(found, choices=choices, blocks=blocks, kept=kept, reason=reason)


def _nothing_found(tested: int, config: FilterConfig) -> str:
    if tested:
        return f"none of {tested} cells is found to lose: all stand"
    return f"no cell has {config.min_trades} trades on {config.min_days} days, so that nothing can be told: all stand"


def _crossed(
    search: FilterSearch, taken: Bools, kinds: tuple[FilterKind, ...]
) -> tuple[Bools, tuple[dict[str, Any], ...]]:
    """Return which rows are traded if those of each block are by what the others find, and what they make."""
    chosen, told = taken.copy(), []
    for block in np.unique(search.pool.block):
        own = search.pool.block == block
        found = search.losing(taken, kinds, among=~own).left_out
        chosen[own] &= ~search.inside(found)[own]
        told.append(_block_figures(search.pool, own, taken, chosen, found))
    return chosen, tuple(told)


def _block_figures(
    pool: PolicyPool, own: Bools, taken: Bools, chosen: Bools, found: Sequence[LeftOut]
) -> dict[str, Any]:
    stop = pool.dataset.stop_loss_frac[pool.wanted.row]
    day = pool.rows.day[own]

    def mean_bp(rows: Bools) -> float:
        return float(1e4 * np.mean((pool.rows.net_r * stop)[rows])) if rows.any() else float("nan")

    return {
        "first_day": str(np.datetime64(int(day.min()), "D")),
        "last_day": str(np.datetime64(int(day.max()), "D")),
        "rows": int((own & taken).sum()),
        "net_bp": mean_bp(own & taken),
        "left_rows": int((own & chosen).sum()),
        "left_net_bp": mean_bp(own & chosen),
        "found_by_others": [f"{cell.kind} {cell.cell}" for cell in found],
    }
