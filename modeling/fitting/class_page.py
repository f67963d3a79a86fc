"""The page of a report on class labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from modeling.fitting.label_page import coverage_part
from modeling.fitting.label_plots import CUT_TITLES
from modeling.fitting.report_page import Part, Plot, Section, Table, bounded, number
from modeling.fitting.svg import figure_of, report_style
from traderai.common.svg import GREEN, GREY, RED, svg_of

_COLOURS: Final = {"down": RED, "sell": RED, "hold": GREY, "up": GREEN, "buy": GREEN}


def class_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of one horizon."""
    parts = [coverage_part(figures)]
    if figures["overall"]["rows"]:
        parts += [
            _balance(figures),
            _persistence(figures),
            _rules(figures),
            _cuts(figures),
            _tickers(figures),
        ]
    return Section(
        key=f"h-{figures['horizon']}",
        title=f"Horizon {figures['horizon']}",
        says=[figures["sentence"]],
        parts=parts,
    )


def _balance(figures: Mapping[str, Any]) -> Part:
    overall, classes = figures["overall"], figures["classes"]
    rows = [(name, bounded(overall[name], scale=100)) for name in classes]
    months = figures["by_period"]["month"]
    return Part(
        title="Class balance over time",
        plots=[Plot(title="Classes by month", note="Share of the labelled rows.", svg=_months(figures))],
        tables=[
            Table(
                caption=f"Shares of the classes, {overall['rows']:,} rows on {overall['days']:,} days",
                columns=("Class", "#Share, %"),
                rows=rows,
            ),
            Table(
                caption=f"By month ({len(months)}); weeks and days are in the JSON",
                columns=("Month", "#Rows", *(f"#{name}, %" for name in classes)),
                rows=[_shares(row, "period", classes, cut=7) for row in months],
                tall=True,
                folded=True,
            ),
        ],
    )


def _shares(row: Mapping[str, Any], key: str, classes: list[str], *, cut: int = 12) -> tuple[str, ...]:
    return (
        row[key][:cut],
        number(row["rows"], digits=0),
        *(number(row[name], scale=100) for name in classes),
    )


def _months(figures: Mapping[str, Any]) -> str:
    with report_style():
        figure = figure_of(height=2.4)
        axes = figure.subplots()
        months = figures["by_period"]["month"]
        at = np.array([row["period"] for row in months], dtype="datetime64[D]")
        bottom = np.zeros(at.size)
        for name in figures["classes"]:
            own = np.array([row[name] for row in months])
            axes.bar(
                at, own, bottom=bottom, width=31, color=_COLOURS[name], label=name, linewidth=0, alpha=0.8
            )
            bottom += own
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(0.0, 1.0)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)
        return svg_of(figure, name=f"classes{figures['horizon']}")


def _persistence(figures: Mapping[str, Any]) -> Part:
    told = figures["persistence"]
    rows = [
        ("the bar before (windows overlap)", told["same_next"], told["same_next_pairs"]),
        (f"{figures['horizon']} before (windows apart)", told["same_apart"], told["same_apart_pairs"]),
    ]
    return Part(
        title="Persistence",
        texts=[
            f"Rows without any relation would be of one class in {number(told['by_chance'], scale=100)} %."
        ],
        tables=[
            Table(
                caption="How often a row is of the class of an earlier one",
                columns=("Earlier row", "#Same class, %", "#Pairs"),
                rows=[(name, number(same, scale=100), number(pairs, digits=0)) for name, same, pairs in rows],
            )
        ],
    )


def _rules(figures: Mapping[str, Any]) -> Part:
    rows = [
        (
            name.replace("_", " "),
            number(rule["rows"], digits=0),
            bounded(rule["hit_frac"], scale=100),
            bounded(rule["forward_bp"], sign=True),
        )
        for name, rule in figures["rules"].items()
        if rule["rows"]
    ]
    return Part(
        title="What a model must beat: simple rules",
        texts=[
            "A hit is a row whose class is the rule's side. Nothing can be traded at the decision's close."
        ],
        tables=[
            Table(
                caption="Hits and moves the rule's way, before costs",
                columns=("Rule", "#Rows", "#Hits, %", "#Move its way, bp"),
                rows=rows,
            )
        ],
    )


def _cuts(figures: Mapping[str, Any]) -> Part:
    classes = figures["classes"]
    tables = [
        Table(
            caption=CUT_TITLES[cut],
            columns=("Bucket", "#Rows", "#Days", *(f"#{name}, %" for name in classes), "#Mean move, bp"),
            rows=[
                (
                    row["bucket"],
                    number(row["rows"], digits=0),
                    number(row["days"], digits=0),
                    *(bounded(row[name], scale=100) for name in classes),
                    bounded(row["forward_bp"], sign=True),
                )
                for row in figures["by"][cut]
            ],
        )
        for cut in CUT_TITLES
        if any(row["bucket"] not in ("not known", "whole day") for row in figures["by"][cut])
    ]
    missing = [
        CUT_TITLES[cut] for cut in CUT_TITLES if CUT_TITLES[cut] not in {table.caption for table in tables}
    ]
    texts = [f"Not known of any row: {'; '.join(missing)}."] if missing else []
    return Part(title="By regime, hour, volatility, spread and liquidity", texts=texts, tables=tables)


def _tickers(figures: Mapping[str, Any]) -> Part:
    classes, rows = figures["classes"], figures["by_ticker"]
    return Part(
        title="By ticker",
        tables=[
            Table(
                caption=f"{len(rows)} shares, without intervals",
                columns=("Ticker", "#Rows", *(f"#{name}, %" for name in classes)),
                rows=[_shares(row, "secid", classes) for row in rows],
                tall=True,
                folded=len(rows) > 20,
            )
        ],
    )
