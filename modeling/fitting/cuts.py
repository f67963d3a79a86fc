"""Cuts through a version's edges: which rows to trade, by thresholds and by shares frozen on the validation part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from modeling.fitting.dataset import PARTS, VALIDATION, Dataset
from modeling.fitting.evaluation import DayBootstrap, bounds
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.trading import REGIME, Terms, Traded, Wanted, tradable, wanted_rows
from modeling.kernels.performance import equity_curve
from modeling.kernels.significance import FigureInterval, drawdown_interval, figure_interval, sharpe_interval
from modeling.kernels.simulator_market import moscow_days
from modeling.kernels.thresholds import top_share_edge
from traderai.common.arrays import F64, Bools
from traderai.common.errors import InputError

CutKind = Literal["policy", "edge", "top"]
_ANY = 1e-12  # of edge and of expected R: all that is above 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which rows of positive edge are traded."""

    kind: CutKind
    level: float = (
        0.0  # least edge (edge) or share of all scores in percent (top); the policy has its own limits
    )

    def __post_init__(self) -> None:
        if self.kind == "edge" and not 0.0 <= self.level < 1.0:
            raise InputError(
                f"a threshold is an edge, p less its break-even, within [0, 1), was {self.level:g}; below 0 every trade "
                "is expected to lose",
                field="thresholds",
            )
        if self.kind == "top" and not 0.0 < self.level <= 100.0:
            raise InputError(
                f"a top share must lie within (0, 100] percent, was {self.level:g}", field="top_pct"
            )

    @property
    def name(self) -> str:
        """As the table tells it."""
        return {
            "policy": "policy",
            "edge": f"edge >= {self.level:g}",
            "top": f"top {self.level:g} %",
        }[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """The rows of both held-out parts at one cost, each with its better side where any edge is positive."""

    policy: Wanted  # of the judged part, by the policy's own limits
    judged: Wanted
    validation: Wanted


def scored(
    own: Judged, dataset: Dataset, shown: Dataset, rules: Rules, *, part: int, cost_bp: float | None
) -> Scored:
    """Return what may be traded of a part of `shown`, and of the whole validation part of `dataset`."""
    allowed = tradable(dataset, own.forecasts.rows, own.scaler, own.novelty, rules.policy)

    def rows(data: Dataset, chosen: Terms, code: int) -> Wanted:
        return wanted_rows(
            own.forecasts, data, own.evidence, chosen, part=code, allowed=allowed, horizons=data.horizons
        )

    every = _open(rules.terms(cost_bp))
    return Scored(
        policy=rows(shown, rules.terms(cost_bp, own.thresholds), part),
        judged=rows(shown, every, part),
        validation=rows(dataset, every, VALIDATION),
    )


def chosen_rows(cut: Cut, found: Scored) -> tuple[Wanted, Bools, float | None]:
    """Return the rows to choose from, which of them the cut takes, and the least edge that this is."""
    if cut.kind == "policy":
        return found.policy, found.policy.side != 0, None
    least = cut.level if cut.kind == "edge" else top_edge(found.validation, cut.level)
    own = found.judged
    return own, (own.side != 0) & (own.edge >= least), least


def top_edge(wanted: Wanted, top_pct: float) -> float:
    """Return the edge that the best share of the scores reaches, 0 where fewer than that have a positive edge.

    A row without a positive edge has a score too: it counts, but is never among the best.
    """
    return top_share_edge(wanted.edge, wanted.side != 0, top_pct)


def cut_figures(result: Traded, bootstrap: DayBootstrap, base: tuple[float, float]) -> dict[str, Any]:
    """Return net result, rates and risk of the trades of a cut, each with its bounds.

    `base` are the shares of all longs and of all shorts of the part that end above 0 after the same costs; they are
    mixed as the trades are.
    """
    trades, daily, draws = result.simulation.trades, result.daily_net, bootstrap.draws
    account = result.simulation.daily
    figures: dict[str, Any] = {
        "trades": len(trades),
        "orders": result.orders,
        "refused": result.simulation.refused,
        "days": int(daily.size),
        "net_rub": float(trades.net_rub.sum()),
        "end_equity_rub": float(account.equity_rub[-1]),
    }
    if len(trades) == 0:
        return figures
    exits = moscow_days(trades.exit_s)
    long_share = float((trades.side > 0).mean())
    has_stop = np.isfinite(trades.r_multiple)
    return figures | {
        "long_trades": int((trades.side > 0).sum()),
        "net_frac": bounds(_growth(daily, bootstrap)),
        "win_rate": bootstrap.mean((trades.net_frac > 0).astype(np.float64), exits),
        "base_win_rate": long_share * base[0] + (1.0 - long_share) * base[1],
        "expectancy_frac": bootstrap.mean(trades.net_frac, exits),
        "expectancy_r": bootstrap.mean(trades.r_multiple[has_stop], exits[has_stop]),
        "sharpe": bounds(sharpe_interval(daily, draws)),
        "max_drawdown_frac": bounds(drawdown_interval(daily, draws, compounding=True)),
    }


def base_win_rates(dataset: Dataset, *, part: int, cost_bp: float | None) -> tuple[float, float]:
    """Return the shares of all labelled longs and shorts of a part that end above 0 after costs: what needs no model."""
    inside = dataset.part == part
    cost = dataset.cost_frac[:, None] if cost_bp is None else cost_bp / 1e4
    cost = np.broadcast_to(cost, inside.shape)[inside]
    targets = dataset.targets
    return (
        float((targets.long_gross[inside] - cost > 0).mean()),
        float((targets.short_gross[inside] - cost > 0).mean()),
    )


def part_code(name: str) -> int:
    """Return the code of a held-out part; another name is an InputError."""
    if name not in PARTS[1:]:
        raise InputError(
            f"--split must be one of {', '.join(PARTS[1:])}, was {name!r}; the training part judges nothing",
            field="split",
        )
    return PARTS.index(name)


def _growth(daily: F64, bootstrap: DayBootstrap) -> FigureInterval:
    """Return what the account made in all; bounded on the scale of its growth rate, so that no bound is below -1."""
    draws = bootstrap.draws
    total = float(equity_curve(daily)[-1] - 1.0)
    with np.errstate(divide="ignore"):
        rate = np.log1p(daily)
        drawn = rate[draws.rows].sum(axis=1)
    found = figure_interval(float(rate.sum()), drawn, draws)
    return replace(found, value=total, low=float(np.expm1(found.low)), high=float(np.expm1(found.high)))


def _open(terms: Terms) -> Terms:
    """Return terms that take every row of positive edge; everything else about the policy stays."""
    rule = replace(
        terms.policy.regimes[REGIME],
        min_edge=_ANY,
        min_expected_r=_ANY,
        longs_need_edge=None,
        shorts_need_edge=None,
    )
    regimes = {**terms.policy.regimes, REGIME: rule}
    return replace(terms, policy=replace(terms.policy, regimes=regimes))
