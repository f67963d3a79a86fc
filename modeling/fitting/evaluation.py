"""Held-out figures with block-bootstrap intervals and their number of rows and days, beside the baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modeling.contracts import QUANTILE_LEVELS
from modeling.kernels import metrics
from modeling.kernels.backtest import BacktestResult, TradeRows, moscow_days
from modeling.kernels.significance import stationary_rows
from traderai.common.arrays import F64, I64

_LEVELS = np.asarray(QUANTILE_LEVELS)
_CLIP = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayBootstrap:
    """Resampled days, drawn once, so that every figure is bounded by the same draws."""

    weights: F64  # (resamples, d): how often each day was drawn
    days: I64  # (d,)
    level: float

    @classmethod
    def draw(
        cls, days: I64, *, resamples: int, mean_block_days: float, level: float, seed: int
    ) -> DayBootstrap:
        """Return the draws for the given rising days."""
        rng = np.random.default_rng(seed)
        rows = stationary_rows(days.size, mean_block_days=mean_block_days, resamples=resamples, rng=rng)
        weights = np.stack([np.bincount(row, minlength=days.size) for row in rows]).astype(np.float64)
        return cls(weights=weights, days=days, level=level)

    def place(self, row_days: I64) -> I64:
        """Return the index of each row's day."""
        return np.searchsorted(self.days, row_days)

    def mean(self, values: F64, row_days: I64) -> dict[str, float]:
        """Return the mean of row values with one-sided basic bounds at the level."""
        place = self.place(row_days)
        sums = np.bincount(place, weights=values, minlength=self.days.size)
        counts = np.bincount(place, minlength=self.days.size).astype(np.float64)
        drawn = self.weights @ counts
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = (self.weights @ sums) / drawn
        return self._bounds(float(values.mean()), resampled)

    def auc(self, y: F64, score: F64, row_days: I64) -> dict[str, float]:
        """Return ROC-AUC with one-sided basic bounds at the level."""
        order = np.argsort(score, kind="stable")
        place = self.place(row_days)[order]
        hits = y[order]
        ties = np.cumsum(np.diff(score[order], prepend=score[order][0]) != 0)
        resampled = np.array([_weighted_auc(hits, day[place], ties) for day in self.weights])
        return self._bounds(metrics.roc_auc(y, score), resampled)

    def _bounds(self, value: float, resampled: F64) -> dict[str, float]:
        known = resampled[np.isfinite(resampled)]
        if known.size == 0 or not np.isfinite(value):
            return {"value": value, "low": float("nan"), "high": float("nan")}
        low, high = np.quantile(known, [1.0 - self.level, self.level])
        return {"value": value, "low": 2 * value - float(high), "high": 2 * value - float(low)}


def probability_figures(y: F64, p: F64, row_days: I64, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the figures of one probability head on the same rows for every model."""
    safe = np.clip(p, _CLIP, 1 - _CLIP)
    losses = -(y * np.log(safe) + (1 - y) * np.log1p(-safe))
    return {
        "roc_auc": bootstrap.auc(y, p, row_days),
        "pr_auc_lift": metrics.pr_auc_lift(y, p),
        "log_loss": bootstrap.mean(losses, row_days),
        "brier": bootstrap.mean((p - y) ** 2, row_days),
        "ece": metrics.reliability(y, p).ece,
    }


def quantile_figures(
    y: F64, quantiles: F64, unconditional: F64, row_days: I64, bootstrap: DayBootstrap
) -> dict[str, Any]:
    """Return pinball loss beside the training rows' own quantiles, and the coverage of each level."""
    base = np.broadcast_to(unconditional, quantiles.shape)
    own, other = _pinball_rows(y, quantiles), _pinball_rows(y, base)
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


def trading_figures(trades: TradeRows, result: BacktestResult, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return what the trades made after costs; without a trade there is no expectancy, only the count 0."""
    figures: dict[str, Any] = {
        "trades": result.trades,
        "wanted_rows": int((trades.side != 0).sum()),
        "days": int(result.days.size),
        "net_total_frac": float(result.daily_net.sum()),
        "max_drawdown_frac": result.max_drawdown_frac,
    }
    if result.trades == 0:
        return figures
    net = trades.net_frac[result.rows]
    exits = moscow_days(trades.exit_s[result.rows])
    return figures | {
        "net_expectancy_frac": bootstrap.mean(net, exits),
        "hit_rate": bootstrap.mean((net > 0).astype(np.float64), exits),
        "long_trades": int((trades.side[result.rows] > 0).sum()),
        "sharpe": result.sharpe,
    }


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


def _pinball_rows(y: F64, quantiles: F64) -> F64:
    gap = y[:, None] - quantiles
    return np.asarray(np.maximum(_LEVELS * gap, (_LEVELS - 1.0) * gap).mean(axis=1))


def _weighted_auc(hits: F64, weight: F64, ties: I64) -> float:
    """Return the AUC of rows sorted by score, each counted `weight` times; equal scores share a tie number."""
    positive = np.bincount(ties, weights=weight * hits)
    negative = np.bincount(ties, weights=weight * (1.0 - hits))
    below = np.cumsum(negative) - negative
    total = positive.sum() * negative.sum()
    return float((positive * (below + 0.5 * negative)).sum() / total) if total > 0 else float("nan")
