"""What is told of a system's scores on held-out rows: as a classifier and as a trader, with intervals, beside what it must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import DayBootstrap, plain, trading_figures
from modeling.fitting.trading import Traded
from modeling.kernels import metrics
from modeling.kernels.class_metrics import class_scores, confusion_matrix
from modeling.systems.recipe import FigureConfig
from modeling.systems.rows import SystemRows
from modeling.systems.trading import Cut, Trader, part_days
from traderai.common.arrays import F64, I64

COLLAPSED_SHARE: Final = (
    0.9  # of the predictions in one class: whatever the scores look like, it says one thing
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemSaid:
    """What one system, or one of those that it must beat, says of some rows."""

    name: str
    at: I64  # (n,) rows
    scores: F64  # (n, k)
    cut: Cut


def part_bootstrap(rows: SystemRows, config: FigureConfig, *, part: int, seed: int) -> DayBootstrap:
    """Return the draws of a part's days, one set for every figure of every system."""
    return DayBootstrap.draw(
        part_days(rows, part),
        resamples=config.resamples,
        mean_block_days=config.mean_block_days,
        level=config.interval_level,
        seed=seed,
    )


def class_figures(said: SystemSaid, rows: SystemRows, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return the figures of a classifier: every one beside the share of the most frequent class."""
    label = rows.label[said.at].astype(np.int64)
    predicted = said.scores.argmax(axis=1)
    confusion = confusion_matrix(label, predicted, classes=len(rows.classes))
    told, days = class_scores(confusion), rows.day[said.at]
    up = (label == len(rows.classes) - 1).astype(np.float64)
    upper = said.scores[:, -1]
    own = said.scores[np.arange(label.size), label]
    one_valued = np.ptp(upper) == 0.0
    return {
        "rows": int(label.size),
        "days": int(np.unique(days).size),
        "names": list(rows.classes),  # the database keeps no order of keys
        "class_shares": dict(zip(rows.classes, (confusion.sum(axis=1) / label.size).tolist(), strict=True)),
        "predicted_shares": dict(
            zip(rows.classes, (confusion.sum(axis=0) / label.size).tolist(), strict=True)
        ),
        "collapsed": bool(confusion.sum(axis=0).max() > COLLAPSED_SHARE * label.size),
        "majority_share": told.majority_share,
        "accuracy": bootstrap.mean((predicted == label).astype(np.float64), days),
        "balanced_accuracy": told.balanced_accuracy,
        "macro_f1": told.macro_f1,
        "precision": dict(zip(rows.classes, told.precision.tolist(), strict=True)),
        "recall": dict(zip(rows.classes, told.recall.tolist(), strict=True)),
        "f1": dict(zip(rows.classes, told.f1.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "log_loss": bootstrap.mean(-np.log(np.clip(own, 1e-12, 1.0)), days),
        "roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5} if one_valued else bootstrap.auc(up, upper, days),
        "ece": metrics.reliability(up, upper).ece,
    }


def trade_figures(result: Traded, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return what the trades made, with the interval of the account's daily mean."""
    return {
        **trading_figures(result, bootstrap),
        "daily_net": bootstrap.mean(result.daily_net, bootstrap.days),
    }


def held_out_figures(
    several: list[SystemSaid],
    rows: SystemRows,
    trader: Trader,
    bootstrap: DayBootstrap,
    *,
    costs_bp: tuple[float, ...],
) -> dict[str, Any]:
    """Return by name the test figures of all that were asked about the same rows, also at flat costs."""

    def trading(own: SystemSaid, cost_bp: float | None = None) -> dict[str, Any]:
        asked = (rows, own.at, own.scores, own.cut.threshold)
        return trade_figures(trader.traded(*asked, part=TEST, cost_bp=cost_bp), bootstrap)

    return {
        own.name: plain(
            {
                "cut": {"threshold": own.cut.threshold, "tuned_for": own.cut.tuned_for},
                "classes": class_figures(own, rows, bootstrap),
                "trading": trading(own),
                "trading_at_bp": {f"{cost:g}": trading(own, cost) for cost in costs_bp},
            }
        )
        for own in several
    }
