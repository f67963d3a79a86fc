"""The page of a report on rank labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from modeling.fitting.label_page import coverage_part
from modeling.fitting.label_ranks import SCORE_NAMES
from modeling.fitting.report_page import Part, Plot, Section, Table, bounded, number
from modeling.fitting.svg import figure_of, report_style
from traderai.common.svg import AMBER, BLUE, GREY, svg_of

_COLOURS: Final = {"momentum_12_1": BLUE, "reversal_1m": AMBER}
_FLAT_COSTS: Final = "flat_costs"


def rank_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of one horizon."""
    parts = [coverage_part(figures)]
    if figures["shares"]["days"]:
        parts += [_shares(figures), _persistence(figures)]
        scores = {name: one for name, one in figures["scores"].items() if one["rows"]}
        parts.append(
            _scores(figures, scores) if scores else Part(title="Simple scores", texts=["None is known."])
        )
    return Section(
        key=f"h-{figures['horizon']}",
        title=f"Horizon {figures['horizon']}",
        says=[figures["sentence"]],
        parts=parts,
    )


def _shares(figures: Mapping[str, Any]) -> Part:
    told = figures["shares"]
    return Part(
        title="Shares in a day's ranking",
        texts=[
            f"{told['least']:,} to {told['most']:,} shares a day, median {told['median']:,.0f}, on {told['days']:,} days. "
            f"The mean ranked share made {bounded(figures['universe_mean_bp'], sign=True)} bp over the horizon."
        ],
        plots=[Plot(title="Shares ranked", note="Mean of a month's days.", svg=_shares_svg(figures))],
    )


def _shares_svg(figures: Mapping[str, Any]) -> str:
    with report_style():
        figure = figure_of(height=2.2)
        axes = figure.subplots()
        months = figures["shares"]["by_month"]
        at = np.array([row["month"] for row in months], dtype="datetime64[D]")
        axes.plot(at, [row["mean"] for row in months], color=BLUE, linewidth=1.2)
        axes.set(ylim=(0.0, None), ylabel="shares")
        axes.grid(axis="y")
        return svg_of(figure, name=f"shares{figures['horizon']}")


def _persistence(figures: Mapping[str, Any]) -> Part:
    rows = [
        (
            f"{row['lag_days']} day{'s' if row['lag_days'] > 1 else ''}",
            number(row["days"], digits=0),
            bounded(row["correlation"], digits=3, sign=True),
        )
        for row in figures["persistence"]
    ]
    return Part(
        title="How long a rank lasts",
        texts=[
            "With a lag shorter than the horizon the two windows overlap, and the correlation is mostly that."
        ],
        tables=[
            Table(
                caption="Rank correlation of a day's ranks with those of earlier days",
                columns=("Earlier by", "#Days", "#Correlation"),
                rows=rows,
            )
        ],
    )


def _scores(figures: Mapping[str, Any], scores: Mapping[str, Mapping[str, Any]]) -> Part:
    return Part(
        title="What a model must beat: simple scores",
        texts=[
            "A day's highest (lowest) tenth is held for one horizon with equal weights; the edge is its return over the "
            "mean of the ranked shares, of the lowest with its sign turned, less turnover times cost. Borrowing is not "
            "charged."
        ],
        plots=[
            Plot(
                title="Sum of daily rank ICs",
                note="Steady skill rises steadily.",
                svg=_ic_svg(figures, scores),
            ),
            Plot(
                title="Return beyond the day's mean by tenth of the score",
                note="1 the lowest scores, 10 the highest; before costs.",
                svg=_decile_svg(figures, scores),
            ),
        ],
        tables=[_ic_table(scores), _edge_table(scores), _year_table(scores)],
    )


def _ic_table(scores: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        (
            SCORE_NAMES[name],
            number(one["rows"], digits=0),
            number(one["ic"]["days"], digits=0),
            bounded(one["ic_bounds"], digits=3, sign=True),
            number(one["ic"]["t_newey_west"], digits=2),
            number(one["ic"]["t_apart"], digits=2),
        )
        for name, one in scores.items()
    ]
    return Table(
        caption="Mean daily rank IC",
        columns=("Score", "#Rows", "#Days", "#Rank IC", "#t (Newey-West)", "#t (days apart)"),
        rows=rows,
    )


def _edge_table(scores: Mapping[str, Mapping[str, Any]]) -> Table:
    first = next(iter(scores.values()))
    rows = [
        (
            SCORE_NAMES[name],
            f"{end} tenth",
            number(told["dates"], digits=0),
            number(told["turnover"], digits=2),
            bounded(told["excess_gross_bp"], sign=True),
            f"{bounded(told['edge_net_bp'], sign=True)}",
            number(told["t_newey_west"], digits=2),
            *(bounded(flat["edge_bp"], sign=True) for flat in told[_FLAT_COSTS]),
        )
        for name, one in scores.items()
        for end, told in one["ends"].items()
    ]
    flat = [f"#at {one['round_trip_bp']:g} bp" for one in first["ends"]["top"][_FLAT_COSTS]]
    return Table(
        caption="Extreme tenths against the mean of the ranked shares, bp over one horizon",
        columns=("Score", "End", "#Days", "#Turnover", "#Return over mean, gross", "#Edge net", "#t", *flat),
        rows=rows,
    )


def _year_table(scores: Mapping[str, Mapping[str, Any]]) -> Table:
    by_year: dict[int, dict[str, Any]] = {}
    for name, one in scores.items():
        for row in one["ic_by_year"]:
            by_year.setdefault(row["year"], {})[name] = row
    rows = []
    for year, found in sorted(by_year.items()):
        cells = [str(year)]
        for name in scores:
            own = found.get(name, {"mean": None, "t_newey_west": None, "days": None})
            cells += [
                number(own["mean"], digits=3, sign=True),
                number(own["t_newey_west"], digits=2),
                number(own["days"], digits=0),
            ]
        rows.append(cells)
    columns = [f"#{what}, {SCORE_NAMES[name]}" for name in scores for what in ("IC", "t", "days")]
    return Table(caption="Rank IC by year", columns=("Year", *columns), rows=rows, tall=True, folded=True)


def _ic_svg(figures: Mapping[str, Any], scores: Mapping[str, Mapping[str, Any]]) -> str:
    with report_style():
        figure = figure_of(height=2.8)
        axes = figure.subplots()
        for name, one in scores.items():
            at = np.array(one["ic_daily"]["days"], dtype="datetime64[D]")
            axes.plot(
                at, one["ic_daily"]["sum"], color=_COLOURS[name], linewidth=1.2, label=SCORE_NAMES[name]
            )
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.legend(loc="upper left")
        axes.grid(axis="y")
        return svg_of(figure, name=f"ic{figures['horizon']}")


def _decile_svg(figures: Mapping[str, Any], scores: Mapping[str, Mapping[str, Any]]) -> str:
    with report_style():
        figure = figure_of(height=2.6)
        axes = figure.subplots()
        for shift, (name, one) in zip((-0.2, 0.2), scores.items(), strict=False):
            at = [row["decile"] + shift for row in one["deciles"]]
            axes.bar(
                at,
                [1e4 * row["excess_frac"] for row in one["deciles"]],
                width=0.38,
                color=_COLOURS[name],
                label=SCORE_NAMES[name],
            )
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.set(ylabel="bp over the horizon", xlabel="tenth of the score")
        axes.set_xticks(range(1, 11))
        axes.legend(loc="upper left")
        return svg_of(figure, name=f"deciles{figures['horizon']}")
