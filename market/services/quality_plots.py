"""The plots of a report on quality, as SVG that takes the page's text colour. The web process never imports this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from market.services.quality_findings import SeriesFindings
from market.services.quality_report import LookedAt, Scope
from market.services.quality_series import series_read
from traderai.common.svg import AMBER, BLUE, GREEN, GREY, INK, RED, SVG_STYLE, svg_of

_CAUSE_COLOURS = {
    "unexplained": RED,
    "split": BLUE,
    "dividend": GREEN,
    "closed market": GREY,
    "market move": AMBER,
}
_COVERAGE = LinearSegmentedColormap.from_list("coverage", [RED, "#f0d9a8", "#9dbdf5", BLUE])
_PLAIN = FuncFormatter(lambda figure, _: f"{figure:g}")
_PRICE_PLOTS = 6
_PAUSE_S = 12 * 86_400  # lines do not run on over longer pauses
_LABELLED_ROWS = 90  # more series than these are drawn without their names


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot."""

    section: str  # coverage, bars, jumps, disagreements or prices
    title: str
    note: str  # how to read it
    svg: str


def report_plots(*, figures: Mapping[str, Any], seen: LookedAt, scope: Scope) -> list[Plot]:
    """Return the plots of a report; a plot with nothing to show is left out."""
    with mpl.rc_context(SVG_STYLE):
        plots = [_coverage(one) for one in figures["coverage"]]
        plots += [_bars_per_day(one) for one in figures["bars_per_day"]]
        if figures["jumps"]["daily"]:
            plots.append(_jumps(figures["jumps"]["daily"]))
        if figures["disagreements"]["pairs"]:
            plots.append(_disagreements(figures["disagreements"]["pairs"]))
        return plots + _prices(seen, scope)


def _coverage(coverage: Mapping[str, Any]) -> Plot:
    frac = np.array([[np.nan if x is None else x for x in row] for row in coverage["frac"]], dtype=np.float64)
    first = np.argmax(np.isfinite(frac), axis=1)
    order = np.lexsort((coverage["secids"], first))
    rows, columns = frac.shape
    labelled = rows <= _LABELLED_ROWS
    figure = Figure(figsize=(8.5, min(12.0, 1.4 + rows * 0.145) if labelled else 6.0))
    axes = figure.add_subplot()
    image = axes.imshow(frac[order], aspect="auto", vmin=0, vmax=1, cmap=_COVERAGE, interpolation="nearest")
    if labelled:
        axes.set_yticks(range(rows), [coverage["secids"][i] for i in order], fontsize=6.5)
    else:
        axes.set_ylabel(f"{rows} series, oldest first")
        axes.set_yticks([])
    step = max(1, columns // 10)
    axes.set_xticks(range(0, columns, step), coverage["months"][::step], rotation=45, ha="right")
    high = figure.get_size_inches()[1]
    figure.colorbar(
        image, ax=axes, label="part of the trading days", fraction=0.03, pad=0.02,
        shrink=min(1.0, 2.5 / high), anchor=(0.0, 1.0),
    )  # fmt: skip
    return Plot(
        section="coverage",
        title=f"Coverage, {coverage['timeframe']} ({coverage['group']})",
        note="One row a series, one column a month. Blue: a bar on every trading day; red: on none. Blank: outside of the series' life.",
        svg=svg_of(figure, name=f"coverage{coverage['timeframe']}{coverage['group']}"),
    )


def _bars_per_day(bars: Mapping[str, Any]) -> Plot:
    days = np.array(bars["days"], dtype="datetime64[D]").astype(np.int64)
    figures = np.array([bars["p10"], bars["p90"], bars["median"], bars["room"]], dtype=np.float64)
    broken, (low, high, median, room) = _broken_at_pauses(days, figures, pause=_PAUSE_S // 86_400)
    days = broken.astype("datetime64[D]")
    figure = Figure(figsize=(8.5, 2.8))
    axes = figure.add_subplot()
    axes.fill_between(days, low, high, color=BLUE, alpha=0.25, linewidth=0, step="mid")
    axes.plot(days, median, color=BLUE, linewidth=0.8, label="median share (band: 10 % to 90 %)")
    axes.plot(days, room, color=RED, linewidth=0.8, alpha=0.8, label="room in the sessions")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("bars a day")
    figure.legend(loc="upper center", ncols=2, fontsize=8)
    return Plot(
        section="bars",
        title=f"Bars a day, {bars['timeframe']} ({bars['group']})",
        note="A bar without trades does not exist, so quiet shares stay below the room. Dips of the median are the exchange's.",
        svg=svg_of(figure, name=f"bars{bars['timeframe']}{bars['group']}"),
    )


def _jumps(points: Sequence[Sequence[Any]]) -> Plot:
    figure = Figure(figsize=(8.5, 3.6))
    axes = figure.add_subplot()
    for cause, colour in _CAUSE_COLOURS.items():
        chosen = [point for point in points if point[3] == cause]
        if chosen:
            axes.scatter(
                np.array([point[1] for point in chosen], dtype="datetime64[s]"),
                [point[2] for point in chosen],
                s=5,
                color=colour,
                alpha=0.6,
                linewidths=0,
                rasterized=len(points) > 500,
                label=f"{cause} ({len(chosen)})",
            )
    _log_axis(axes)
    axes.axhline(1.0, color=INK, linewidth=0.5)
    axes.set_ylabel("close over the close before")
    figure.legend(loc="upper center", ncols=5, fontsize=8, markerscale=2)
    return Plot(
        section="jumps",
        title="Jumps of daily closes",
        note="Every change of more than the limit, by what explains it. Red ones far from 1 are splits that nobody told of, or wrong prices.",
        svg=svg_of(figure, name="jumps"),
    )


def _disagreements(pairs: Sequence[Mapping[str, Any]]) -> Plot:
    shown = list(reversed(pairs[:20]))
    figure = Figure(figsize=(8.5, 0.9 + 0.5 * len(shown)))
    axes = figure.add_subplot()
    at = range(len(shown))
    axes.barh(at, [pair["bars"] for pair in shown], color=AMBER, height=0.6, label="volume or value alone")
    axes.barh(at, [pair["price_bars"] for pair in shown], color=RED, height=0.6, label="prices")
    axes.set_yticks(at, ["" for _ in shown])
    for row, pair in enumerate(shown):
        told = f"{pair['timeframe']}: {_short(pair['winner'])} over {_short(pair['loser'])}"
        axes.annotate(
            told, (0, row + 0.33), xytext=(3, 0), textcoords="offset points", fontsize=7.5, va="bottom"
        )
    axes.set_ylim(-0.6, len(shown) - 0.1)
    axes.set_xlabel("bars told differently")
    figure.legend(loc="upper right", ncols=2, fontsize=8)
    return Plot(
        section="disagreements",
        title="Bars told differently, by pair of sources",
        note="The first source is believed, the second one lost.",
        svg=svg_of(figure, name="disagreements"),
    )


def _prices(seen: LookedAt, scope: Scope) -> list[Plot]:
    """Draw the closes of the series with the newest errors, one per instrument."""
    worst = sorted(
        (look for look in seen.looks if look.findings.verdict == "failed"),
        key=lambda look: (-_newest_error_s(look.findings), look.key.instrument.secid),
    )
    one_each = {look.key.instrument.pk: look for look in reversed(worst)}.values()
    plots = []
    for look in sorted(one_each, key=worst.index)[:_PRICE_PLOTS]:
        bars = series_read(key=look.key, since=scope.since, as_of=scope.as_of)
        plots.append(_price(look.findings, bars.begin_s, bars.prices[:, 3]))
    return plots


def _newest_error_s(findings: SeriesFindings) -> int:
    return max(one.at_s for one in findings.examples if one.severity == "error")


def _price(findings: SeriesFindings, begin_s: Any, close: Any) -> Plot:
    figure = Figure(figsize=(8.5, 2.8))
    axes = figure.add_subplot()
    every = max(1, begin_s.size // 4000)
    shown_s, shown = _broken_at_pauses(begin_s[::every], close[::every], pause=_PAUSE_S)
    axes.plot(shown_s.astype("datetime64[s]"), shown, color=BLUE, linewidth=0.7, marker=".", markersize=0.6)
    marks: dict[str, list[int]] = defaultdict(list)
    for one in findings.examples:
        if one.severity != "info":
            marks[one.severity].append(one.at_s)
    for severity, colour in (("warning", AMBER), ("error", RED)):
        at = np.searchsorted(begin_s, sorted(marks[severity]))
        at = at[at < begin_s.size]
        if at.size:
            axes.scatter(
                begin_s[at].astype("datetime64[s]"), close[at], s=12, color=colour, zorder=3, label=severity
            )
    _log_axis(axes)
    axes.set_ylabel("close as traded, RUB")
    if marks:
        figure.legend(loc="upper center", ncols=2, fontsize=8)
    name = f"{findings.secid} {findings.timeframe}"
    counted = ", ".join(f"{count} x {check}" for check, count in findings.counts.most_common(6))
    return Plot(section="prices", title=name, note=counted, svg=svg_of(figure, name=f"price{name}"))


def _broken_at_pauses(at: Any, figures: Any, *, pause: int) -> tuple[Any, Any]:
    """Put a NaN into each long pause, so that no line is drawn where nothing is known."""
    breaks = np.flatnonzero(np.diff(at) > pause) + 1
    return np.insert(at, breaks, at[breaks] - 1), np.insert(figures, breaks, np.nan, axis=-1)


def _log_axis(axes: Any) -> None:
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    wide = high / low > 30
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 3.0, 5.0)))
    axes.yaxis.set_major_formatter(_PLAIN)
    axes.yaxis.set_minor_formatter(NullFormatter())


def _short(source: str) -> str:
    return source.rsplit("/", 1)[-1]
