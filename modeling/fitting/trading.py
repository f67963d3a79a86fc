"""The policy's trades on held-out rows, by the policy's own arithmetic and the labels' own exits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.contracts import Evidence, PolicyConfig
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import Dataset
from modeling.fitting.evidence import Novelty, side_figures
from modeling.fitting.forecasts import Forecasts
from modeling.kernels.backtest import BacktestResult, TradeRows, backtest, moscow_days
from modeling.kernels.edges import choose_sides, volatility_terciles
from modeling.registry.scorer import mahalanobis
from traderai.common.arrays import F64, I64, Bools

REGIME = "flat"  # the thresholds that held-out trades are judged by; regimes only make the policy stricter


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what rules to trade; a cost of None means the configured one."""

    policy: PolicyConfig
    max_open: int
    cost_bp: float | None = None


def tradable(dataset: Dataset, rows: I64, scaler: Scaler, novelty: Novelty, policy: PolicyConfig) -> Bools:
    """Return where the data would let the policy trade: liquid enough and within what was trained on."""
    scaled = scaler.apply(dataset.values[rows]).astype(np.float64)
    familiar = mahalanobis(scaled, mean=novelty.mean, precision=novelty.precision) <= novelty.limit
    liquid = dataset.median_turnover_rub[rows] >= policy.min_median_turnover_rub
    return np.asarray(familiar & liquid)


def wanted_trades(
    forecasts: Forecasts,
    dataset: Dataset,
    evidence: dict[str, Evidence],
    terms: Terms,
    *,
    part: int,
    allowed: Bools,
    horizons: tuple[str, ...],
) -> TradeRows:
    """Return the side the policy would take of every row of a part, with what came of it."""
    columns = []
    for h, horizon in enumerate(dataset.horizons):
        if horizon in horizons:
            own = (dataset.part[forecasts.rows, h] == part) & allowed
            columns.append(_horizon_trades(forecasts, dataset, evidence[horizon], terms, (h, own)))
    return TradeRows(**{name: np.concatenate([column[name] for column in columns]) for name in columns[0]})


def simulate(trades: TradeRows, dataset: Dataset, *, since_s: int, max_open: int) -> BacktestResult:
    """Return the backtest over all trading days from `since_s` on, days without a trade included."""
    days = np.unique(moscow_days(dataset.decision_s[dataset.decision_s >= since_s]))
    return backtest(trades, calendar=days, max_open=max_open)


def _horizon_trades(
    forecasts: Forecasts, dataset: Dataset, evidence: Evidence, terms: Terms, at: tuple[int, Bools]
) -> dict[str, np.ndarray]:
    h, own = at
    rows = forecasts.rows[own]
    cost = dataset.cost_frac[rows] if terms.cost_bp is None else np.full(rows.size, terms.cost_bp / 1e4)
    tercile = volatility_terciles(forecasts.volatility[own, h], evidence.volatility_tercile_edges)
    levels = (dataset.take_profit_frac[rows], dataset.stop_loss_frac[rows])
    long = side_figures(forecasts.p_long[own, h], evidence.long, tercile, cost, levels_frac=levels)
    short = side_figures(forecasts.p_short[own, h], evidence.short, tercile, cost, levels_frac=levels)
    # A side that knows the base rate only claims no edge, as in `policy.decide`.
    long_net = long.net_frac if evidence.long_informed else np.full(rows.size, -np.inf)
    short_net = short.net_frac if evidence.short_informed else np.full(rows.size, -np.inf)
    side = choose_sides(
        long_net,
        short_net,
        (long.edge, short.edge),
        levels[1],
        terms.policy.regimes[REGIME],
    )
    side[(side < 0) & ~dataset.shortable[rows]] = 0
    targets = dataset.targets
    is_short = side < 0

    def chosen(of_long: F64 | I64, of_short: F64 | I64) -> np.ndarray:
        return np.where(is_short, of_short, of_long)

    return {
        "instrument": dataset.instrument[rows],
        "side": side,
        "edge": chosen(long.edge, short.edge),
        "entry_s": targets.entry_s[rows, h],
        "exit_s": chosen(targets.long_exit_s[rows, h], targets.short_exit_s[rows, h]),
        "net_frac": chosen(targets.long_gross[rows, h], targets.short_gross[rows, h]) - cost,
    }
