"""Least edges by regime, chosen by what the trades above them made, and the policy that asks for them.

Needs NumPy alone, because signals are also read where nothing heavier may be loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from modeling.contracts import PolicyConfig
from modeling.contracts.thresholds import ThresholdConfig, Thresholds
from traderai.common.arrays import F64, I8, I64, Bools

CONFIGURED = 0.0  # no least edge besides the configured rule's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeRows:
    """n rows that data let the policy trade, each with its better side and what a trade of that side became."""

    edge: F64  # (n,) of the better side
    taken: Bools  # (n,) whether the configured rule trades it
    net_r: F64  # (n,) after costs, in units of the stop
    hit: Bools  # (n,) whether it reached its take-profit
    p_break_even: F64  # (n,)
    share: I64  # (n,) number of the share
    day: I64  # (n,) of the decision

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            if array.shape != self.edge.shape or array.ndim != 1:
                raise ValueError(
                    f"{field.name} must have shape {self.edge.shape} of one axis, was of shape {array.shape}"
                )
        for name in ("edge", "net_r", "p_break_even"):
            if not np.isfinite(getattr(self, name)[self.taken]).all():
                raise ValueError(
                    f"{name} must be finite where a row is taken; leave out rows without a label"
                )

    def where(self, own: Bools) -> EdgeRows:
        """Return some of the rows."""
        return EdgeRows(**{field.name: getattr(self, field.name)[own] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCut:
    """What the configured rule's rows with at least some edge were worth; NaN figures without a row."""

    least_edge: float  # CONFIGURED: the configured rule as it is
    rows: int
    trades: int  # days of shares with such a row: rows of one day are one trade, not many
    precision: float  # share that reached the take-profit
    p_break_even: float  # mean of the rows
    trade_net_r: float  # mean of the rows
    decision_net_r: float  # the same spread over all rows, those not taken included: what is made the most of


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeCut:
    """The least edge of one regime and the rows that chose it."""

    regime: str
    days: int  # with rows of its own
    pooled: bool  # too few of them: the rows of all regimes chose
    configured: EdgeCut  # the configured rule on the rows that chose
    cut: EdgeCut | None  # None: nothing qualified, the configured rule stands


def edge_cut(rows: EdgeRows, least_edge: float) -> EdgeCut:
    """Return the figures of the rows that the configured rule takes and whose edge is at least `least_edge`.

    NaN:    rates and net results without such a row.
    """
    own = rows.taken & (rows.edge >= least_edge) if least_edge > CONFIGURED else rows.taken
    count = int(own.sum())
    none = float("nan")
    return EdgeCut(
        least_edge=float(least_edge),
        rows=count,
        trades=int(np.unique(np.stack([rows.share[own], rows.day[own]]), axis=1).shape[1]),
        precision=float(rows.hit[own].mean()) if count else none,
        p_break_even=float(rows.p_break_even[own].mean()) if count else none,
        trade_net_r=float(rows.net_r[own].mean()) if count else none,
        decision_net_r=float(rows.net_r[own].sum()) / own.size if count else none,
    )


def best_cut(rows: EdgeRows, config: ThresholdConfig) -> EdgeCut | None:
    """Return the cut of the largest expected net R of a decision among those that qualify; None if none does.

    A decision that is not a trade makes 0, so the mean is over all rows: a higher threshold is better only if what it
    leaves out lost. (The mean over trades alone would always choose the fewest trades that are allowed.) A cut
    qualifies with at least `min_trades` trades and a precision above its mean break-even by more than
    `min_precision_gain`. The configured rule is one of those tried. Of equals the lowest is taken.

    Causal: reads outcomes, so only rows that may choose belong here.
    """
    tried = [edge_cut(rows, least) for least in candidate_edges(rows, config)]
    good = [
        cut
        for cut in tried
        if cut.trades >= config.min_trades and cut.precision - cut.p_break_even > config.min_precision_gain
    ]
    return max(good, key=lambda cut: cut.decision_net_r) if good else None


def candidate_edges(rows: EdgeRows, config: ThresholdConfig) -> tuple[float, ...]:
    """Return the least edges that are tried, rising, the configured rule first.

    In mode top_share they are the edges that the best shares of the rows reach, which freezes the quantiles.
    """
    if config.mode == "edge":
        return (CONFIGURED, *config.edges)
    shares = [top_share_edge(rows.edge, rows.taken, top_pct) for top_pct in config.top_pct]
    return tuple(sorted({CONFIGURED, *shares}))


def top_share_edge(edge: F64, taken: Bools, top_pct: float) -> float:
    """Return the edge that the best share of all rows reaches, 0 where fewer than that are taken.

    A row that is not taken counts, but is never among the best. The share is one row at least.

    Shapes: edge, taken (n,).
    Units:  top_pct in percent of n.
    """
    best = max(1, round(top_pct / 100.0 * edge.size))
    own = np.sort(edge[taken])
    return float(own[-best]) if own.size >= best else 0.0


def regime_cuts(
    rows: EdgeRows, regime: I8, config: ThresholdConfig, *, names: Sequence[str]
) -> tuple[RegimeCut, ...]:
    """Return the best cut of each regime; one with rows on too few days takes that of all rows together.

    Shapes: regime (n,) index into `names`.
    Raises: ValueError for a regime without a name.
    """
    if regime.shape != rows.edge.shape or (
        regime.size and not 0 <= regime.min() <= regime.max() < len(names)
    ):
        raise ValueError(f"regime must number one of {', '.join(names)} for each of {rows.edge.size} rows")
    common = edge_cut(rows, CONFIGURED), best_cut(rows, config)
    found = []
    for code, name in enumerate(names):
        own = rows.where(regime == code)
        days = int(np.unique(own.day).size)
        pooled = days < config.min_regime_days
        configured, cut = common if pooled else (edge_cut(own, CONFIGURED), best_cut(own, config))
        found.append(RegimeCut(regime=name, days=days, pooled=pooled, configured=configured, cut=cut))
    return tuple(found)


def least_edges(cuts: Sequence[RegimeCut]) -> dict[str, float]:
    """Return by regime the least edges that say more than the configured rule."""
    return {
        own.regime: own.cut.least_edge
        for own in cuts
        if own.cut is not None and own.cut.least_edge > CONFIGURED
    }


def rows_above(rows: EdgeRows, regime: I8, least: dict[str, float], *, names: Sequence[str]) -> Bools:
    """Return which rows are traded by the configured rule with these least edges: what `raised` decides.

    Shapes: regime (n,) index into `names`; returns (n,).
    """
    by_code = np.array([least.get(name, CONFIGURED) for name in names])
    needed = by_code[regime]
    return np.asarray(rows.taken & ((needed == CONFIGURED) | (rows.edge >= needed)))


def raised(policy: PolicyConfig, thresholds: Thresholds | None) -> PolicyConfig:
    """Return the policy that asks for the learned edges where they are above its own minima, never for less,
    leaves out what the version leaves out, and gives orders the version's levels.

    This one function stands behind what is judged and what is served.
    """
    if thresholds is None:
        return policy
    regimes = {
        name: replace(rule, min_edge=max(rule.min_edge, thresholds.least_edges.get(name, CONFIGURED)))
        for name, rule in policy.regimes.items()
    }
    return replace(policy, regimes=regimes, filters=thresholds.filters, order_levels=thresholds.order_levels)
