"""The figures of a class label set: share by share into sums, and the sums into figures with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from features.contracts import REGIMES
from modeling.contracts import ClassLabelSet, Horizon
from modeling.fitting import label_figures as figures
from modeling.fitting.label_data import LabelScope, ShareRows, share_rows
from modeling.fitting.label_sums import RowCoverage, RunningSum
from modeling.kernels.class_labels import class_labels, class_names
from modeling.kernels.class_profile import class_frame, class_tally, followed, followed_tally
from modeling.kernels.label_profile import CUTS, bucket_names, row_conditions
from modeling.kernels.simple_rules import RULES
from traderai.common.progress import Progress

_BY: Final[dict[str, tuple[str, ...]]] = {
    "day": ("day",),
    "ticker": ("secid",),
    **{cut: (cut, "day") for cut in CUTS},
}


class ClassSums:
    """Everything that one horizon's figures are made of."""

    def __init__(self) -> None:
        self.tables = {name: RunningSum(by) for name, by in _BY.items()}
        self.rules = {name: RunningSum(("day",)) for name in RULES}
        self.coverage = RowCoverage()

    def add(self, share: ShareRows, spec: ClassLabelSet, horizon: str) -> None:
        """Add the rows of one share."""
        labels = class_labels(share.bars, spec, horizon, share.inputs)
        self.coverage.add(share.facts.secid, labels.row_state[share.first :])
        conditions = row_conditions(share.bars, share.inputs, share.regime)
        rows = class_frame(labels, conditions, horizon_bars=Horizon.parse(horizon).count)
        rows = rows.filter(pl.col("row") >= share.first).with_columns(secid=pl.lit(share.facts.secid))
        for name, by in _BY.items():
            self.tables[name].add(class_tally(rows, by, classes=labels.classes))
        for name, rule in RULES.items():
            self.rules[name].add(followed_tally(followed(rows, rule(share.bars), classes=labels.classes)))


def class_figures(scope: LabelScope, spec: ClassLabelSet, *, progress: Progress) -> list[dict[str, Any]]:
    """Return the figures of each horizon of a set."""
    sums = {horizon: ClassSums() for horizon in spec.horizons}
    for number, share in enumerate(share_rows(scope)):
        progress(number, len(scope.shares), share.facts.secid)
        for horizon, into in sums.items():
            into.add(share, spec, horizon)
    return [_horizon(name, into, scope, class_names(spec)) for name, into in sums.items()]


def _horizon(name: str, sums: ClassSums, scope: LabelScope, classes: tuple[str, ...]) -> dict[str, Any]:
    tables = {key: table.total() for key, table in sums.tables.items()}
    days = tables["day"]["day"].to_numpy().astype(np.int64)
    block = figures.block_days(name, scope.timeframe)
    draws = figures.days_drawn(days, mean_block_days=block)
    wanted = {one: f"is_{one}" for one in classes} | {"forward_frac": "forward_frac"}
    overall = figures.rates(tables["day"], days, draws, figures=wanted)
    rules = {
        rule: figures.rates(
            table.total(), days, draws, figures={"hit_frac": "hits", "forward_frac": "forward_frac"}
        )
        for rule, table in sums.rules.items()
    }
    return {
        "horizon": name,
        "classes": list(classes),
        "sentence": sentence(name, classes, overall, rules),
        "block_days": block,
        "first_day": figures.day_text(days[0]) if days.size else None,
        "last_day": figures.day_text(days[-1]) if days.size else None,
        "coverage": sums.coverage.figures(),
        "overall": overall,
        "persistence": _persistence(tables["day"], overall, classes),
        "rules": rules,
        "by": {
            cut: [
                {
                    "bucket": bucket_names(cut, REGIMES)[int(code)],
                    **figures.rates(part, days, draws, figures=wanted),
                }
                for (code,), part in sorted(tables[cut].group_by(cut), key=lambda found: found[0])
            ]
            for cut in CUTS
        },
        "by_ticker": _shares(tables["ticker"], "secid", classes),
        "by_period": {
            period: _shares(figures.by_period(tables["day"], period), "period", classes)
            for period in figures.PERIODS
        },
    }


def _shares(table: pl.DataFrame, key: str, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    found = table.select(
        pl.col(key).cast(pl.String),
        "rows",
        *((pl.col(f"is_{one}") / pl.col("rows")).alias(one) for one in classes),
    )
    return found.sort(key).to_dicts()


def _persistence(daily: pl.DataFrame, overall: Mapping[str, Any], classes: tuple[str, ...]) -> dict[str, Any]:
    """Return how often a class is that of an earlier row, beside what unrelated rows of the same balance would do."""
    shares = [overall[name]["value"] for name in classes]
    out: dict[str, Any] = {"by_chance": sum(share**2 for share in shares) if overall["rows"] else None}
    for name in ("same_next", "same_apart"):
        pairs = int(daily[f"{name}_pairs"].sum())
        out[name] = int(daily[name].sum()) / pairs if pairs else None
        out[f"{name}_pairs"] = pairs
    return out


def sentence(
    horizon: str, classes: tuple[str, ...], overall: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return in plain words the balance, and how often simple rules named the class."""
    if not overall["rows"]:
        return f"{horizon}: no row carries a label; the table of coverage says why."
    balance = ", ".join(f"{name} {overall[name]['value']:.1%}" for name in classes)
    told = [
        f"{name.replace('_', ' ')} {rules[name]['hit_frac']['value']:.1%} of {rules[name]['rows']:,} rows, "
        f"moves its way {figures.told(rules[name]['forward_bp'])}"
        for name in rules
        if rules[name]["rows"]
    ]
    return (
        f"{horizon}: {balance} ({overall['rows']:,} overlapping rows on {overall['days']:,} days). "
        f"How often rules named the class, before costs: {'; '.join(told)}."
    )
