"""The page and the plot of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from modeling.fitting.plots import figure_png
from modeling.fitting.report_page import Page, Part, Plot, Section, Table, bounded, number
from modeling.fitting.svg import figure_of, report_style
from modeling.kernels.performance import equity_curve
from modeling.systems.comparison_lines import compared_on
from modeling.systems.comparison_trades import NO_TRADE
from traderai.common.svg import GREY, svg_of

_NOTES = (
    "Every bound is one-sided; of the differences those above 0 speak for the run. Rows of one day are drawn together.",
    "The best baseline is the one that did best on these very rows or days: what beats it beats the others, too.",
    "Each run's cut was chosen on its own validation part, and a run that was looked at often looks better than it is: "
    "manage.py experiments list counts the trials.",
)


def comparison_page(told: Mapping[str, Any]) -> Page:
    """Return the page of `comparison.compared`."""
    trading = told["trading"]
    return Page(
        title="Runs compared: " + ", ".join(own["recipe"] for own in told["runs"].values()),
        lead="Each figure is of the same rows, days, shares and costs for all that stand in one table.",
        is_simulated=told["is_simulated"],
        tiles=(
            (f"{len(told['runs'])}", "runs"),
            (f"{trading['days']:,}", "common trading days"),
            (f"{len(trading['shares'])}", "common shares"),
        ),
        sections=[
            Section(key="what", title="What is compared on what", says=compared_on(told)),
            _trading(told),
            *(_rows(number, group) for number, group in enumerate(told["rows"]) if "figures" in group),
        ],
        notes=_NOTES,
        footer="Made by manage.py compare from what each training stored.",
    )


def equity_png(trading: Mapping[str, Any]) -> bytes:
    """Return the accounts of all runs day by day, and of what they had to beat in grey."""
    figure, axes = plt.subplots(figsize=(9, 4.5))
    _draw(axes, trading)
    figure.autofmt_xdate()
    return figure_png(figure)


def _draw(axes: Any, trading: Mapping[str, Any]) -> None:
    days = np.asarray(trading["calendar"], dtype=np.int64).astype("datetime64[D]")
    runs = (trading["first_run"], *trading["daily_gain_against_first_run"])
    for name, daily in trading["daily_net"].items():
        own = name in runs
        style: dict[str, Any] = {"linewidth": 1.6} if own else {"linewidth": 0.8, "color": GREY}
        if name == NO_TRADE:
            style |= {"linestyle": ":"}
        label = name if own or name == NO_TRADE else "_"  # the baselines' names stand in the table
        axes.plot(days, equity_curve(np.asarray(daily)), label=label, **style)
    axes.set(ylabel="capital", title=f"{len(days)} common days, after costs; grey: what the runs must beat")
    axes.legend(fontsize=7)


def _trading(told: Mapping[str, Any]) -> Section:
    trading = told["trading"]
    with report_style():
        figure = figure_of(height=4.0)
        _draw(figure.subplots(), trading)
        svg = svg_of(figure, name="equity")
    plot = Plot(title="Capital", note="Runs in colour, what they must beat in grey.", svg=svg)
    tables = [_accounts(trading), _account_gains(trading)]
    return Section(
        key="trading", title="Trading", parts=[Part(title="Accounts", plots=[plot], tables=tables)]
    )


def _accounts(trading: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            number(own["trades"], digits=0),
            bounded(own["net_expectancy_frac"], scale=1e4) if own["trades"] else "no trade",
            bounded(own["hit_rate"], scale=100) if own["trades"] else "",
            bounded(own["daily_net"], scale=1e4, digits=2, sign=True),
            number(own["net_total_frac"], scale=100, sign=True),
            bounded(own["sharpe"], digits=2),
            number(own["max_drawdown_frac"], scale=100),
        )
        for name, own in trading["figures"].items()
    ]
    columns = (
        "#Trades",
        "#Net, bp a trade",
        "#Win, %",
        "#Net a day, bp",
        "#Total, %",
        "#Sharpe",
        "#Drawdown, %",
    )
    return Table(caption="After costs", columns=("Run", *columns), rows=rows)


def _account_gains(trading: Mapping[str, Any]) -> Table:
    rows = [
        (name, other, bounded(own, scale=1e4, digits=2, sign=True))
        for other, key in (
            (trading["best_baseline"], "daily_gain_against_best_baseline"),
            (trading["first_run"], "daily_gain_against_first_run"),
        )
        for name, own in trading[key].items()
    ]
    return Table(
        caption="Paired differences, day by day", columns=("Run", "Less", "#Net a day, bp"), rows=rows
    )


def _rows(place: int, group: Mapping[str, Any]) -> Section:
    shares = next(iter(group["figures"].values()))["class_shares"]
    base = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    return Section(
        key=f"rows-{place}",
        title=f"{group['label_set']} at {group['timeframe']}",
        says=[f"Base rate of {group['rows']:,} rows: {base}."],
        parts=[Part(title="Classes", tables=[_classes(group), _class_gains(group)])],
    )


def _classes(group: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            bounded(own["accuracy"], scale=100),
            number(own["balanced_accuracy"], scale=100),
            number(own["macro_f1"], scale=100),
            bounded(own["roc_auc"], digits=3),
            bounded(own["log_loss"], digits=4),
            number(own["ece"], digits=3),
        )
        for name, own in group["figures"].items()
    ]
    columns = ("Run", "#Accuracy, %", "#Balanced, %", "#Macro F1, %", "#ROC-AUC", "#Log loss", "#ECE")
    return Table(caption="On the same rows", columns=columns, rows=rows)


def _class_gains(group: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            other,
            bounded(own["log_loss_gain"], digits=4, sign=True),
            bounded(own["accuracy_gain"], scale=100, sign=True),
        )
        for other, key in (
            (group["best_baseline"], "against_best_baseline"),
            (group["first_run"], "against_first_run"),
        )
        for name, own in group[key].items()
    ]
    columns = ("Run", "Less", "#Log loss lower by", "#Accuracy, points")
    return Table(caption="Paired differences, row by row", columns=columns, rows=rows)
