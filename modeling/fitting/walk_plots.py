"""The plots of an edge report, from its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from modeling.fitting.report_names import named
from modeling.fitting.svg import figure_of, report_style
from traderai.common.svg import AMBER, BLUE, GREEN, GREY, RED, VIOLET, svg_of

COLOURS: Final = {
    "lightgbm": BLUE,
    "logistic": VIOLET,
    "network": RED,
    "council": RED,
    "always_long": AMBER,
    "imoex": GREY,
    "mcftrr": GREEN,
    "base_rate": GREY,
}
_PERCENT: Final = PercentFormatter(1.0, decimals=0)


def edge_plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return the SVG of each plot of a report by its name."""
    plots = {
        "equity": _equity,
        "drawdown": _drawdown,
        "costs": _costs,
        "reliability": _reliability,
        "folds": _folds,
    }
    if any(own.get("shifted_daily_bp") for own in figures["luck"]["shifted"].values()):
        plots["shifted"] = _shifted
    if any(figures["cuts"].values()):
        plots["cuts"] = _cuts
    with report_style():
        return {name: svg_of(draw(figures), name=name) for name, draw in plots.items()}


def _equity(figures: Mapping[str, Any]) -> Any:
    """Draw the capital of every arm and index at configured costs."""
    figure = figure_of(height=4.0)
    axes = figure.subplots()
    days = np.array(figures["curves"]["days"], dtype="datetime64[D]")
    for name, curve in figures["curves"]["equity"].items():
        strong = name in COLOURS
        axes.plot(
            days,
            curve,
            color=COLOURS.get(name, GREY),
            linewidth=1.6 if strong else 0.8,
            linestyle="-" if strong else (0, (1 + 2 * (len(name) % 3), 2)),
            label=named(name),
        )
    axes.axhline(1.0, color=GREY, linewidth=0.6)
    axes.set(ylabel="capital, 1 at the start")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=5, fontsize=8)
    return figure


def _drawdown(figures: Mapping[str, Any]) -> Any:
    """Draw how far models, always long and the index lay below their peaks."""
    figure = figure_of(height=2.4)
    axes = figure.subplots()
    days = np.array(figures["curves"]["days"], dtype="datetime64[D]")
    for name, curve in figures["curves"]["drawdown"].items():
        if name in COLOURS:
            axes.plot(days, -np.array(curve), color=COLOURS[name], linewidth=1.0, label=named(name))
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.set(ylabel="below the peak", ylim=(None, 0.01))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=5, fontsize=8)
    return figure


def _costs(figures: Mapping[str, Any]) -> Any:
    """Draw what a trade brings by the cost of a round trip."""
    figure = figure_of(height=3.0)
    axes = figure.subplots()
    costs = [name for name in figures["trading"] if name != "configured"]
    at = np.arange(len(costs) + 1)
    arms = [name for name, own in figures["trading"]["configured"].items() if "trades" in own]
    for number, name in enumerate(arms):
        told = [figures["trading"][cost][name].get("net_bp") for cost in (*costs, "configured")]
        known = [(place, one) for place, one in zip(at, told, strict=True) if one is not None]
        shift = (number - len(arms) / 2) * 0.06
        colour = COLOURS.get(name, (GREEN, GREY, RED)[number % 3])
        axes.plot(
            [p + shift for p, _ in known],
            [one["value"] for _, one in known],
            ".-",
            color=colour,
            label=named(name),
        )
        for place, one in known:
            if one["low"] is not None:
                axes.plot(
                    [place + shift] * 2, [one["low"], one["high"]], color=colour, linewidth=1.0, alpha=0.6
                )
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xticks(at, [*costs, "configured"])
    axes.set(xlabel="round trip", ylabel="net bp a trade")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=6, fontsize=8)
    return figure


def _reliability(figures: Mapping[str, Any]) -> Any:
    """Draw what happened against what was predicted, by side and horizon."""
    horizons = list(figures["scores"])
    figure = figure_of(height=2.6 * len(horizons))
    panels = figure.subplots(len(horizons), 2, squeeze=False)
    for (left, right), horizon in zip(panels, horizons, strict=True):
        for axes, side in ((left, "p_long"), (right, "p_short")):
            told = figures["scores"][horizon][side]
            for name, own in told["models"].items():
                table = own["reliability"]
                colour = COLOURS.get(name, GREY)
                style = "o" if name == "base_rate" else ".-"
                axes.plot(
                    table["p_mean"], table["happened"], style, color=colour, label=named(name), markersize=4
                )
            low, high = axes.get_xlim()
            axes.axline((low, low), slope=1.0, color=GREY, linewidth=0.7)
            axes.set_xlim(low, high)
            axes.set(title=f"{horizon} {side.removeprefix('p_')}", xlabel="predicted", ylabel="happened")
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(PercentFormatter(1.0, decimals=1 if high - low < 0.1 else 0))
    panels[0][0].legend(loc="upper left", fontsize=8)
    return figure


def _folds(figures: Mapping[str, Any]) -> Any:
    """Draw the AUC of both sides before calibration by fold."""
    horizons = list(figures["scores"])
    figure = figure_of(height=2.1 * len(horizons))
    panels = figure.subplots(len(horizons), 2, squeeze=False, sharey=True, sharex=True)
    for row, horizon in zip(panels, horizons, strict=True):
        for axes, side in zip(row, ("p_long", "p_short"), strict=True):
            folds = figures["scores"][horizon][side]["folds"]
            for number, name in enumerate(name for name in folds[0]["models"] if name != "base_rate"):
                told = [fold["models"][name]["roc_auc_before_calibration"] for fold in folds]
                place = np.arange(len(folds)) + (number - 0.5) * 0.16
                axes.plot(
                    place,
                    [one["value"] for one in told],
                    "o",
                    color=COLOURS.get(name, GREY),
                    label=named(name),
                    markersize=4,
                )
                for at, one in zip(place, told, strict=True):
                    if one["low"] is not None:
                        axes.plot(
                            [at, at], [one["low"], one["high"]], color=COLOURS.get(name, GREY), linewidth=1.2
                        )
            axes.axhline(0.5, color=GREY, linewidth=0.8)
            axes.set_xticks(range(len(folds)), [fold["fold"].removeprefix("fold_") for fold in folds])
            axes.set(title=f"{horizon} {side.removeprefix('p_')}", ylabel="ROC-AUC")
    panels[0][0].legend(loc="lower right", fontsize=8)
    return figure


def _cuts(figures: Mapping[str, Any]) -> Any:
    """Draw the net result of the highest scores by the share that the validation cut asks for."""
    models = list(figures["cuts"])
    figure = figure_of(height=2.8)
    panels = figure.subplots(1, len(models), squeeze=False, sharey=True)[0]
    for axes, model in zip(panels, models, strict=True):
        own = figures["cuts"][model]
        shares = list(dict.fromkeys(name.split()[1] for name in own))
        for shift, (side, colour) in zip(
            (-0.15, 0.0, 0.15), (("both", GREY), ("long", BLUE), ("short", RED)), strict=True
        ):
            for place, share in enumerate(shares):
                one = own[f"top {share} {side}"].get("net_bp")
                if one is None:
                    continue
                axes.plot(
                    place + shift,
                    one["value"],
                    "o",
                    color=colour,
                    markersize=5,
                    label=side if place == 0 else None,
                )
                if one["low"] is not None:
                    axes.plot([place + shift] * 2, [one["low"], one["high"]], color=colour, linewidth=1.2)
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set_xticks(range(len(shares)), shares)
        axes.set(title=named(model), xlabel="highest scores", ylabel="net bp a trade")
    panels[0].legend(loc="best", fontsize=8)
    return figure


def _shifted(figures: Mapping[str, Any]) -> Any:
    """Draw the same orders' results at other times, and at their own."""
    told = {name: own for name, own in figures["luck"]["shifted"].items() if own.get("shifted_daily_bp")}
    figure = figure_of(height=2.2)
    panels = figure.subplots(1, len(told), squeeze=False)[0]
    for axes, (name, own) in zip(panels, told.items(), strict=True):
        axes.hist(own["shifted_daily_bp"], bins=30, color=GREY, alpha=0.6)
        axes.axvline(own["observed_daily_bp"], color=COLOURS.get(name, BLUE), linewidth=1.8)
        axes.set(title=f"{named(name)}: p {own['p_value']:.3f}", xlabel="mean net bp a day")
    return figure
