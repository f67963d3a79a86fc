"""The page of a report on quality: self-contained, without scripts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from market.quality_config import Severities
from market.services.quality_findings import moment_text
from market.services.quality_plots import Plot
from traderai.common.clock import to_epoch_s

MEANINGS = {
    "duplicate": "Two bars of one moment",
    "broken_bar": "Impossible bars: low above open or close, high below, no price",
    "big_jump": "Jumps to a multiple that nothing explains",
    "split_suspected": "Jumps that look like a split nobody told of",
    "jump": "Jumps that no split, dividend, closed market or market move explains",
    "spike": "Prices that shot away and were back in the next bar",
    "wick": "Highs and lows far beyond both neighbours",
    "few_bars": "Days with far fewer bars than usual",
    "missing_days": "Trading days without a bar of a share that trades every day",
    "missing_session": "Sessions without a bar of a share that always trades in them",
    "session_gap": "Long stretches without a bar inside a session",
    "stray_day": "Bars on days on which almost nothing traded",
    "stale": "Series that ended while others went on",
    "off_step": "Single prices off the grid of price steps",
    "zero_volume": "Bars without volume",
    "step_unknown": "Months whose prices keep another price step than the one known",
    "outside_session": "Bars outside of every session",
    "outlier": "Bars that moved out of all proportion",
    "volume_spike": "Days with a multiple of the usual volume",
    "halt": "Stretches in which the whole exchange stood still",
}
"""What each check looks for, in plain words."""

_SHOWN_PER_CHECK = 15
_SERIES_SHOWN = 40
_DISAGREEMENTS_SHOWN = 40


def report_html(*, figures: Mapping[str, Any], plots: Sequence[Plot]) -> str:
    """Return the page; it loads nothing and runs nothing."""
    by_section: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for plot in plots:
        # The plots are drawn by us from figures; labels were escaped by the one who drew them.
        by_section[plot.section].append(
            {"title": plot.title, "note": plot.note, "svg": mark_safe(plot.svg)}  # noqa: S308
        )
    severe = {one["check"]: one["severity"] for one in figures["checks"]}
    troubled = [one for one in figures["series"] if one["error"] or one["warning"]]
    return render_to_string(
        "market/quality_report.html",
        {
            "figures": figures,
            "checks": [one | {"meaning": MEANINGS[one["check"]]} for one in figures["checks"]],
            "unfit": [one for one in figures["series"] if one["verdict"] == "failed"],
            "troubled": [one | {"told": _told(one["counts"], severe)} for one in troubled[:_SERIES_SHOWN]],
            "troubled_count": len(troubled),
            "findings": _by_check(figures),
            "plots": dict(by_section),
            "simulated": any(one["group"] == "simulated" for one in figures["timeframes"]),
            "as_of": _moment(figures["as_of"]),
            "created_at": _moment(figures["created_at"]),
            "runs": [one | {"started": _moment(one["started_at"])} for one in figures["runs"]],
            "bars_text": f"{figures['bars_looked_at']:,}",
            "disagreeing": [_gaps(one) for one in figures["disagreements"]["series"][:_DISAGREEMENTS_SHOWN]],
            "examples": [_example(one) for one in figures["disagreements"]["examples"]],
            "disagreeing_count": len(figures["disagreements"]["series"]),
        },
    )


def _by_check(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts = {one["check"]: one["count"] for one in figures["checks"]}
    return [
        {
            "check": check,
            "meaning": MEANINGS[check],
            "count": counts[check],
            "severity": shown[0]["severity"],
            "rows": shown[:_SHOWN_PER_CHECK],
        }
        for check, rows in groupby(figures["findings"], key=lambda one: one["check"])
        if (shown := list(rows))
    ]


def _told(counts: Mapping[str, int], severe: Mapping[str, str]) -> str:
    """Return a series' counts by check, the worst check first, without what is merely worth knowing."""
    return ", ".join(
        f"{counts[check]} {check}"
        for check in Severities.checks()
        if check in counts and severe[check] != "info"
    )


def _gaps(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "price_gap_text": f"{row['price_gap_frac']:.2%}",
        "volume_gap_text": f"{row['volume_gap_frac']:.2%}",
    }


def _example(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "at": _moment(row["begin"]),
        "believed": ", ".join(f"{figure:g}" for figure in row["believed"]),
        "told": ", ".join(f"{figure:g}" for figure in row["told"]),
    }


def _moment(text: str) -> str:
    return moment_text(to_epoch_s(datetime.fromisoformat(text)))
