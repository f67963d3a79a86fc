"""The figures of a walk, for a fold and for all folds in one way, each with bounds by blocks of days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import DayBootstrap, bounds, mean_figure, plain
from modeling.kernels.class_metrics import ClassScores, class_scores, confusion_matrix
from modeling.kernels.significance import drawdown_interval, figure_interval, sharpe_interval
from modeling.kernels.simulator_market import moscow_days
from modeling.systems.figures import part_bootstrap
from modeling.systems.recipe import FigureConfig
from modeling.systems.rows import SystemRows
from modeling.systems.trading import Trader
from modeling.systems.walk import Walked, WalkSaid
from traderai.common.arrays import F64, I64

Bounded = dict[str, float]
_OF_CLASSES: dict[str, Callable[[ClassScores], float]] = {
    "balanced_accuracy": lambda own: own.balanced_accuracy,
    "macro_f1": lambda own: own.macro_f1,
    "precision": lambda own: float(own.precision[-1]),  # these three of the upper class
    "recall": lambda own: float(own.recall[-1]),
    "f1": lambda own: float(own.f1[-1]),
}


def walk_figures(walked: Walked, trader: Trader, config: FigureConfig, *, seed: int) -> dict[str, Any]:
    """Return the figures of each fold and of all together, as plain values, by the name of who said it."""

    def told(said: tuple[WalkSaid, ...], rows: SystemRows) -> dict[str, Any]:
        draws = part_bootstrap(rows, config, part=TEST, seed=seed)
        return {own.name: plain(said_figures(own, rows, trader, draws)) for own in said}

    return {
        "folds": {fold.name: told(fold.said, fold.rows) for fold in walked.folds},
        "refused": {fold.name: list(fold.reasons) for fold in walked.refused},
        "pooled": told(walked.said, walked.rows),
        "interval_level": config.interval_level,
    }


def said_figures(said: WalkSaid, rows: SystemRows, trader: Trader, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return all figures of what one says of the test part of some rows.

    Classes: accuracy, balanced accuracy, and of the upper class precision, recall, F1 and ROC-AUC. `direction_rmse` is
    the root mean square of the gap between the direction that came (-1 falling, 1 rising, 0 between) and its
    expectation by the scores. Trades: each fold's by its own cut, in one account over all days.
    """
    judged, classes = rows.classed(said.at), len(rows.classes)
    at, scores = said.at[judged], said.scores[judged]
    label, days = rows.label[at].astype(np.int64), rows.day[at]
    predicted, upper = scores.argmax(axis=1), scores[:, -1]
    up = (label == classes - 1).astype(np.float64)
    constant = np.ptp(upper) == 0.0 or np.ptp(up) == 0.0
    figures: dict[str, Any] = {
        "rows": int(label.size),
        "days": int(np.unique(days).size),
        "traded_without_class": int((~judged).sum()),
        "class_shares": dict(
            zip(rows.classes, (np.bincount(label, minlength=classes) / label.size).tolist(), strict=True)
        ),
        "majority_share": float(np.bincount(label).max() / label.size),
        "accuracy": bootstrap.mean((predicted == label).astype(np.float64), days),
        **_class_bounds(label, predicted.astype(np.int64), days, bootstrap, classes=classes),
        "roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5} if constant else bootstrap.auc(up, upper, days),
        "direction_rmse": _direction_rmse(label, scores, days, bootstrap),
        "trading": _trading(said, rows, trader, bootstrap),
    }
    if said.forecast is not None:
        figures["price_rmse"] = _price_rmse(said, said.forecast, rows, bootstrap)
    return figures


def _class_bounds(
    label: I64, predicted: I64, days: I64, bootstrap: DayBootstrap, *, classes: int
) -> dict[str, Bounded]:
    """Return figures of the confusion matrix with bounds: that of each draw is the sum of its days'."""
    cells = (bootstrap.place(days) * classes + label) * classes + predicted
    width = bootstrap.days.size * classes * classes
    by_day = np.bincount(cells, minlength=width).reshape(bootstrap.days.size, -1).astype(np.float64)
    drawn = np.rint(bootstrap.draws.weights @ by_day).astype(np.int64).reshape(-1, classes, classes)
    whole = class_scores(confusion_matrix(label, predicted, classes=classes))
    each = [class_scores(own) if own.sum() else None for own in drawn]
    return {
        name: bounds(
            figure_interval(
                figure(whole),
                np.array([np.nan if own is None else figure(own) for own in each]),
                bootstrap.draws,
            )
        )
        for name, figure in _OF_CLASSES.items()
    }


def _direction_rmse(label: I64, scores: F64, days: I64, bootstrap: DayBootstrap) -> Bounded:
    directions = np.linspace(-1.0, 1.0, scores.shape[1])
    return _root(bootstrap.mean((directions[label] - scores @ directions) ** 2, days))


def _price_rmse(
    said: WalkSaid, forecast: F64, rows: SystemRows, bootstrap: DayBootstrap
) -> dict[str, Bounded]:
    """Return the error of foretold closes as a fraction of the last close, beside the forecast that it stays."""
    came, last, days = rows.close[said.at + rows.horizon_bars], rows.close[said.at], rows.day[said.at]
    return {
        "own": _root(bootstrap.mean(((forecast - came) / last) ** 2, days)),
        "last_close": _root(bootstrap.mean(((last - came) / last) ** 2, days)),
    }


def _root(squared: Bounded) -> Bounded:
    return {name: float(np.sqrt(max(value, 0.0))) for name, value in squared.items()}


def _trading(said: WalkSaid, rows: SystemRows, trader: Trader, bootstrap: DayBootstrap) -> dict[str, Any]:
    result = trader.traded(rows, said.at, said.scores, said.threshold, part=TEST)
    trades, daily = result.simulation.trades, result.daily_net
    figures: dict[str, Any] = {
        "trades": len(trades),
        "days": int(daily.size),
        "net_total_frac": result.net_frac,
        "sharpe": bounds(sharpe_interval(daily, bootstrap.draws)),
        "max_drawdown_frac": bounds(drawdown_interval(daily, bootstrap.draws, compounding=True)),
        "daily_net": daily.tolist(),
        "day": bootstrap.days.tolist(),
    }
    if len(trades):
        exits = moscow_days(trades.exit_s)
        figures["net_expectancy_frac"] = mean_figure(trades.net_frac, exits, bootstrap)
        figures["hit_rate"] = mean_figure((trades.net_frac > 0).astype(np.float64), exits, bootstrap)
    return figures
