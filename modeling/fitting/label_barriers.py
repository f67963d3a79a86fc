"""The figures of a barrier label set: share by share into sums, and the sums into figures with bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from features.contracts import REGIMES
from features.kernels.fundamental import ReportSteps
from modeling.contracts import BarrierLabelSet
from modeling.fitting import label_figures as figures
from modeling.fitting.label_data import LabelScope, ShareRows, profit_steps, share_rows
from modeling.fitting.label_events import surprise_figures, surprise_rows
from modeling.fitting.label_sums import RowCoverage, RunningSum
from modeling.kernels.label_profile import (
    BINS_PER_R,
    CUTS,
    FIGURES,
    binned_quantiles,
    bucket_names,
    direction_counts,
    direction_name,
    distribution,
    exit_name,
    row_conditions,
    tally,
    trade_frame,
)
from modeling.kernels.labels import BarrierOutcomes, barrier_labels
from modeling.kernels.significance import DayDraws
from modeling.kernels.simple_rules import RULES
from traderai.common.arrays import I8, I64
from traderai.common.progress import Progress

FLAT_COSTS_BP: Final = (5.0, 10.0, 20.0, 40.0)
SIDES: Final = ("long", "short")
# "long" is the rule always_long: every labelled row.
ARMS: Final = (*SIDES, *(name for name in RULES if name != "always_long"))
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_BY: Final[dict[str, tuple[str, ...]]] = {
    "day": ("arm", "day"),
    "exit": ("arm", "exit_reason"),
    "ticker": ("arm", "secid"),
    "bins": ("arm", "quantity", "exit_reason", "bin"),
    "direction": ("day", "direction"),
    **{cut: ("arm", cut, "day") for cut in CUTS},
}


class HorizonSums:
    """Everything that one horizon's figures are made of."""

    def __init__(self) -> None:
        self.tables = {name: RunningSum(by) for name, by in _BY.items()}
        self.coverage = RowCoverage()
        self.events: list[pl.DataFrame] = []

    def add(
        self, share: ShareRows, outcomes: BarrierOutcomes, sides: Mapping[str, I8], conditions: pl.DataFrame
    ) -> None:
        """Add the rows of one share."""
        self.coverage.add(share.facts.secid, outcomes.row_state[share.first :])
        counted = direction_counts(outcomes, conditions)
        self.tables["direction"].add(counted.filter(pl.col("day") >= _first_day(share, conditions)))
        for arm, side in sides.items():
            trades = trade_frame(outcomes, side, conditions)
            for name, by in _BY.items():
                if name == "direction":
                    continue
                keys = [key for key in by if key not in ("arm", "secid")]
                if name == "bins":
                    table = distribution(trades)
                elif name == "ticker":
                    table = tally(trades.with_columns(secid=pl.lit(share.facts.secid)), ["secid"])
                else:
                    table = tally(trades, keys)
                self.tables[name].add(table.select(pl.lit(arm).alias("arm"), pl.all()))


def barrier_figures(scope: LabelScope, spec: BarrierLabelSet, *, progress: Progress) -> list[dict[str, Any]]:
    """Return the figures of each horizon of a set."""
    steps = profit_steps(scope)
    sums = {horizon: HorizonSums() for horizon in spec.horizons}
    for number, share in enumerate(share_rows(scope)):
        progress(number, len(scope.shares), share.facts.secid)
        conditions = row_conditions(share.bars, share.inputs, share.regime)
        sides = arm_sides(share)
        for horizon, into in sums.items():
            outcomes = barrier_labels(share.bars, spec, horizon, share.inputs)
            into.add(share, outcomes, sides, conditions)
            if share.facts.secid in steps:
                into.events.append(_events(share, steps[share.facts.secid], outcomes, conditions))
    return [_horizon(name, into, scope, spec, any_reports=bool(steps)) for name, into in sums.items()]


def arm_sides(share: ShareRows) -> dict[str, I8]:
    """Return the side of each arm at each row, 0 before the span."""
    sides = {"long": RULES["always_long"](share.bars), "short": -RULES["always_long"](share.bars)}
    sides |= {name: RULES[name](share.bars) for name in ARMS[2:]}
    inside = np.arange(len(share.bars)) >= share.first
    return {name: np.where(inside, side, np.int8(0)) for name, side in sides.items()}


def _first_day(share: ShareRows, conditions: pl.DataFrame) -> int:
    days = conditions["day"]
    return int(days[share.first]) if share.first < len(days) else int(days[-1]) + 1


def _events(
    share: ShareRows, steps: ReportSteps, outcomes: BarrierOutcomes, conditions: pl.DataFrame
) -> pl.DataFrame:
    inside = np.arange(len(share.bars)) >= share.first
    return surprise_rows(
        steps,
        decision_s=outcomes.decision_s,
        labelled=outcomes.labelled & inside,
        day=conditions["day"].to_numpy(),
        outcomes={
            "forward_return": outcomes.forward_return,
            "long_net": outcomes.long.net_frac,
            "short_net": outcomes.short.net_frac,
        },
    )


def _horizon(
    name: str, sums: HorizonSums, scope: LabelScope, spec: BarrierLabelSet, *, any_reports: bool
) -> dict[str, Any]:
    tables = {key: table.total() for key, table in sums.tables.items()}
    days = tables["day"].filter(pl.col("arm") == "long")["day"].sort().to_numpy().astype(np.int64)
    block = figures.block_days(name, scope.timeframe)
    draws = figures.days_drawn(days, mean_block_days=block)
    arms = {arm: _arm(arm, tables, days, draws, spec) for arm in ARMS}
    return {
        "horizon": name,
        "sentence": sentence(name, arms),
        "block_days": block,
        "first_day": figures.day_text(days[0]) if days.size else None,
        "last_day": figures.day_text(days[-1]) if days.size else None,
        "coverage": sums.coverage.figures(),
        "direction": _directions(tables["direction"]),
        "arms": arms,
        "surprise": surprise_figures(sums.events, days, draws, any_reports=any_reports),
    }


def _arm(
    arm: str, tables: Mapping[str, pl.DataFrame], days: I64, draws: DayDraws | None, spec: BarrierLabelSet
) -> dict[str, Any]:
    own = {
        key: table.filter(pl.col("arm") == arm).drop("arm") if "arm" in table.columns else table
        for key, table in tables.items()
    }
    all_rows = figures.rates(own["day"], days, draws)
    out = {
        **all_rows,
        "flat_costs": [
            {"cost_bp": cost, "net_bp": figures.shifted(all_rows["gross_bp"], cost)} for cost in FLAT_COSTS_BP
        ],
        "exits": _exits(own["exit"]),
        "quantiles": _quantiles(own["bins"]),
        "histogram_r": _histogram(own["bins"]),
        "by": {cut: _cut(cut, own[cut], days, draws) for cut in CUTS},
    }
    if arm in SIDES:
        out["strong"] = _strong(own["bins"], spec)
        out["by"]["ticker"] = figures.plain_rates(own["ticker"].sort("secid")).to_dicts()
        out["by_period"] = {period: _periods(own["day"], period) for period in figures.PERIODS}
    return out


def _cut(cut: str, table: pl.DataFrame, days: I64, draws: DayDraws | None) -> list[dict[str, Any]]:
    names = bucket_names(cut, REGIMES)
    wanted = {name: FIGURES[name] for name in ("target_frac", "win_frac", "net_frac")}
    return [
        {"bucket": names[code], **figures.rates(part.drop(cut), days, draws, figures=wanted)}
        for (code,), part in sorted(table.group_by(cut), key=lambda found: found[0])
        if isinstance(code, int)
    ]


def _periods(daily: pl.DataFrame, period: str) -> dict[str, list[Any]]:
    found = figures.plain_rates(figures.by_period(daily, period))
    return {
        "begins": [str(day) for day in found["period"]],
        **{name: found[name].to_list() for name in ("rows", "target_frac", "win_frac", "net_bp")},
    }


def _exits(table: pl.DataFrame) -> list[dict[str, Any]]:
    rows = int(table["rows"].sum())
    return [
        {"reason": exit_name(row.pop("exit_reason")), "frac": row["rows"] / rows, **row}
        for row in figures.plain_rates(table.sort("exit_reason")).to_dicts()
    ]


def _quantiles(bins: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the quantiles of R, MFE, MAE and bars held, of all rows and by exit reason."""
    out = []
    for quantity in ("r", "mfe_r", "mae_r", "bars_held"):
        own = bins.filter(pl.col("quantity") == quantity)
        scale = 1.0 if quantity == "bars_held" else 1.0 / BINS_PER_R
        groups = [("all", own)]
        groups += [(exit_name(int(code)), part) for (code,), part in sorted(own.group_by("exit_reason"))]
        for reason, part in groups:
            found = binned_quantiles(part, QUANTILES)
            values = {
                f"q{round(100 * share):02d}": None if value is None else round(value * scale, 2)
                for share, value in zip(QUANTILES, found, strict=True)
            }
            out.append({"quantity": quantity, "exit": reason, "rows": int(part["rows"].sum()), **values})
    return out


def _histogram(bins: pl.DataFrame) -> dict[str, list[Any]]:
    """Return the rows in each tenth of an R, and the bars held."""
    out: dict[str, list[Any]] = {}
    for quantity, width in (("r", BINS_PER_R // 10), ("bars_held", 1)):
        own = bins.filter(pl.col("quantity") == quantity).with_columns(pl.col("bin") // width)
        counted = own.group_by("bin").agg(pl.col("rows").sum()).sort("bin")
        scale = 1.0 if width == 1 else 0.1
        out[quantity] = (counted["bin"] * scale).to_list()
        out[f"{quantity}_rows"] = counted["rows"].to_list()
    return out


def _strong(bins: pl.DataFrame, spec: BarrierLabelSet) -> dict[str, Any] | None:
    """Return the R that the best rows reach, to a hundredth, and how many do: many trades earn the same."""
    own = bins.filter(pl.col("quantity") == "r")
    rows = int(own["rows"].sum())
    if not rows:
        return None
    best = max(1, round(spec.strong_frac * rows))
    cut = binned_quantiles(own, [(rows - best + 1) / rows])[0]
    strong = int(own.filter(pl.col("bin") >= cut)["rows"].sum())
    return {
        "wanted_frac": spec.strong_frac,
        "cut_r": None if cut is None else cut / BINS_PER_R,
        "rows": strong,
        "frac": strong / rows,
    }


def _directions(table: pl.DataFrame) -> dict[str, Any]:
    named = table.with_columns(
        direction=pl.col("direction").map_elements(direction_name, return_dtype=pl.String)
    )
    total = named.group_by("direction").agg(pl.col("rows").sum())
    rows = max(1, int(total["rows"].sum()))
    months = figures.by_period(named, "month", by=["direction"]) if named.height else None
    return {
        "rows": int(total["rows"].sum()),
        "frac": {row["direction"]: row["rows"] / rows for row in total.to_dicts()},
        "by_month": []
        if months is None
        else [{**row, "period": str(row["period"])} for row in months.to_dicts()],
    }


def sentence(horizon: str, arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Return in plain words what a model of this horizon must beat."""
    always = arms["long"]
    if not always["rows"]:
        return f"{horizon}: no row carries a label; the table of coverage says why."
    text = (
        f"{horizon}: always long made {figures.told(always['net_bp'])} a trade after costs "
        f"({always['rows']:,} overlapping rows on {always['days']:,} days), always short "
        f"{figures.told(arms['short']['net_bp'])}."
    )
    rules = [name for name in ARMS[2:] if arms[name]["rows"]]
    if not rules:
        return f"{text} No simple rule had a side."
    best = max(rules, key=lambda name: arms[name]["net_bp"]["value"])
    low = arms[best]["net_bp"]["low"]
    proven = "its lower bound is above 0" if low is not None and low > 0 else "its lower bound is not above 0"
    return (
        f"{text} The best simple rule, {best.replace('_', ' ')}, made {figures.told(arms[best]['net_bp'])} "
        f"({arms[best]['rows']:,} rows); {proven}, and it was picked from {len(rules)} after the fact."
    )
