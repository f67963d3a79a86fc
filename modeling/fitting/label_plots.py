"""The plots of a report on barrier labels, from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.ticker import PercentFormatter

from modeling.fitting.svg import figure_of, report_style
from traderai.common.svg import AMBER, BLUE, GREEN, GREY, RED, VIOLET, svg_of

SIDE_COLOURS: Final = {"long": BLUE, "short": RED}
DIRECTION_COLOURS: Final = {
    "strong_down": "#b5263f",
    "down": "#e58a98",
    "flat": GREY,
    "up": "#8fc7ae",
    "strong_up": "#1f7f57",
}
CUT_TITLES: Final = {
    "regime": "Regime of the market known at the decision",
    "hour": "Hour of the decision (Moscow)",
    "volatility": "ATR(14) of the price",
    "spread": "Estimated spread",
    "liquidity": "Median turnover of a bar",
}
ARM_COLOURS: Final = {
    "long": BLUE,
    "short": RED,
    "ema_cross": AMBER,
    "breakout": GREEN,
    "rsi_reversal": VIOLET,
}
ARM_NAMES: Final = {
    "long": "always long",
    "short": "always short",
    "ema_cross": "EMA cross",
    "breakout": "breakout",
    "rsi_reversal": "RSI reversal",
}
_PERCENT: Final = PercentFormatter(1.0, decimals=0)
_PAUSE_DAYS: Final = 40  # longer than a month
_LEAST_ROWS: Final = 100  # buckets with fewer rows are in the table alone


def horizon_plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return the SVG of each plot of a horizon by its name; without a labelled row there is none."""
    if not figures["arms"]["long"]["rows"]:
        return {}
    plots = {
        "arms": _arms,
        "periods": _periods,
        "directions": _directions,
        "r": _r,
        "excursions": _excursions,
        "holding": _holding,
        "cuts": _cuts,
    }
    with report_style():
        return {
            name: svg_of(draw(figures), name=f"{name}{figures['horizon']}") for name, draw in plots.items()
        }


def _arms(figures: Mapping[str, Any]) -> Any:
    """Draw what each arm made a trade, with its interval, gross and net."""
    figure = figure_of(height=2.6)
    axes = figure.subplots()
    names = [name for name, arm in figures["arms"].items() if arm["rows"]]
    for place, name in enumerate(names):
        arm = figures["arms"][name]
        for key, shift, fill in (("net_bp", 0.13, ARM_COLOURS[name]), ("gross_bp", -0.13, "none")):
            _point(axes, arm[key], place + shift, ARM_COLOURS[name], fill)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_yticks(
        range(len(names)), [f"{ARM_NAMES[name]} ({figures['arms'][name]['rows']:,})" for name in names]
    )
    axes.invert_yaxis()
    axes.set_xlabel("bp a trade: filled after costs, hollow before; the bar is the 90 % interval")
    axes.grid(axis="x")
    return figure


def _periods(figures: Mapping[str, Any]) -> Any:
    """Draw the balance and the net result by month over those by week and day."""
    figure = figure_of(height=4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    for side, colour in SIDE_COLOURS.items():
        told = figures["arms"][side]["by_period"]
        for period, width, alpha in (("day", 0.5, 0.12), ("week", 0.7, 0.35), ("month", 1.8, 1.0)):
            at, values = _series(told[period], "target_frac")
            above.plot(
                at, values, color=colour, linewidth=width, alpha=alpha, label=side if width > 1 else None
            )
        at, values = _series(told["month"], "net_bp")
        below.plot(at, values, color=colour, linewidth=1.4, marker=".", markersize=3)
    above.yaxis.set_major_formatter(_PERCENT)
    above.set(
        ylabel="label 1", ylim=(0.0, None), title="Rows that reached the take-profit first: day, week, month"
    )
    above.legend(loc="upper left", ncols=2)
    below.axhline(0.0, color=GREY, linewidth=0.8)
    below.set(ylabel="net bp a trade", title="Mean net result by month")
    return figure


def _directions(figures: Mapping[str, Any]) -> Any:
    """Draw the five classes of direction by month."""
    figure = figure_of(height=2.2)
    axes = figure.subplots()
    months = sorted({row["period"] for row in figures["direction"]["by_month"]})
    place = {month: at for at, month in enumerate(months)}
    counts = np.zeros((len(DIRECTION_COLOURS), len(months)))
    for row in figures["direction"]["by_month"]:
        counts[list(DIRECTION_COLOURS).index(row["direction"]), place[row["period"]]] += row["rows"]
    shares = counts / np.maximum(counts.sum(axis=0), 1.0)
    at = np.array(months, dtype="datetime64[D]")
    bottom = np.zeros(len(months))
    for own, (name, colour) in zip(shares, DIRECTION_COLOURS.items(), strict=True):
        axes.bar(at, own, bottom=bottom, width=31, color=colour, label=name.replace("_", " "), linewidth=0)
        bottom += own
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.set_ylim(0.0, 1.0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=5)
    return figure


def _r(figures: Mapping[str, Any]) -> Any:
    """Draw the distribution of net R of both sides."""
    figure = figure_of(height=2.8)
    axes = figure.subplots()
    for side, colour in SIDE_COLOURS.items():
        arm = figures["arms"][side]
        bins = np.array(arm["histogram_r"]["r"])
        rows = np.array(arm["histogram_r"]["r_rows"], dtype=np.float64)
        rows /= rows.sum()
        axes.bar(bins, rows, width=0.1, align="edge", color=colour, alpha=0.4, linewidth=0, label=side)
        axes.axvline(arm["mean_r"]["value"], color=colour, linewidth=1.2, linestyle="--")
    axes.set_yscale("log")
    low, high = _span(figures)
    axes.set(xlim=(low, high), xlabel="net result in stops (R), dashed: mean", ylabel="share of rows")
    axes.legend(loc="upper right")
    return figure


def _excursions(figures: Mapping[str, Any]) -> Any:
    """Draw quantiles of the best and worst excursion, by exit reason."""
    figure = figure_of(height=2.6)
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    for axes, (side, colour) in zip(panels, SIDE_COLOURS.items(), strict=True):
        rows = [row for row in figures["arms"][side]["quantiles"] if row["quantity"] in ("mfe_r", "mae_r")]
        labels = list(dict.fromkeys(row["exit"] for row in rows))
        for row in rows:
            place = labels.index(row["exit"]) + (-0.12 if row["quantity"] == "mfe_r" else 0.12)
            shade = colour if row["quantity"] == "mfe_r" else GREY
            axes.plot([row["q05"], row["q95"]], [place, place], color=shade, linewidth=1.0)
            axes.plot([row["q25"], row["q75"]], [place, place], color=shade, linewidth=5.0, alpha=0.7)
            axes.plot(row["q50"], place, "|", color=shade, markersize=11, markeredgewidth=2)
        axes.set_yticks(range(len(labels)), [label.replace("_", " ") for label in labels])
        axes.set(title=side, xlabel="in stops (R): coloured best, grey worst excursion")
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        axes.grid(axis="x")
    panels[0].invert_yaxis()
    return figure


def _holding(figures: Mapping[str, Any]) -> Any:
    """Draw the share of trades that have ended after so many bars."""
    figure = figure_of(height=2.4)
    axes = figure.subplots()
    for side, colour in SIDE_COLOURS.items():
        told = figures["arms"][side]["histogram_r"]
        rows = np.array(told["bars_held_rows"], dtype=np.float64)
        axes.step(told["bars_held"], rows.cumsum() / rows.sum(), where="post", color=colour, label=side)
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.set(xlabel="bars held", ylabel="trades ended", ylim=(0.0, 1.02), xlim=(0.0, None))
    axes.legend(loc="lower right")
    axes.grid()
    return figure


def _cuts(figures: Mapping[str, Any]) -> Any:
    """Draw win rate and net result of both sides in each bucket of each cut."""
    cuts = [cut for cut in CUT_TITLES if len(_buckets(figures, cut)) > 1]
    figure = figure_of(height=0.6 + 2.4 * max(1, len(cuts)))
    panels = figure.subplots(max(1, len(cuts)), 2, squeeze=False)
    for (left, right), cut in zip(panels, cuts, strict=False):
        names = _buckets(figures, cut)
        for shift, (side, colour) in zip((-0.12, 0.12), SIDE_COLOURS.items(), strict=True):
            for row in figures["arms"][side]["by"][cut]:
                if row["bucket"] in names:
                    place = names.index(row["bucket"]) + shift
                    _point(left, row["win_frac"], place, colour, colour, upright=True)
                    _point(right, row["net_bp"], place, colour, colour, upright=True)
        for axes in (left, right):
            axes.set_xticks(range(len(names)), [_broken(name) for name in names], fontsize=7.5)
            axes.grid(axis="y")
        left.yaxis.set_major_formatter(_PERCENT)
        left.set(title=f"{CUT_TITLES[cut]}: win rate after costs")
        right.set(title="net bp a trade (blue long, red short)")
        right.axhline(0.0, color=GREY, linewidth=0.8)
    for axes in panels.ravel()[2 * len(cuts) :]:
        axes.set_axis_off()
    return figure


def _buckets(figures: Mapping[str, Any], cut: str) -> list[str]:
    return [row["bucket"] for row in figures["arms"]["long"]["by"][cut] if row["rows"] >= _LEAST_ROWS]


def _point(
    axes: Any,
    figure: Mapping[str, float | None],
    place: float,
    colour: str,
    fill: str,
    *,
    upright: bool = False,
) -> None:
    """Draw a figure with its interval."""
    if figure["value"] is None:
        return
    bar = [figure["low"], figure["high"]]
    at = [place, place]
    if None not in bar:
        axes.plot(*((at, bar) if upright else (bar, at)), color=colour, linewidth=1.3, alpha=0.7)
    point = (place, figure["value"]) if upright else (figure["value"], place)
    axes.plot(*point, "o", color=colour, markerfacecolor=fill, markersize=5)


def _series(told: Mapping[str, Sequence[Any]], name: str) -> tuple[Any, Any]:
    """Return a series with a hole in each long pause, so that no line is drawn where nothing is known."""
    at = np.array(told["begins"], dtype="datetime64[D]")
    values = np.array(told[name], dtype=np.float64)
    breaks = np.flatnonzero(np.diff(at) > np.timedelta64(_PAUSE_DAYS, "D")) + 1
    return np.insert(at, breaks, at[breaks - 1] + 1), np.insert(values, breaks, np.nan)


def _span(figures: Mapping[str, Any]) -> tuple[float, float]:
    """Return between which R nearly all rows lie."""
    rows = [
        row
        for side in SIDE_COLOURS
        for row in figures["arms"][side]["quantiles"]
        if row["quantity"] == "r" and row["exit"] == "all"
    ]
    return min(row["q05"] for row in rows) - 1.5, max(row["q95"] for row in rows) + 1.0


def _broken(name: str) -> str:
    name = name.removesuffix(":00")
    return (
        name.replace(" to ", "\nto ")
        .replace("below ", "below\n")
        .replace(" and more", "\nand more")
        .replace("_", "\n")
    )
