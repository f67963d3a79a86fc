"""What a version's policy learns of out-of-fold rows, one upon the other: least edges, filters, order levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from features.contracts import REGIMES
from modeling.contracts import HeadTrust
from modeling.contracts.filters import FilterKind
from modeling.contracts.thresholds import Thresholds
from modeling.fitting.filters import FilterSearch, LearnedFilters, filters_learn, regimes_traded
from modeling.fitting.folds import Fold
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.order_levels import LearnedOrderLevels, order_levels_learn
from modeling.fitting.policy_pool import policy_pool
from modeling.fitting.thresholds import LearnedThresholds, thresholds_learn
from modeling.kernels.thresholds import rows_above
from traderai.common.arrays import Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedPolicy:
    """By what a version trades besides policy.yaml, and how it was come by."""

    thresholds: Thresholds
    edges: LearnedThresholds | None  # None: the recipe has none
    filters: tuple[LearnedFilters, ...]  # in the order in which they were learned, each upon those before
    # Upon all of them; None: not asked for, or no excursions are foretold.
    order_levels: LearnedOrderLevels | None

    def told(self) -> dict[str, Any]:
        """Return what a report says of it, as plain values."""
        return {
            "thresholds": {} if self.edges is None else self.edges.told(),
            "filters": [own.told() for own in self.filters],
            "order_levels": {} if self.order_levels is None else self.order_levels.told(),
        }


def policy_learn(
    folds: Sequence[Fold], trust: dict[str, HeadTrust], judged: Judged, rules: Rules
) -> LearnedPolicy | None:
    """Return what the out-of-fold rows prove to earn more than policy.yaml alone; None where the recipe asks for nothing.

    `judged` is what serves, with its evidence; `folds`, newest first, are what its networks said out of fold. Regimes
    come before the other kinds of cells: what loses in one regime alone is no matter of the hour. Order levels come last:
    what they are proven on is what is traded.
    Raises: InvariantError if the rules do not know the market's regimes.
    """
    recipe = rules.recipe
    if recipe.thresholds is None and recipe.filters is None and recipe.order_levels is None:
        return None
    pool = policy_pool(folds, trust, judged, rules)
    edges, taken = None, pool.rows.taken
    thresholds = Thresholds(mode="edge")
    if recipe.thresholds is not None:
        edges = thresholds_learn(pool, folds, recipe.thresholds, rules)
        thresholds = edges.thresholds
        taken = rows_above(pool.rows, pool.cells.regime, thresholds.least_edges, names=REGIMES)
    steps: tuple[LearnedFilters, ...] = ()
    if recipe.filters is not None:
        search = FilterSearch.over(pool, recipe.filters, rules)
        steps, taken = _filter_steps(search, taken)
        left_out = tuple(cell for step in steps if step.kept for cell in step.left_out)
        thresholds = replace(thresholds, filters=search.filters(left_out))
    orders = None
    if recipe.order_levels is not None:
        orders = order_levels_learn(pool, taken, recipe.order_levels, rules)
        thresholds = replace(thresholds, order_levels=None if orders is None else orders.serving)
    if thresholds.order_levels is None:  # what the rows became is known at the label set's levels alone
        thresholds = replace(thresholds, regimes=regimes_traded(pool, taken, rules))
    return LearnedPolicy(thresholds=thresholds, edges=edges, filters=steps, order_levels=orders)


def _filter_steps(search: FilterSearch, taken: Bools) -> tuple[tuple[LearnedFilters, ...], Bools]:
    """Return what was learned of each group of kinds, and what is left of the taken rows (n,)."""
    steps = []
    for kinds in _kinds(search.config.kinds):
        step = filters_learn(search, taken, kinds)
        steps.append(step)
        if step.kept:
            taken = taken & ~search.inside(step.left_out)
    return tuple(steps), taken


def _kinds(kinds: tuple[FilterKind, ...]) -> list[tuple[FilterKind, ...]]:
    regime = tuple(kind for kind in kinds if kind == "regime")
    return [own for own in (regime, tuple(kind for kind in kinds if kind != "regime")) if own]
