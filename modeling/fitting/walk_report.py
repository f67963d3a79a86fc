"""The figures of an edge report: what forecasters, rules and the index made of the same test days, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from features.contracts import REGIMES
from market.contracts import Bars, Timeframe
from market.kernels.sessions import moscow_hours
from modeling.contracts import CostModel, GateConfig
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.judging import Rules, Say, bootstrap_of
from modeling.fitting.trading import Traded, part_days
from modeling.fitting.walk import Walk
from modeling.fitting.walk_arms import ALWAYS_LONG, Arm, cut_arms, liquid, model_arm, rule_arms
from modeling.fitting.walk_confidence import confidence_figures
from modeling.fitting.walk_learned import learned_figures
from modeling.fitting.walk_levels import level_figures
from modeling.fitting.walk_luck import (
    Tried,
    days_of,
    deflated_figures,
    discovery_figures,
    overfitting_figures,
    shift_figures,
    superiority_figures,
)
from modeling.fitting.walk_ranges import range_figures
from modeling.fitting.walk_scores import base_win_rates, score_figures
from modeling.fitting.walk_trades import (
    account_figures,
    closed,
    group_figures,
    held,
    traded_figures,
    weekdays_of,
    years_of,
)
from modeling.fitting.walk_verdict import Evidence, Verdict, verdict_of
from modeling.kernels.performance import DailyFractions, drawdown_curve, equity_curve
from modeling.kernels.simulator_benchmarks import buy_and_hold
from modeling.kernels.simulator_orders import FlatCost
from traderai.common.arrays import F64, I8, I64

CONFIGURED: Final = "configured"
INDEX: Final = "imoex"
INDEX_WITH_DIVIDENDS: Final = "mcftrr"
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What a report needs beside the walk; sides and regime are of the dataset's rows (m,)."""

    sides: Mapping[str, I8]  # of the simple rules, always_long among them
    regime: I8  # index into REGIMES, -1 where not known
    indices: Mapping[str, Bars]  # daily
    timeframe: Timeframe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Accounts:
    """Every arm's account over the same test days, by the name of its costs."""

    days: I64
    arms: Mapping[str, Arm]  # at the configured costs
    traded: Mapping[str, Mapping[str, Traded]]  # by costs and arm
    held: Mapping[str, Mapping[str, DailyFractions]]  # by costs and index
    cuts: Mapping[str, Mapping[str, tuple[Arm, Traded]]]  # by model and cut, at the configured costs

    def daily(self, name: str) -> F64:
        """Return an arm's or an index's daily results at the configured costs."""
        if name in self.held[CONFIGURED]:
            return self.held[CONFIGURED][name].net_frac
        return self.traded[CONFIGURED][name].daily_net


def cost_name(cost_bp: float | None) -> str:
    """Return the name of a round trip's cost; None is the configured one."""
    return CONFIGURED if cost_bp is None else f"{cost_bp:g} bp"


def accounts_of(walk: Walk, around: Surroundings, rules: Rules, *, say: Say) -> Accounts:
    """Trade every arm over the test days at every cost."""
    days = part_days(walk.dataset, TEST)
    costs = (None, *rules.recipe.evaluation.extra_costs_bp)
    fixed = rule_arms(walk, around.sides, rules, horizon=len(walk.dataset.horizons) // 2)
    at_configured: dict[str, Arm] = {}
    traded: dict[str, dict[str, Traded]] = {}
    indices: dict[str, dict[str, DailyFractions]] = {}
    for number, cost_bp in enumerate(costs):
        name = cost_name(cost_bp)
        say(number, len(costs), f"trading at {name} costs")
        models = tuple(model_arm(walk, each, rules, cost_bp=cost_bp) for each in walk.by_forecaster)
        arms = {arm.name: arm for arm in (*models, *fixed)}
        at_configured = at_configured or arms
        traded[name] = {key: arm.traded(walk, rules, cost_bp) for key, arm in arms.items()}
        indices[name] = _held(around, rules, days, cost_bp)
    cuts = {}
    for name, folds in walk.by_forecaster.items():
        own = cut_arms(folds, rules)
        cuts[name] = {arm.name: (arm, arm.traded(walk, rules, None)) for arm in own}
    return Accounts(days=days, arms=at_configured, traded=traded, held=indices, cuts=cuts)


def report_figures(
    walk: Walk,
    accounts: Accounts,
    around: Surroundings,
    rules: Rules,
    *,
    tried: Tried,
    gate: GateConfig,
    say: Say,
) -> tuple[dict[str, Any], Verdict]:
    """Return all figures of a report as plain values, and its verdict."""
    bootstrap = bootstrap_of(accounts.days, rules)
    say(0, 4, "scores")
    scores = score_figures(walk, rules)
    say(1, 4, "trading")
    trading = _trading(walk, accounts, rules, bootstrap)
    groups = {
        name: _groups(walk, accounts, around, bootstrap, name) for name in (*walk.by_forecaster, ALWAYS_LONG)
    }
    say(2, 4, "luck")
    luck = _luck(walk, accounts, rules, bootstrap, tried)
    say(3, 4, "verdict")
    verdict = verdict_of(
        [_evidence(name, scores, trading, luck, accounts) for name in walk.by_forecaster], gate
    )
    figures = {
        "scores": scores,
        "ranges": range_figures(walk, rules),
        "levels": level_figures(walk, rules),
        "learned": learned_figures(walk, accounts.traded[CONFIGURED], rules, bootstrap),
        "trading": trading,
        "confidence": confidence_figures(walk, rules, bootstrap, _base_wins(walk, rules)),
        "cuts": _cuts(walk, accounts, rules, bootstrap),
        "groups": groups,
        "luck": luck,
        "curves": _curves(accounts),
        "interval_level": rules.recipe.evaluation.interval_level,
        "verdict": verdict.as_json(),
    }
    return figures, verdict


def _held(around: Surroundings, rules: Rules, days: I64, cost_bp: float | None) -> dict[str, DailyFractions]:
    capital = rules.account.capital_rub
    flat = FlatCost(round_trip_bp=configured_bp(rules) if cost_bp is None else cost_bp)
    return {
        name: held(buy_and_hold(bars, calendar=days, capital_rub=capital, costs=flat), capital_rub=capital)
        for name, bars in around.indices.items()
    }


def configured_bp(rules: Rules) -> float:
    """Return the configured round trip without the price step, which an index does not have."""
    costs = rules.account.costs
    if not isinstance(costs, CostModel):
        return costs.round_trip_bp
    return stepless_bp(costs)


def stepless_bp(costs: CostModel) -> float:
    """Return the round trip of a cost model without the price step."""
    side_frac = (
        costs.exchange_fee_frac + costs.broker_fee_frac + (costs.slippage_bp + costs.half_spread_bp) / 1e4
    )
    return 2e4 * side_frac


def _trading(walk: Walk, accounts: Accounts, rules: Rules, bootstrap: DayBootstrap) -> dict[str, Any]:
    dataset = walk.dataset
    own = (dataset.part == TEST) & liquid(dataset, rules.policy)[:, None]
    found: dict[str, Any] = {}
    for cost_bp in (None, *rules.recipe.evaluation.extra_costs_bp):
        name = cost_name(cost_bp)
        cost = dataset.cost_frac if cost_bp is None else np.full(dataset.cost_frac.size, cost_bp / 1e4)
        wins = base_win_rates(dataset, own, cost)
        found[name] = {
            key: traded_figures(
                result, closed(_arm(walk, accounts, rules, key, cost_bp), result), bootstrap, wins
            )
            for key, result in accounts.traded[name].items()
        } | {key: account_figures(account, bootstrap) for key, account in accounts.held[name].items()}
    return found


def _arm(walk: Walk, accounts: Accounts, rules: Rules, name: str, cost_bp: float | None) -> Arm:
    if name in walk.by_forecaster and cost_bp is not None:
        return model_arm(walk, name, rules, cost_bp=cost_bp)
    return accounts.arms[name]


def _cuts(walk: Walk, accounts: Accounts, rules: Rules, bootstrap: DayBootstrap) -> dict[str, Any]:
    wins = _base_wins(walk, rules)
    return {
        model: {
            name: traded_figures(result, closed(arm, result), bootstrap, wins)
            for name, (arm, result) in cuts.items()
        }
        for model, cuts in accounts.cuts.items()
    }


def _base_wins(walk: Walk, rules: Rules) -> F64:
    """Return how often liquid test rows make money at the configured costs, by horizon and side (h, 2)."""
    dataset = walk.dataset
    own = (dataset.part == TEST) & liquid(dataset, rules.policy)[:, None]
    return base_win_rates(dataset, own, dataset.cost_frac)


def _groups(
    walk: Walk, accounts: Accounts, around: Surroundings, bootstrap: DayBootstrap, name: str
) -> dict[str, Any]:
    """Return an arm's trades by year, regime, hour (or weekday), side, horizon and ticker at configured costs."""
    dataset = walk.dataset
    own = closed(accounts.arms[name], accounts.traded[CONFIGURED][name])
    decided = dataset.decision_s[own.row]
    daily = around.timeframe.minutes >= 1440
    clock = weekdays_of(decided - 1) if daily else moscow_hours(decided)
    clock_names = dict(enumerate(_WEEKDAYS)) if daily else {hour: f"{hour:02d}:00" for hour in range(24)}
    ticker = dataset.instrument[own.row] * len(dataset.horizons) + own.horizon
    names = {
        i * len(dataset.horizons) + h: f"{secid} {horizon}"
        for i, secid in enumerate(dataset.secids)
        for h, horizon in enumerate(dataset.horizons)
    }
    regimes = {-1: "not known"} | dict(enumerate(REGIMES))
    tickers = group_figures(own, ticker, names, bootstrap)
    return {
        "year": group_figures(own, years_of(decided), {}, bootstrap),
        "regime": group_figures(own, around.regime[own.row].astype(np.int64), regimes, bootstrap),
        "weekday" if daily else "hour": group_figures(own, clock, clock_names, bootstrap),
        "side": group_figures(own, own.side, {1: "long", -1: "short"}, bootstrap),
        "horizon": group_figures(own, own.horizon, dict(enumerate(dataset.horizons)), bootstrap),
        "ticker": tickers,
        "discoveries": discovery_figures(tickers),
    }


def _luck(
    walk: Walk, accounts: Accounts, rules: Rules, bootstrap: DayBootstrap, tried: Tried
) -> dict[str, Any]:
    models = {name: accounts.daily(name) for name in walk.by_forecaster}
    everything = {name: accounts.daily(name) for name in accounts.arms}
    everything |= {
        f"{model} {name}": result.daily_net
        for model, cuts in accounts.cuts.items()
        for name, (_, result) in cuts.items()
    }
    benchmarks = [ALWAYS_LONG, *accounts.held[CONFIGURED]]
    return {
        "trials_counted": tried.count,
        "deflated": {name: deflated_figures(daily, tried) for name, daily in models.items()},
        "overfitting": overfitting_figures(everything),
        "superior": {
            name: superiority_figures(accounts.daily(name), models, bootstrap.draws) for name in benchmarks
        },
        "shifted": {name: shift_figures(accounts.arms[name], walk, rules) for name in models},
    }


def _evidence(
    name: str, scores: dict[str, Any], trading: dict[str, Any], luck: dict[str, Any], accounts: Accounts
) -> Evidence:
    indices = accounts.held[CONFIGURED]
    market = INDEX_WITH_DIVIDENDS if INDEX_WITH_DIVIDENDS in indices else INDEX
    figures = trading[CONFIGURED][name]
    return Evidence(
        name=name,
        daily_net=accounts.daily(name),
        trades=figures["trades"],
        figures=figures,
        deflated_p=luck["deflated"][name]["p_value"],
        shift_p=luck["shifted"][name]["p_value"],
        always_long=accounts.daily(ALWAYS_LONG),
        market=accounts.daily(market) if market in indices else None,
        direction_auc=max(each["direction"]["roc_auc"][name]["value"] for each in scores.values()),
    )


def _curves(accounts: Accounts) -> dict[str, Any]:
    names = [*accounts.traded[CONFIGURED], *accounts.held[CONFIGURED]]
    equity = {name: equity_curve(accounts.daily(name)) for name in names}
    return {
        "days": days_of(accounts.days),
        "equity": {name: curve.tolist() for name, curve in equity.items()},
        "drawdown": {name: drawdown_curve(curve).tolist() for name, curve in equity.items()},
    }


def data_figures(dataset: Dataset, walk: Walk) -> dict[str, Any]:
    """Return spans, rows, exclusions and folds of a walk; shares without a usable row are not named."""
    rows = dataset.usable.any(axis=1)
    return {
        "secids": [dataset.secids[i] for i in np.unique(dataset.instrument[rows])],
        "first_decision_s": int(dataset.decision_s[rows].min()),
        "last_decision_s": int(dataset.decision_s[rows].max()),
        "bars": int(dataset.decision_s.size),
        "rows": {h: int(dataset.usable[:, number].sum()) for number, h in enumerate(dataset.horizons)},
        "exclusions": dataset.exclusions,
        "features": list(dataset.features),
        "dataset_sha256": dataset.content_sha256,
        "folds": [_fold(walk, number) for number in range(len(walk.folds))],
        "refused": [{"name": fold.name, "reasons": list(fold.reasons)} for fold in walk.refused],
    }


def _fold(walk: Walk, number: int) -> dict[str, Any]:
    fold = walk.folds[number]
    parts = next(iter(walk.by_forecaster.values()))[number].dataset
    counts = {
        name: int((parts.part == code).sum()) for code, name in enumerate(("train", "validation", "test"))
    }
    return {
        "name": fold.name,
        "train_start_s": int(parts.decision_s[parts.rows_of(0)].min()),
        "validation_start_s": fold.borders.validation_start_s,
        "test_start_s": fold.borders.test_start_s,
        "test_end_s": fold.borders.test_end_s,
        "rows": counts,
        "purged": parts.purged,
        "reasons": list(fold.reasons),
    }
