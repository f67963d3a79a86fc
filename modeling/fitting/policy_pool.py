"""The pooled out-of-fold rows that a version's policy learns from, and what the account makes of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modeling.contracts import Evidence, HeadTrust
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.folds import Fold, pooled_of
from modeling.fitting.forecasts import Forecasts
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.trading import (
    Traded,
    Wanted,
    cell_rows,
    decided_regime,
    order_rows,
    part_days,
    tradable,
    traded,
    wanted_rows,
)
from modeling.kernels.edges import volatility_terciles
from modeling.kernels.filters import CellRows
from modeling.kernels.order_levels import OrderRows
from modeling.kernels.thresholds import EdgeRows
from traderai.common.arrays import F64, I64, Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyPool:
    """The rows of all folds that may be traded, with what the configured rule wants of them."""

    dataset: Dataset  # its validation part is that of all folds
    wanted: Wanted
    rows: EdgeRows
    cells: CellRows  # the regime among them
    block: I64  # (n,) which rows choose together; the others are traded by what they choose
    orders: OrderRows | None  # what levels are drawn from; None where no excursions are foretold

    def traded(self, chosen: Bools, rules: Rules, *, scales: F64 | None = None) -> Traded:
        """Return what the account makes of the chosen ones (n,) among the rows that are wanted.

        Their levels are the label set's, or those times `scales` (n, 2).
        """
        wanted = self.wanted if scales is None else replace(self.wanted, scales=scales)
        orders = wanted.orders(self.dataset, rules.policy, chosen=chosen)
        return traded(orders, self.dataset, rules.terms(None), days=part_days(self.dataset, VALIDATION))


def policy_pool(
    folds: Sequence[Fold], trust: dict[str, HeadTrust], judged: Judged, rules: Rules
) -> PolicyPool:
    """Return the rows of the folds, newest first; the configured rule is that of each row's own regime, as in service.

    `judged` is what serves, with its evidence. Trust and evidence know all folds.
    Raises: InvariantError if the rules do not know the market's regimes.
    """
    column = folds[0].dataset.features.index(rules.recipe.network.volatility_feature)
    said, dataset = pooled_of(folds, trust, column=column)
    terms = replace(rules.terms(None), regimes=rules.known_regimes)
    allowed = tradable(dataset, said.rows, judged.scaler, judged.novelty, rules.policy)
    wanted = wanted_rows(
        said, dataset, judged.evidence, terms, part=VALIDATION, allowed=allowed, horizons=dataset.horizons
    )
    regime = decided_regime(dataset, wanted.row, terms)
    return PolicyPool(
        dataset=dataset,
        wanted=wanted,
        rows=_edge_rows(wanted, said, dataset),
        cells=cell_rows(dataset, wanted.row, _terciles(wanted, said, dataset, judged.evidence), regime),
        block=_blocks(folds, dataset, wanted.row),
        orders=_order_rows(wanted, said, dataset),
    )


def _edge_rows(wanted: Wanted, said: Forecasts, dataset: Dataset) -> EdgeRows:
    """Return the rows that the policy looks at with what a trade of the better side became."""
    place = _places(wanted, said)
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


def _order_rows(wanted: Wanted, said: Forecasts, dataset: Dataset) -> OrderRows | None:
    if said.excursions is None:
        return None
    moves = said.excursions[_places(wanted, said), wanted.horizon]
    return order_rows(wanted, moves, dataset, cost_bp=None)


def _terciles(wanted: Wanted, said: Forecasts, dataset: Dataset, evidence: dict[str, Evidence]) -> I64:
    place, found = _places(wanted, said), np.zeros(wanted.row.size, dtype=np.int64)
    for h, horizon in enumerate(dataset.horizons):
        own = wanted.horizon == h
        volatility = said.volatility[place[own], h]
        found[own] = volatility_terciles(volatility, evidence[horizon].volatility_tercile_edges)
    return found


def _places(wanted: Wanted, said: Forecasts) -> I64:
    order = np.argsort(said.rows)
    return np.asarray(order[np.searchsorted(said.rows, wanted.row, sorter=order)])


def _blocks(folds: Sequence[Fold], dataset: Dataset, row: I64) -> I64:
    """Return the fold of each row (n,); of a single fold the half of its days."""
    if len(folds) == 1:
        day = dataset.day[row]
        return (day > np.median(np.unique(day))).astype(np.int64)
    starts = np.sort([fold.dataset.validation_start_s for fold in folds])
    return np.searchsorted(starts, dataset.decision_s[row], side="right").astype(np.int64)
