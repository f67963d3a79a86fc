"""What is told of a system's scores on held-out rows: as a classifier and as a trader, with intervals, beside what it must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modeling.contracts.emission import EmissionRules
from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import DayBootstrap, mean_figure, plain, trading_figures
from modeling.fitting.trading import Traded
from modeling.kernels import metrics
from modeling.kernels.class_metrics import class_scores, confusion_matrix
from modeling.kernels.emission import BUY, HOLD, SELL, class_calls, emitted_rows
from modeling.kernels.policy_confidence import strength_of
from modeling.selectors.configuration import policy_get
from modeling.systems.recipe import FigureConfig
from modeling.systems.rows import SystemRows
from modeling.systems.trading import Cut, Trader, part_days
from traderai.common.arrays import F64, I8, I64

COLLAPSED_SHARE: Final = (
    0.9  # of the predictions in one class: whatever the scores look like, it says one thing
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SystemSaid:
    """What one system, or one of those that it must beat, says of all rows on which a part trades."""

    name: str
    at: I64  # (n,) rows; those without a class are traded, and judge no classifier
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
    judged = rows.classed(said.at)
    at = said.at[judged]
    return score_figures(rows.label[at], said.scores[judged], rows.day[at], bootstrap, classes=rows.classes)


def score_figures(
    labels: I8, scores: F64, days: I64, bootstrap: DayBootstrap, *, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Return the figures of scores (n, k) by the labels (n,) and days (n,) of their rows."""
    label = labels.astype(np.int64)
    predicted = scores.argmax(axis=1)
    confusion = confusion_matrix(label, predicted, classes=len(classes))
    told = class_scores(confusion)
    up = (label == len(classes) - 1).astype(np.float64)
    upper = scores[:, -1]
    one_valued = np.ptp(upper) == 0.0
    return {
        "rows": int(label.size),
        "days": int(np.unique(days).size),
        "names": list(classes),  # the database keeps no order of keys
        "class_shares": dict(zip(classes, (confusion.sum(axis=1) / label.size).tolist(), strict=True)),
        "predicted_shares": dict(zip(classes, (confusion.sum(axis=0) / label.size).tolist(), strict=True)),
        "collapsed": bool(confusion.sum(axis=0).max() > COLLAPSED_SHARE * label.size),
        "majority_share": told.majority_share,
        "accuracy": bootstrap.mean((predicted == label).astype(np.float64), days),
        "balanced_accuracy": told.balanced_accuracy,
        "macro_f1": told.macro_f1,
        "precision": dict(zip(classes, told.precision.tolist(), strict=True)),
        "recall": dict(zip(classes, told.recall.tolist(), strict=True)),
        "f1": dict(zip(classes, told.f1.tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "log_loss": bootstrap.mean(score_losses(label, scores), days),
        "roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5} if one_valued else bootstrap.auc(up, upper, days),
        "ece": metrics.reliability(up, upper).ece,
    }


def score_losses(label: I64 | I8, scores: F64) -> F64:
    """Return the log loss of each row (n,) in nats by its class (n,) and the scores of all classes (n, k)."""
    own = scores[np.arange(label.size), label]
    return np.asarray(-np.log(np.clip(own, 1e-12, 1.0)))


def trade_figures(result: Traded, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return what the trades made, with the interval of the account's daily mean."""
    return {
        **trading_figures(result, bootstrap),
        "daily_net": bootstrap.mean(result.daily_net, bootstrap.days),
    }


def emission_figures(
    said: SystemSaid, rows: SystemRows, trader: Trader, bootstrap: DayBootstrap, *, rules: EmissionRules
) -> dict[str, Any]:
    """Return what the likeliest classes call for, which calls would be told, and what those were worth.

    A told BUY is bought; a told SELL is sold short where the share could be, whatever the recipe's cut says. Of a row
    without a class, which moved too little, holding was right.
    """
    call, confidence = class_calls(said.scores)
    instrument, days = rows.instrument[said.at], rows.day[said.at]
    told = emitted_rows(call, confidence, instrument, said.at - rows.market.offset[instrument], rules=rules)
    came = class_calls(np.eye(len(rows.classes))[rows.label[said.at]])[0]
    happened = np.where(rows.classed(said.at), came, HOLD).astype(np.int8)
    right = (call == happened).astype(np.float64)
    cuts = policy_get().strength_cuts
    strength = np.array([strength_of(100.0 * each, cuts) or "" for each in confidence])
    side = np.where(told & ((call == BUY) | rows.shortable[said.at]), call, HOLD).astype(np.int8)
    traded = trader.sides_traded(rows, said.at, side, confidence, part=TEST)
    return {
        "calls": _by_call(call),
        "told": _by_call(call[told]),
        "right": bootstrap.mean(right, days),
        "told_right": mean_figure(right[told], days[told], bootstrap) if told.any() else None,
        "told_class_shares": _by_call(happened[told]),
        "confidence_ece": metrics.reliability(right, confidence).ece,
        "by_strength": {
            name: {"calls": int(own.sum()), "right": float(right[own].mean()) if own.any() else None}
            for name, own in ((name, strength == name) for name in ("weak", "medium", "strong"))
        },
        "trading": trade_figures(traded, bootstrap),
    }


def held_out_figures(
    several: list[SystemSaid],
    rows: SystemRows,
    trader: Trader,
    bootstrap: DayBootstrap,
    *,
    costs_bp: tuple[float, ...],
    emission: EmissionRules | None = None,
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
                **(
                    {}
                    if emission is None
                    else {"emitted": emission_figures(own, rows, trader, bootstrap, rules=emission)}
                ),
            }
        )
        for own in several
    }


def _by_call(call: I8) -> dict[str, int]:
    return {name: int((call == own).sum()) for name, own in (("SELL", SELL), ("HOLD", HOLD), ("BUY", BUY))}
