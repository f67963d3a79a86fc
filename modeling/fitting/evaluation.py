"""Held-out figures with block-bootstrap intervals and their number of rows and days, beside the baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.trading import Traded
from modeling.kernels import metrics
from modeling.kernels.performance import daily_sharpe, drawdowns, equity_curve
from modeling.kernels.significance import (
    DayDraws,
    FigureInterval,
    draw_days,
    figure_interval,
    ratio_interval,
)
from modeling.kernels.simulator_market import moscow_days
from traderai.common.arrays import F64, I64

_LEVELS = np.asarray(QUANTILE_LEVELS)
_CLIP = 1e-12
LEAST_TRADES: Final = 10  # of fewer the mean is told without bounds, and nothing is tested


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayBootstrap:
    """Resampled days, drawn once, so that every figure is bounded by the same draws."""

    draws: DayDraws
    days: I64  # (d,)

    @classmethod
    def draw(
        cls, days: I64, *, resamples: int, mean_block_days: float, level: float, seed: int
    ) -> DayBootstrap:
        """Return the draws for the given rising days."""
        rng = np.random.default_rng(seed)
        draws = draw_days(
            days.size, level=level, mean_block_days=mean_block_days, resamples=resamples, rng=rng
        )
        return cls(draws=draws, days=days)

    def place(self, row_days: I64) -> I64:
        """Return the index of each row's day."""
        return np.searchsorted(self.days, row_days)

    def mean(self, values: F64, row_days: I64) -> dict[str, float]:
        """Return the mean of row values with one-sided basic bounds at the level."""
        place = self.place(row_days)
        sums = np.bincount(place, weights=values, minlength=self.days.size).astype(np.float64)
        counts = np.bincount(place, minlength=self.days.size).astype(np.float64)
        return bounds(ratio_interval(sums, counts, self.draws))

    def auc(self, y: F64, score: F64, row_days: I64) -> dict[str, float]:
        """Return ROC-AUC with one-sided basic bounds at the level."""
        order = np.argsort(score, kind="stable")
        place = self.place(row_days)[order]
        hits = y[order]
        ties = np.cumsum(np.diff(score[order], prepend=score[order][0]) != 0)
        resampled = np.array([_weighted_auc(hits, day[place], ties) for day in self.draws.weights])
        return bounds(figure_interval(metrics.roc_auc(y, score), resampled, self.draws))

    def rank_gain(self, y: F64, forecast: F64, other: F64, row_days: I64) -> dict[str, float]:
        """Return Spearman's correlation of a forecast with what came, less another's, with bounds at the level.

        The ranks of all rows stand for those of each draw.
        """
        place, ranks = self.place(row_days), [metrics.average_ranks(each) for each in (y, forecast, other)]
        came, own, others = (each - each.mean() for each in ranks)
        pairs = [(came, came), (own, own), (others, others), (came, own), (came, others)]
        columns = [np.ones(y.size), came, own, others, *(a * b for a, b in pairs)]
        sums = np.stack(
            [np.bincount(place, weights=each, minlength=self.days.size) for each in columns], axis=1
        )
        resampled = np.asarray(_rank_gains(self.draws.weights @ sums))
        value = float(_rank_gains(sums.sum(axis=0, keepdims=True))[0])
        return bounds(figure_interval(value, resampled, self.draws))


def _rank_gains(sums: F64) -> F64:
    """Return the gains (k,) of sums (k, 9): rows, three ranks, their squares, what came times either forecast."""
    mean = sums[:, 1:4] / sums[:, :1]
    spread = sums[:, 4:7] / sums[:, :1] - mean**2
    together = sums[:, 7:9] / sums[:, :1] - mean[:, :1] * mean[:, 1:]
    correlation = together / np.sqrt(spread[:, :1] * spread[:, 1:])
    return np.asarray(correlation[:, 0] - correlation[:, 1])


def probability_figures(y: F64, p: F64, row_days: I64, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the figures of one probability head on the same rows for every model."""
    return {
        "roc_auc": bootstrap.auc(y, p, row_days),
        "pr_auc_lift": metrics.pr_auc_lift(y, p),
        "log_loss": bootstrap.mean(log_losses(y, p), row_days),
        "brier": bootstrap.mean((p - y) ** 2, row_days),
        "ece": metrics.reliability(y, p).ece,
    }


def quantile_figures(
    y: F64, quantiles: F64, unconditional: F64, row_days: I64, bootstrap: DayBootstrap
) -> dict[str, Any]:
    """Return pinball loss beside the training rows' own quantiles, and the coverage of each level."""
    base = np.broadcast_to(unconditional, quantiles.shape)
    own, other = pinball_losses(y, quantiles), pinball_losses(y, base)
    return {
        "rows": int(y.size),
        "network": bootstrap.mean(own, row_days),
        "base_rate": bootstrap.mean(other, row_days),
        "network_minus_base_rate": bootstrap.mean(own - other, row_days),
        "coverage": dict(
            zip(
                [f"{level:.2f}" for level in QUANTILE_LEVELS],
                metrics.quantile_coverage(y, quantiles, levels=_LEVELS).tolist(),
                strict=True,
            )
        ),
    }


def volatility_figures(y: F64, network: F64, ewma: F64) -> dict[str, Any]:
    """Return rank correlation and error of the expected volatility beside the scaled EWMA on the same rows."""
    return {
        "rows": int(y.size),
        **{
            name: {
                "rank_correlation": metrics.rank_correlation(forecast, y),
                "rmse": float(np.sqrt(np.mean((forecast - y) ** 2))),
            }
            for name, forecast in (("network", network), ("ewma", ewma))
        },
    }


def mean_figure(values: F64, row_days: I64, bootstrap: DayBootstrap) -> dict[str, float | None]:
    """Return the mean of a trade with its bounds; of few trades there are none."""
    if values.size < LEAST_TRADES:
        return {"value": float(values.mean()), "low": None, "high": None}
    return {**bootstrap.mean(values, row_days)}


def trading_figures(traded: Traded, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return what the trades made after costs; without a trade there is no expectancy, only the count 0."""
    trades = traded.simulation.trades
    figures: dict[str, Any] = {
        "trades": len(trades),
        "orders": traded.orders,
        "refused": traded.simulation.refused,
        "days": int(traded.daily_net.size),
    }
    if len(trades) == 0:
        return figures
    exits = moscow_days(trades.exit_s)
    return figures | {
        "net_expectancy_frac": mean_figure(trades.net_frac, exits, bootstrap),
        "hit_rate": mean_figure((trades.net_frac > 0).astype(np.float64), exits, bootstrap),
        "long_trades": int((trades.side > 0).sum()),
        "net_total_frac": traded.net_frac,
        "max_drawdown_frac": drawdowns(equity_curve(traded.daily_net)).deepest_frac,
        "sharpe": daily_sharpe(traded.daily_net),
    }


def bounds(interval: FigureInterval) -> dict[str, float]:
    """Return a figure with its bounds."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def plain(content: Any) -> Any:
    """Return figures as JSON takes them: numbers that are not finite become null."""
    if isinstance(content, dict):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, np.generic):
        return plain(content.item())
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content


def log_losses(y: F64, p: F64) -> F64:
    """Return the log loss of each row in nats."""
    safe = np.clip(p, _CLIP, 1 - _CLIP)
    return np.asarray(-(y * np.log(safe) + (1 - y) * np.log1p(-safe)))


def pinball_losses(y: F64, quantiles: F64) -> F64:
    """Return the pinball loss of each row (n,), the mean over the quantiles (n, 7)."""
    gap = y[:, None] - quantiles
    return np.asarray(np.maximum(_LEVELS * gap, (_LEVELS - 1.0) * gap).mean(axis=1))


def _weighted_auc(hits: F64, weight: F64, ties: I64) -> float:
    """Return the AUC of rows sorted by score, each counted `weight` times; equal scores share a tie number."""
    positive = np.bincount(ties, weights=weight * hits)
    negative = np.bincount(ties, weights=weight * (1.0 - hits))
    below = np.cumsum(negative) - negative
    total = positive.sum() * negative.sum()
    return float((positive * (below + 0.5 * negative)).sum() / total) if total > 0 else float("nan")
