"""How good labels are to learn from: balance of the classes, stability over months, what taking every row costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modeling.contracts.label_search import ObjectiveWeights
from traderai.common.arrays import F64, I8, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScore:
    """The parts of the score and their weighted sum."""

    balance: float  # in [0, 1]
    stability: float  # in [0, 1]
    expectancy_r: float  # net, in stops; may be any number
    score: float


def month_class_counts(label: I8, month: I64, *, classes: int, months: int) -> I64:
    """Return how many rows of each class there are in each month.

    Shapes: label, month (n,), labelled rows only; returns (classes, months).
    Units:  months counted from the first of the search.
    Raises: ValueError for a label that is no class or a month outside.
    """
    if label.size and not (
        0 <= label.min() <= label.max() < classes and 0 <= month.min() <= month.max() < months
    ):
        raise ValueError(
            f"labels must lie within 0 to {classes - 1} and months within 0 to {months - 1}, were "
            f"{label.min()} to {label.max()} and {month.min()} to {month.max()}"
        )
    flat = np.bincount(label.astype(np.int64) * months + month, minlength=classes * months)
    return flat.reshape(classes, months).astype(np.int64)


def class_balance(counts: I64) -> float:
    """Return the mean entropy of the classes over the sides, as a share of the highest that can be.

    Shapes: counts (s, c, m), rows by side, class and month.
    Units:  1: all classes of each side are equally frequent; 0: each side knows a single class.
    Raises: ValueError for a side without rows or fewer than two classes.
    """
    share = _class_shares(counts)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    entropy = -(share * logs).sum(axis=1) / np.log2(counts.shape[1])
    return float(entropy.mean())


def monthly_stability(counts: I64) -> float:
    """Return 1 less the spread of the monthly rates, as a share of the widest spread that such rates can have.

    The spread of a class is the standard deviation of its monthly rates about its overall rate p, months weighted by
    their rows; the widest is sqrt(p (1 - p)), where each month knows a single class. Divided by it, a rare class does
    not look stable for being rare. Mean over sides and the classes that occur.

    Shapes: counts (s, c, m), rows by side, class and month.
    Units:  1: every month is alike; 0: no month knows two classes.
    NaN:    a side with a single class has no spread to speak of: 1 by that class.
    Raises: as `class_balance`.
    """
    overall = _class_shares(counts)
    rows = counts.sum(axis=1)
    rate = counts / np.maximum(rows, 1)[:, None, :]
    weight = rows / rows.sum(axis=1, keepdims=True)
    variance = (weight[:, None, :] * (rate - overall[:, :, None]) ** 2).sum(axis=2)
    widest = overall * (1.0 - overall)
    spread = np.sqrt(np.divide(variance, widest, out=np.zeros_like(variance), where=widest > 0))
    return float(1.0 - spread[overall > 0].mean())


def label_objective(counts: I64, *, mean_net_r: float, weights: ObjectiveWeights) -> LabelScore:
    """Return the score of labels: weighted balance, stability and net expectancy of taking both sides of every row.

    The expectancy counts as it is, not clipped: where a round trip costs more than a stop the labels ask what nobody
    can trade, and no balance makes up for that.

    Shapes: counts (s, c, m), rows by side, class and month.
    Units:  mean_net_r in stops.
    Raises: ValueError if mean_net_r is no number, and as `class_balance`.
    """
    if not np.isfinite(mean_net_r):
        raise ValueError(f"mean_net_r must be a number, was {mean_net_r}")
    balance, stability = class_balance(counts), monthly_stability(counts)
    return LabelScore(
        balance=balance,
        stability=stability,
        expectancy_r=mean_net_r,
        score=weights.balance * balance + weights.stability * stability + weights.expectancy_r * mean_net_r,
    )


def _class_shares(counts: I64) -> F64:
    """Return each class's share of its side's rows (s, c)."""
    if counts.ndim != 3 or counts.shape[1] < 2:
        raise ValueError(
            f"counts must be (sides, classes, months) of at least two classes, was {counts.shape}"
        )
    by_class = counts.sum(axis=2)
    rows = by_class.sum(axis=1, keepdims=True)
    if not np.all(rows > 0):
        raise ValueError("every side needs a labelled row, one has none; give the search more data")
    share: F64 = by_class / rows
    return share
