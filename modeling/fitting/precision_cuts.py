"""Cuts of the side heads at a wanted precision: what they leave of a part, and what an account makes of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modeling.fitting.dataset import Dataset
from modeling.fitting.evaluation import DayBootstrap
from modeling.fitting.forecasts import require_held_out
from modeling.fitting.judging import HEAD_TARGETS, Judged, Rules
from modeling.fitting.trading import Wanted, label_scales, tradable
from modeling.kernels.metrics import cut_at_precision, precision_recall_curve
from traderai.common.arrays import F64, I64, Bools

_POINTS = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadRows:
    """The rows of one part that may be traded on one side of one horizon."""

    name: str  # "p_long_3d"
    side: int  # 1 or -1
    horizon: int  # index
    row: I64  # (n,) of the dataset
    p: F64  # (n,) calibrated
    y: F64  # (n,) 1 where the take-profit was reached first
    net_frac: F64  # (n,) after costs
    day: I64  # (n,) of the decision
    share: I64  # (n,) number of the instrument

    def share_days(self, least_p: float) -> int:
        """Return on how many days of shares a row is above a cut: rows of one day are one trade, not many."""
        above = self.p >= least_p
        return int(np.unique(np.stack([self.share[above], self.day[above]]), axis=1).shape[1])


def head_rows(own: Judged, dataset: Dataset, rules: Rules, *, part: int) -> tuple[HeadRows, ...]:
    """Return the rows of a held-out part by head: those liquid and familiar, of shorts those that can be sold."""
    require_held_out(own.forecasts, dataset, part=part)
    rows = own.forecasts.rows
    allowed = tradable(dataset, rows, own.scaler, own.novelty, rules.policy)
    found = []
    for head in HEAD_TARGETS:
        short = head == "p_short"
        may = allowed & dataset.shortable[rows] if short else allowed
        gross = dataset.targets.short_gross if short else dataset.targets.long_gross
        for h, horizon in enumerate(dataset.horizons):
            inside = may & (dataset.part[rows, h] == part)
            row = rows[inside]
            found.append(
                HeadRows(
                    name=f"{head}_{horizon}",
                    side=-1 if short else 1,
                    horizon=h,
                    row=row,
                    p=getattr(own.forecasts, head)[inside, h],
                    y=getattr(dataset.targets, head)[row, h],
                    net_frac=gross[row, h] - dataset.cost_frac[row],
                    day=dataset.day[row],
                    share=dataset.instrument[row].astype(np.int64),
                )
            )
    return tuple(found)


def precision_cuts(heads: Sequence[HeadRows], precision: float, *, min_share_days: int) -> dict[str, float]:
    """Return by head the least probability whose rows reach the precision, of those heads where enough rows are left.

    A handful of lucky rows at the top reaches any precision. Of all cuts that reach it the lowest leaves the most rows:
    where even that one leaves too few, none leaves enough.
    """
    found = {}
    for own in heads:
        least = cut_at_precision(own.y, own.p, precision=precision) if own.row.size else None
        if least is not None and own.share_days(least) >= min_share_days:
            found[own.name] = least
    return found


def curve_points(own: HeadRows) -> list[dict[str, float | int]]:
    """Return some points of the precision-recall curve, from few rows to all; none without a row."""
    if own.row.size == 0:
        return []
    curve = precision_recall_curve(own.y, own.p, points=_POINTS)
    columns = zip(
        curve.score_min.tolist(), curve.rows.tolist(), curve.precision.tolist(), curve.recall.tolist(), strict=True
    )  # fmt: skip
    return [
        {
            "least_p": least,
            "rows": rows,
            "share_days": own.share_days(least),
            "precision": precision,
            "recall": recall,
        }
        for least, rows, precision, recall in columns
    ]


def left_figures(own: HeadRows, least_p: float, bootstrap: DayBootstrap) -> dict[str, Any]:
    """Return what a cut leaves of a head's rows, beside what all of them are; no rates without a row."""
    above = own.p >= least_p
    hits, positives = float(own.y[above].sum()), float(own.y.sum())
    figures: dict[str, Any] = {
        "rows": int(above.sum()),
        "of_rows": int(above.size),
        "base_rate": positives / above.size if above.size else None,
        "base_net_frac": float(own.net_frac.mean()) if above.size else None,
        "recall": hits / positives if positives else None,
        "f1": 2.0 * hits / (above.sum() + positives) if above.sum() + positives else None,
    }
    if not above.any():
        return figures
    return figures | {
        "days": int(np.unique(own.day[above]).size),
        "share_days": own.share_days(least_p),
        "precision": bootstrap.mean(own.y[above], own.day[above]),
        "net_frac": bootstrap.mean(own.net_frac[above], own.day[above]),
    }


def cuts_wanted(heads: Sequence[HeadRows], cuts: Mapping[str, float]) -> Wanted:
    """Return the rows above the heads' cuts, the most probable going first; a head without a cut wants nothing."""
    chosen: list[tuple[HeadRows, Bools]] = [
        (own, own.p >= cuts[own.name] if own.name in cuts else np.zeros(own.p.size, dtype=np.bool_))
        for own in heads
    ]
    return Wanted(
        row=np.concatenate([own.row[above] for own, above in chosen]),
        horizon=np.concatenate([np.full(above.sum(), own.horizon, dtype=np.int64) for own, above in chosen]),
        side=np.concatenate([np.full(above.sum(), own.side, dtype=np.int8) for own, above in chosen]),
        edge=np.concatenate([own.p[above] for own, above in chosen]),
        scales=label_scales(sum(int(above.sum()) for _, above in chosen)),
    )
