"""Labels of the training part by the thresholds that are best to learn from; other parts keep the label set's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from modeling.contracts.label_search import LabelSearchConfig
from modeling.fitting.dataset import TRAIN
from modeling.fitting.label_search import moscow_months
from modeling.kernels.class_labels import ON_THRESHOLD_FRAC
from modeling.kernels.label_objective import label_objective, month_class_counts
from modeling.systems.rows import SystemRows
from traderai.common.arrays import F64, I8, I64
from traderai.common.config import load_config
from traderai.common.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relabelled:
    """The training rows that keep a label, and which."""

    at: I64  # (n,)
    label: I64  # (n,)
    told: dict[str, Any] | None  # None: nothing was searched


def relabelled(rows: SystemRows, *, factors: tuple[float, ...]) -> Relabelled:
    """Return the training part's labels by that multiple of the set's thresholds whose labels score best.

    The score and its constraints are those of `optimize_labels` (label_search.yaml); the set's own thresholds stand where
    no multiple keeps to them. Where the set drops neutral rows, multiples below 1 are left out: those rows were never there.

    Raises: InputError for a label set without thresholds.
    """
    at = rows.rows_of(TRAIN)
    own = rows.threshold_frac[at]
    if not np.all(own > 0):
        raise InputError(
            f"label_search needs a label set with thresholds, {rows.label_set} has none; switch the option off",
            field="toolkit",
        )
    config = load_config("label_search.yaml", LabelSearchConfig)
    month = moscow_months(rows.decision_s[at])
    month -= month.min()
    least = config.min_labelled_frac * at.size
    tried = []
    for factor in factors:
        label = _labels(rows.move[at], factor * own, classes=len(rows.classes))
        if len(rows.classes) == 2 and factor < 1.0:
            continue
        kept = label >= 0
        told = {"factor": factor, "labelled": int(kept.sum())}
        counts = month_class_counts(
            label[kept], month[kept], classes=len(rows.classes), months=int(month.max()) + 1
        )[None]
        rarest = float(counts.sum(axis=2).min() / max(int(kept.sum()), 1))
        if kept.sum() >= least and rarest >= config.min_class_frac:
            net = -float((rows.cost_frac[at][kept] / (factor * own[kept])).mean())
            told["score"] = label_objective(counts, mean_net_r=net, weights=config.weights).score
        tried.append(told)
    fit = [each for each in tried if "score" in each]
    chosen = max(fit, key=lambda each: each["score"])["factor"] if fit else 1.0
    label = _labels(rows.move[at], chosen * own, classes=len(rows.classes))
    kept = label >= 0
    return Relabelled(
        at=at[kept], label=label[kept].astype(np.int64), told={"chosen_factor": chosen, "tried": tried}
    )


def _labels(move: F64, threshold: F64, *, classes: int) -> I8:
    """Return the class of each move (n,) beyond its threshold (n,); between them hold, or -1 where there is no such class."""
    label = np.full(move.shape, 1 if classes == 3 else -1, dtype=np.int8)
    label[move < -threshold - ON_THRESHOLD_FRAC] = 0
    label[move > threshold + ON_THRESHOLD_FRAC] = classes - 1
    return label
