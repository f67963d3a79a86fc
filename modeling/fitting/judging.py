"""Judging one fitted network: all held-out figures beside the baselines, and what the gate needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modeling.contracts import QUANTILE_LEVELS, Evidence, PolicyConfig
from modeling.contracts.thresholds import Thresholds
from modeling.fitting import baselines
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.evaluation import (
    DayBootstrap,
    probability_figures,
    quantile_figures,
    trading_figures,
    volatility_figures,
)
from modeling.fitting.evidence import Novelty
from modeling.fitting.excursions import excursion_figures
from modeling.fitting.forecasters import FORECASTERS, FitTask
from modeling.fitting.forecasts import Forecasts, require_held_out
from modeling.fitting.recipe import Recipe
from modeling.fitting.trading import Terms, Traded, part_days, tradable, traded, wanted_rows
from modeling.kernels.calibration import sigmoid
from modeling.kernels.gate import GateInput, HeadComparison, Kind
from modeling.kernels.known_regimes import RegimeSteps
from modeling.kernels.metrics import log_loss, pinball_loss, rank_correlation, roc_auc
from modeling.kernels.simulator_orders import AccountRules
from modeling.kernels.thresholds import raised
from traderai.common.arrays import F64, I64, Bools
from traderai.common.errors import InvariantError

Say = Callable[[int, int, str], None]
KnownFigures = dict[str, dict[str, Any]]  # by head and model
HEAD_TARGETS = ("p_long", "p_short")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A network ready to be judged on held-out rows: its own forecasts, evidence and limits."""

    forecasts: Forecasts
    evidence: dict[str, Evidence]
    scaler: Scaler
    novelty: Novelty
    thresholds: Thresholds | None = None  # None: it trades by the configured thresholds alone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearningBase:
    """What is known without a network, learning after training where the network that is judged does."""

    forecasts: Forecasts  # of the same rows in the same order
    learns: frozenset[str]  # heads such as "p_long_3d"; of the others the base is that of the training part


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what the trades are judged."""

    policy: PolicyConfig
    account: AccountRules
    recipe: Recipe
    seed: int
    regimes: RegimeSteps | None = None  # of the market; needed where a policy learns or has learned

    def terms(self, cost_bp: float | None, thresholds: Thresholds | None = None) -> Terms:
        """Return the terms of trading at a flat cost, or at the configured one.

        What a version has learned is proven beside the rule of each row's own regime, so by that every row is decided then.
        """
        plain = Terms(policy=self.policy, account=self.account, cost_bp=cost_bp)
        if thresholds is None or not thresholds.says_more:
            return plain
        return replace(plain, policy=raised(self.policy, thresholds), regimes=self.known_regimes)

    @property
    def known_regimes(self) -> RegimeSteps:
        """The regimes of the market; rules without them are an InvariantError."""
        if self.regimes is None:
            raise InvariantError("learned thresholds need the market's regimes; give them to the rules")
        return self.regimes


def bootstrap_of(days: I64, rules: Rules) -> DayBootstrap:
    """Return the draws of some days by the recipe's evaluation."""
    evaluation = rules.recipe.evaluation
    return DayBootstrap.draw(
        days,
        resamples=evaluation.resamples,
        mean_block_days=evaluation.mean_block_days,
        level=evaluation.interval_level,
        seed=rules.seed,
    )


def known_figures(dataset: Dataset, scaler: Scaler, rules: Rules, *, rows: I64, part: int) -> KnownFigures:
    """Return by head the figures of what is known without a network: base rate, regression and trees, on some rows (n,).

    They are the same for every network and trust that is judged on these rows, so they are measured once.
    """
    bootstrap, days = bootstrap_of(part_days(dataset, part), rules), dataset.day[rows]
    column = dataset.features.index(rules.recipe.network.volatility_feature)
    task = FitTask(dataset=dataset, scaler=scaler, column=column, seed=rules.seed)
    rivals = {name: forecaster.fit(task).raw(rows) for name, forecaster in FORECASTERS.items()}
    found: KnownFigures = {}
    for side, h, inside, y in _heads(dataset, rows, part):
        rate = np.full(y.size, baselines.base_rates(dataset, side)[h])
        models = {"base_rate": rate} | {
            name: sigmoid(getattr(raw, f"{side}_logit"))[inside, h] for name, raw in rivals.items()
        }
        found[f"{side}_{dataset.horizons[h]}"] = {
            name: probability_figures(y, p, days[inside], bootstrap) for name, p in models.items()
        }
    return found


def part_metrics(
    own: Judged, dataset: Dataset, rules: Rules, *, known: KnownFigures, part: int, say: Say
) -> dict[str, Any]:
    """Return every figure of one part beside those of `known_figures` of the same rows and part."""
    require_held_out(own.forecasts, dataset, part=part)
    bootstrap = bootstrap_of(part_days(dataset, part), rules)
    say(0, 3, "probabilities")
    heads = _head_metrics(own, dataset, known, bootstrap, part=part)
    say(1, 3, "quantiles and volatility")
    quantiles, volatility = _spread_metrics(own, dataset, bootstrap, part=part)
    say(2, 3, "trades")
    return {
        "heads": heads,
        "quantiles": quantiles,
        "volatility": volatility,
        "excursions": excursion_figures(own.forecasts, dataset, bootstrap, part=part),
        "policy": _policy_metrics(own, dataset, rules, bootstrap, part=part),
        "days": int(bootstrap.days.size),
        "interval_level": bootstrap.draws.level,
    }


def policy_traded(own: Judged, dataset: Dataset, rules: Rules, *, part: int) -> Traded:
    """Return what the policy's trades of all horizons make of a part at the configured costs."""
    allowed = tradable(dataset, own.forecasts.rows, own.scaler, own.novelty, rules.policy)
    return _traded(
        own, dataset, rules.terms(None, own.thresholds), allowed, part=part, horizons=dataset.horizons
    )


def gate_input(
    own: Judged,
    champion: Judged | None,
    dataset: Dataset,
    rules: Rules,
    *,
    champion_trades: bool,
    base: LearningBase | None = None,
) -> GateInput:
    """Return what the gate judges: the test part, candidate and champion on the same rows.

    Without a `base` that learns they are held against what the training part knows.
    """
    for judged in (own,) if champion is None else (own, champion):
        require_held_out(judged.forecasts, dataset, part=TEST)
    result = policy_traded(own, dataset, rules, part=TEST)
    rival = None
    if champion is not None and champion_trades:
        rival = policy_traded(champion, dataset, rules, part=TEST).daily_net
    return GateInput(
        heads=tuple(_comparisons(own, champion, dataset, base)),
        daily_net=result.daily_net,
        trades=len(result.simulation.trades),
        direction_auc=tuple(_direction_aucs(own, dataset)),
        trade_champion_daily_net=rival,
    )


def _head_metrics(
    own: Judged, dataset: Dataset, known: KnownFigures, bootstrap: DayBootstrap, *, part: int
) -> dict[str, Any]:
    rows = own.forecasts.rows
    days, found = dataset.day[rows], {}
    for side, h, inside, y in _heads(dataset, rows, part):
        name = f"{side}_{dataset.horizons[h]}"
        p = getattr(own.forecasts, side)[inside, h]
        found[name] = {
            "rows": int(y.size),
            "days": int(np.unique(days[inside]).size),
            "positive_frac": float(y.mean()),
            "models": {**known[name], "network": probability_figures(y, p, days[inside], bootstrap)},
        }
    return found


def _heads(dataset: Dataset, rows: I64, part: int) -> Iterator[tuple[str, int, Bools, F64]]:
    """Yield each side and horizon with its rows of a part among some (n,), and what became of them."""
    for side in HEAD_TARGETS:
        for h in range(len(dataset.horizons)):
            inside = dataset.part[rows, h] == part
            yield side, h, inside, getattr(dataset.targets, side)[rows[inside], h]


def _spread_metrics(
    own: Judged, dataset: Dataset, bootstrap: DayBootstrap, *, part: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = own.forecasts.rows
    days = dataset.day[rows]
    unconditional = baselines.unconditional_quantiles(dataset)
    ewma = baselines.ewma_forecast(dataset, rows)
    quantiles, volatility = {}, {}
    for h, horizon in enumerate(dataset.horizons):
        inside = dataset.part[rows, h] == part
        y = dataset.targets.forward_return[rows[inside], h]
        quantiles[horizon] = quantile_figures(
            y, own.forecasts.return_quantiles[inside, h], unconditional[h], days[inside], bootstrap
        )
        wanted = dataset.targets.forward_volatility[rows, h]
        known = inside & np.isfinite(wanted) & np.isfinite(ewma[:, h])
        volatility[horizon] = volatility_figures(
            wanted[known], own.forecasts.volatility[known, h], ewma[known, h]
        )
    return quantiles, volatility


def _policy_metrics(
    own: Judged, dataset: Dataset, rules: Rules, bootstrap: DayBootstrap, *, part: int
) -> dict[str, Any]:
    evaluation = rules.recipe.evaluation
    allowed = tradable(dataset, own.forecasts.rows, own.scaler, own.novelty, rules.policy)

    def figures(cost_bp: float | None, horizons: tuple[str, ...]) -> dict[str, Any]:
        result = _traded(
            own, dataset, rules.terms(cost_bp, own.thresholds), allowed, part=part, horizons=horizons
        )
        return trading_figures(result, bootstrap)

    found = {"configured_cost": figures(None, dataset.horizons)}
    if own.thresholds is not None and own.thresholds.says_more:
        plain = _traded(own, dataset, rules.terms(None), allowed, part=part, horizons=dataset.horizons)
        found["configured_thresholds"] = trading_figures(plain, bootstrap)
        if own.thresholds.order_levels is not None:
            terms = rules.terms(None, replace(own.thresholds, order_levels=None))
            labelled = _traded(own, dataset, terms, allowed, part=part, horizons=dataset.horizons)
            found["label_set_levels"] = trading_figures(labelled, bootstrap)
    found |= {f"cost_{bp:g}_bp": figures(bp, dataset.horizons) for bp in evaluation.extra_costs_bp}
    return found | {f"configured_cost_{horizon}": figures(None, (horizon,)) for horizon in dataset.horizons}


def _traded(
    own: Judged, dataset: Dataset, terms: Terms, allowed: Bools, *, part: int, horizons: tuple[str, ...]
) -> Traded:
    wanted = wanted_rows(
        own.forecasts, dataset, own.evidence, terms, part=part, allowed=allowed, horizons=horizons
    )
    return traded(wanted.orders(dataset, terms.policy), dataset, terms, days=part_days(dataset, part))


def _comparisons(
    own: Judged, champion: Judged | None, dataset: Dataset, base: LearningBase | None
) -> list[HeadComparison]:
    return [
        comparison
        for h in range(len(dataset.horizons))
        for comparison in (
            *(_probability_comparison(own, champion, dataset, h, side, base) for side in HEAD_TARGETS),
            _quantile_comparison(own, champion, dataset, h, base),
            _volatility_comparison(own, champion, dataset, h),
        )
    ]


def _probability_comparison(
    own: Judged, champion: Judged | None, dataset: Dataset, h: int, side: str, base: LearningBase | None
) -> HeadComparison:
    rows, name = own.forecasts.rows, f"{side}_{dataset.horizons[h]}"
    inside = dataset.part[rows, h] == TEST
    y = getattr(dataset.targets, side)[rows[inside], h]
    rate = np.full(y.size, baselines.base_rates(dataset, side)[h])
    if base is not None and name in base.learns:
        rate = getattr(base.forecasts, side)[inside, h]
    return _compared(
        name,
        "log_loss",
        lambda judged: log_loss(y, getattr(judged.forecasts, side)[inside, h]),
        (own, champion),
        log_loss(y, rate),
        y.size,
    )


def _quantile_comparison(
    own: Judged, champion: Judged | None, dataset: Dataset, h: int, base: LearningBase | None
) -> HeadComparison:
    rows, name = own.forecasts.rows, f"return_quantiles_{dataset.horizons[h]}"
    inside = dataset.part[rows, h] == TEST
    y = dataset.targets.forward_return[rows[inside], h]
    known = np.tile(baselines.unconditional_quantiles(dataset)[h], (y.size, 1))
    if base is not None and name in base.learns:
        known = base.forecasts.return_quantiles[inside, h]
    return _compared(
        name,
        "quantile_loss",
        lambda judged: _pinball(y, judged.forecasts.return_quantiles[inside, h]),
        (own, champion),
        _pinball(y, known),
        y.size,
    )


def _volatility_comparison(own: Judged, champion: Judged | None, dataset: Dataset, h: int) -> HeadComparison:
    rows = own.forecasts.rows
    wanted = dataset.targets.forward_volatility[rows, h]
    known = (dataset.part[rows, h] == TEST) & np.isfinite(wanted)
    return _compared(
        f"volatility_{dataset.horizons[h]}",
        "volatility_rank",
        lambda judged: rank_correlation(judged.forecasts.volatility[known, h], wanted[known]),
        (own, champion),
        0.0,  # a constant volatility ranks nothing
        int(known.sum()),
    )


def _compared(
    name: str,
    kind: Kind,
    figure: Callable[[Judged], float],
    pair: tuple[Judged, Judged | None],
    base: float,
    rows: int,
) -> HeadComparison:
    own, champion = pair
    return HeadComparison(
        name=name,
        kind=kind,
        rows=rows,
        candidate=figure(own),
        base=base,
        champion=None if champion is None else figure(champion),
    )


def _direction_aucs(own: Judged, dataset: Dataset) -> list[tuple[str, float]]:
    rows = own.forecasts.rows
    found = []
    for h, horizon in enumerate(dataset.horizons):
        inside = dataset.part[rows, h] == TEST
        up = (dataset.targets.forward_return[rows[inside], h] > 0).astype(np.float64)
        score = own.forecasts.p_long[inside, h] - own.forecasts.p_short[inside, h]
        found.append((horizon, roc_auc(up, score)))
    return found


def _pinball(y: F64, quantiles: F64) -> float:
    return float(pinball_loss(y, quantiles, levels=np.asarray(QUANTILE_LEVELS)).mean())
