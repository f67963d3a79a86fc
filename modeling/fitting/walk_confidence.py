"""Whether confidence keeps its word: by how sure the policy was of the trades it wanted, how many made money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from modeling.fitting.evaluation import DayBootstrap, mean_figure
from modeling.fitting.judging import Rules
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, bounded, number
from modeling.fitting.walk import JudgedFold, Walk, walk_wanted
from modeling.kernels.policy_confidence import CONFIDENCE_AT_ZERO_EDGE, confidence_scale
from traderai.common.arrays import F64, I64

_ROUNDING: Final = 1e-12  # 0.65 lies in the bucket from 0.65, whatever binary fractions say


def confidence_figures(
    walk: Walk, rules: Rules, bootstrap: DayBootstrap, base_wins: F64
) -> dict[str, list[dict[str, Any]]]:
    """Return by forecaster, for each bucket of confidence, how often the trades wanted on test rows made money.

    The confidence is the scale alone, which is what the edge earns: in service three factors of at most 1 lower it. The
    base rate is that of all test rows `base_wins` (h, 2) by the bucket's own mix of horizons and sides. Rows overlap, so
    bounds are over days.
    """
    return {
        name: _buckets([_fold_rows(fold, rules, base_wins) for fold in folds], rules, bootstrap)
        for name, folds in walk.by_forecaster.items()
    }


class _Told(NamedTuple):
    """The test rows that one fold's policy wanted to trade; all (n,)."""

    confidence: F64
    won: F64  # 1 where the trade made money after costs
    base: F64  # how often rows of its horizon and side do
    day: I64


def _fold_rows(fold: JudgedFold, rules: Rules, base_wins: F64) -> _Told:
    dataset = fold.dataset
    wanted = walk_wanted([fold], rules, cost_bp=None, horizons=dataset.horizons)
    own = wanted.side != 0
    row, horizon, side, edge = (each[own] for each in (wanted.row, wanted.horizon, wanted.side, wanted.edge))
    evidence = [fold.judged.evidence[name] for name in dataset.horizons]
    gross = np.where(
        side > 0, dataset.targets.long_gross[row, horizon], dataset.targets.short_gross[row, horizon]
    )
    return _Told(
        confidence=np.array(
            [confidence_scale(float(e), evidence[h]) for e, h in zip(edge, horizon, strict=True)]
        ),
        won=(gross - dataset.cost_frac[row] > 0).astype(np.float64),
        base=base_wins[horizon, (side < 0).astype(np.int64)],
        day=dataset.day[row],
    )


def _buckets(folds: Sequence[_Told], rules: Rules, bootstrap: DayBootstrap) -> list[dict[str, Any]]:
    told = _Told(*(np.concatenate(column) for column in zip(*folds, strict=True)))
    cuts = (0.0, CONFIDENCE_AT_ZERO_EDGE, *rules.policy.strength_cuts)
    place = np.searchsorted(np.asarray(cuts), told.confidence + _ROUNDING, side="right") - 1
    found = []
    for bucket, low in enumerate(cuts):
        own = place == bucket
        one: dict[str, Any] = {
            "from": low, "rows": int(own.sum()), "days": int(np.unique(told.day[own]).size)
        }  # fmt: skip
        if own.any():
            one |= {
                "confidence": float(told.confidence[own].mean()),
                "won": mean_figure(told.won[own], told.day[own], bootstrap),
                "base_rate": float(told.base[own].mean()),
            }
        found.append(one)
    return found


def confidence_lines(by_forecaster: Mapping[str, Any]) -> list[str]:
    """Return the buckets that hold a row, as lines of text."""
    return [
        f"{named(name)}, confidence from {one['from']:.2f}: {bounded(one['won'], scale=100)} % of {one['rows']:,} overlapping "
        f"rows on {one['days']} days made money, base rate {number(one['base_rate'], scale=100)} %"
        for name, buckets in by_forecaster.items()
        for one in buckets
        if one["rows"]
    ]


def confidence_section(by_forecaster: Mapping[str, Any]) -> Section:
    """Return what confidence was worth, model by model."""
    text = (
        "How sure the policy was of each test row that it wanted to trade, and how many of those rows made money after "
        "costs. A confidence that keeps its word rises with them, and stands above the base rate."
    )
    columns = ("#Confidence from", "#Rows", "#Days", "#Mean confidence", "#Made money, %", "#Base rate, %")
    tables = [
        Table(
            caption=named(name),
            columns=columns,
            rows=[
                (
                    f"{one['from']:.2f}",
                    f"{one['rows']:,}",
                    f"{one['days']:,}",
                    number(one["confidence"], digits=2),
                    bounded(one["won"], scale=100),
                    number(one["base_rate"], scale=100),
                )
                for one in buckets
                if one["rows"]
            ],
        )
        for name, buckets in by_forecaster.items()
        if any(one["rows"] for one in buckets)
    ]
    texts = [text if tables else "No model wanted a trade."]
    return Section(
        key="confidence", title="Confidence", parts=[Part(title="Kept its word?", texts=texts, tables=tables)]
    )
