"""The plots of a rank report, from its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter, PercentFormatter

from modeling.fitting.report_names import named
from modeling.fitting.svg import figure_of, report_style
from traderai.common.svg import AMBER, BLUE, GREEN, GREY, INK, RED, TEAL, VIOLET, svg_of

COLOURS: Final = {
    "lightgbm": BLUE,
    "network": TEAL,
    "chosen": INK,
    "ridge": VIOLET,
    "momentum_12_1": GREEN,
    "reversal_1m": AMBER,
    "no_skill": GREY,
    "imoex": RED,
    "mcftrr": RED,
}
_PERCENT: Final = PercentFormatter(1.0, decimals=0)


def rank_plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return the SVG of each plot of a report by its name."""
    plots = {
        "ic": _ic,
        "decay": _decay,
        "deciles": _deciles,
        "excess": _excess,
        "capital": _capital,
        "costs": _costs,
        "years": _years,
    }
    with report_style():
        return {name: svg_of(draw(figures), name=name) for name, draw in plots.items()}


def _panels(figures: Mapping[str, Any], height: float, **options: Any) -> Any:
    """Return a figure and its panels by horizon."""
    horizons = list(figures["ranking"])
    figure = figure_of(height=height)
    panels = figure.subplots(1, len(horizons), squeeze=False, **options)[0]
    for axes, horizon in zip(panels, horizons, strict=True):
        axes.set_title(horizon)
    return figure, dict(zip(horizons, panels, strict=True))


def _legend(figure: Any, axes: Any) -> Any:
    marks, words = axes.get_legend_handles_labels()
    figure.legend(marks, words, loc="outside lower center", ncols=len(words), fontsize=8)
    return figure


def _ic(figures: Mapping[str, Any]) -> Any:
    """Draw the sum of daily rank ICs of every model."""
    figure, panels = _panels(figures, 3.2)
    for horizon, axes in panels.items():
        for name, own in figures["ranking"][horizon]["models"].items():
            at = np.array(own["ic_daily"]["days"], dtype="datetime64[D]")
            axes.plot(at, own["ic_daily"]["sum"], color=COLOURS[name], linewidth=1.2, label=named(name))
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.grid(axis="y")
        axes.tick_params(axis="x", rotation=45, labelsize=8)
    return _legend(figure, axes)


def _decay(figures: Mapping[str, Any]) -> Any:
    """Draw the rank IC over each horizon of the scores made for one."""
    figure, panels = _panels(figures, 2.8, sharey=True)
    for horizon, axes in panels.items():
        axes.set_title(f"made for {horizon}")
        for name, own in figures["ranking"][horizon]["models"].items():
            told = [(row["horizon"], row["ic"]) for row in own["decay"] if row["ic"] is not None]
            axes.plot(
                [row[0] for row in told],
                [row[1] for row in told],
                ".-",
                color=COLOURS[name],
                label=named(name),
            )
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.grid(axis="y")
        axes.set(xlabel="measured over")
    return _legend(figure, axes)


def _deciles(figures: Mapping[str, Any]) -> Any:
    """Draw the return beyond the day's mean by tenth of the score."""
    figure, panels = _panels(figures, 3.0)
    for horizon, axes in panels.items():
        for name, own in figures["ranking"][horizon]["models"].items():
            axes.plot(
                [row["decile"] for row in own["deciles"]],
                [1e4 * row["excess_frac"] for row in own["deciles"]],
                ".-",
                color=COLOURS[name],
                label=named(name),
            )
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set_xticks(range(1, 11))
        axes.set(xlabel="tenth of the score", ylabel="bp over the horizon")
    return _legend(figure, axes)


def _excess(figures: Mapping[str, Any]) -> Any:
    """Draw the sum of daily results beyond all shares after configured costs."""
    figure, panels = _panels(figures, 3.2, sharey=True)
    days = np.array(figures["curves"]["days"], dtype="datetime64[D]")
    for horizon, axes in panels.items():
        for name in figures["trading"][horizon]:
            curve = figures["curves"]["excess"][f"{name} {horizon}"]
            axes.plot(days, curve, color=COLOURS[name], linewidth=1.2, label=named(name))
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.yaxis.set_major_formatter(_PERCENT)
        axes.grid(axis="y")
        axes.tick_params(axis="x", rotation=45, labelsize=8)
    return _legend(figure, axes)


def _capital(figures: Mapping[str, Any]) -> Any:
    """Draw the capital of the best tenths, of all shares and of the index."""
    figure, panels = _panels(figures, 3.4, sharey=True)
    curves = figures["curves"]
    days = np.array(curves["days"], dtype="datetime64[D]")
    for horizon, axes in panels.items():
        for name in figures["trading"][horizon]:
            axes.plot(
                days,
                curves["net"][f"{name} {horizon}"],
                color=COLOURS[name],
                linewidth=1.1,
                label=named(name),
            )
        axes.plot(
            days,
            curves["universe"][horizon],
            color=GREY,
            linewidth=1.4,
            linestyle="--",
            label="all shares, no costs",
        )
        for name, curve in curves["indices"].items():
            style = ":" if name == "imoex" else "-."
            axes.plot(days, curve, color=COLOURS[name], linewidth=1.0, linestyle=style, label=named(name))
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="x", rotation=45, labelsize=8)
    return _legend(figure, axes)


def _costs(figures: Mapping[str, Any]) -> Any:
    """Draw the yearly excess by the cost of a round trip."""
    figure, panels = _panels(figures, 3.0, sharey=True)
    for horizon, axes in panels.items():
        models = figures["trading"][horizon]
        for number, (name, own) in enumerate(models.items()):
            told = {**own["excess_at"], "own": own["excess"]}
            shift = (number - (len(models) - 1) / 2) * 0.08
            at = np.arange(len(told)) + shift
            yearly = [one["yearly_frac"] for one in told.values()]
            axes.plot(at, [one["value"] for one in yearly], ".-", color=COLOURS[name], label=named(name))
            axes.vlines(
                at, [one["low"] for one in yearly], [one["high"] for one in yearly], color=COLOURS[name],
                linewidth=0.8, alpha=0.6,
            )  # fmt: skip
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set_xticks(range(len(told)), [word.replace(" bp", "") for word in told], fontsize=7)
        axes.yaxis.set_major_formatter(_PERCENT)
        axes.set(xlabel="round trip, bp")
    return _legend(figure, axes)


def _years(figures: Mapping[str, Any]) -> Any:
    """Draw the excess of each year after configured costs."""
    figure, panels = _panels(figures, 3.0, sharey=True)
    for horizon, axes in panels.items():
        models = figures["trading"][horizon]
        width = 0.8 / len(models)
        for number, (name, own) in enumerate(models.items()):
            at = [row["year"] + (number - (len(models) - 1) / 2) * width for row in own["years"]]
            told = [row["excess_frac"] for row in own["years"]]
            axes.bar(at, [one["value"] for one in told], width=width, color=COLOURS[name], label=named(name))
            axes.vlines(
                at, [one["low"] for one in told], [one["high"] for one in told], color=GREY, linewidth=0.6
            )
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.yaxis.set_major_formatter(_PERCENT)
        axes.set_xticks(
            [row["year"] for row in own["years"]], [f"{row['year'] % 100:02d}" for row in own["years"]]
        )
    return _legend(figure, axes)
