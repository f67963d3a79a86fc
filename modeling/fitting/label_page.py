"""The page of a report on barrier labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeling.fitting.label_plots import ARM_NAMES, CUT_TITLES, SIDE_COLOURS, horizon_plots
from modeling.fitting.report_page import Part, Plot, Section, Table, bounded, number

STATES: Final = {
    "labelled": "labelled",
    "no_entry": "no bar to enter at inside the window",
    "incomplete_window": "the data end before the window does",
    "halt": "trading halted inside the window",
    "zero_volume": "no volume in the decision's or the entry's bar",
    "split_neighbour": "too near to a split",
    "auction": "an auction",
    "illiquid": "median turnover under the limit, or not known yet",
    "wide_spread": "estimated spread eats too much of the take-profit",
    "no_levels": "ATR not known yet, or no usable barriers",
    "few_shares": "too few liquid shares at the moment",
    "neutral": "between the thresholds of a set that drops such rows",
}
QUANTITIES: Final = {
    "r": "net R",
    "mfe_r": "best excursion (MFE), R",
    "mae_r": "worst excursion (MAE), R",
    "bars_held": "bars held",
}
_NOTES: Final = (
    "Rows overlap: neighbouring bars share most of their window. Every interval is a block bootstrap of whole days (all "
    "shares of a day together; blocks twice as long as the windows on average, 10 days at least): its two one-sided "
    "95 % bounds, 90 % between them. Tables by ticker and period show counts and no interval.",
    "Label 1 is a take-profit reached before the stop. A win is a net result above 0 after costs, whatever the exit.",
    "Net is after the configured cost model with each share's price step: the stored one, or a finer one that its own "
    "prices lie on, for many shares the reference data hold only a default. Spread as configured, not as estimated. "
    "Borrowing for shorts is not charged. A flat cost is a round trip's.",
    "R is the net result in units of the row's stop. Quantiles are exact to 0.01 R.",
    "Nothing here is fitted or chosen on a part of the data; all of the span is shown. What is picked from this page "
    "has been picked with hindsight and must be tested on data that it was not picked from.",
)
_INTERVALS: Final = _NOTES[0]
_HINDSIGHT: Final = _NOTES[-1]
NOTES: Final[dict[str, tuple[str, ...]]] = {
    "barrier": _NOTES,
    "class": (_INTERVALS, _HINDSIGHT),
    "rank": (_INTERVALS, _HINDSIGHT),
}


def horizon_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of one horizon."""
    plots = horizon_plots(figures)
    parts = [coverage_part(figures)]
    if plots:
        parts += [
            _rules(figures, plots),
            _balance(figures, plots),
            _results(figures, plots),
            _excursions(figures, plots),
            _cuts(figures, plots),
            _tickers(figures),
            _reports(figures["surprise"]),
        ]
    return Section(
        key=f"h-{figures['horizon']}",
        title=f"Horizon {figures['horizon']}",
        says=[figures["sentence"]],
        parts=parts,
    )


def coverage_part(figures: Mapping[str, Any]) -> Part:
    """Return what stands first of every horizon: how many rows carry labels, and on which days."""
    coverage = figures["coverage"]
    share = coverage["labelled"] / coverage["rows"] if coverage["rows"] else 0.0
    span = f", decided from {figures['first_day']} to {figures['last_day']}" if figures["first_day"] else ""
    text = f"{coverage['labelled']:,} of {coverage['rows']:,} rows carry labels ({share:.1%}){span}."
    return Part(title="Coverage", texts=[text], tables=_coverage_tables(coverage))


def _coverage_tables(coverage: Mapping[str, Any]) -> list[Table]:
    """Return which rows carry labels and why the others do not, in all and by ticker."""
    states = [
        (STATES[one["state"]], number(one["rows"], digits=0), f"{one['frac']:.2%}")
        for one in coverage["states"]
    ]
    tickers = [
        (
            one["secid"],
            number(one["rows"], digits=0),
            number(one["labelled"], digits=0),
            f"{one['labelled'] / one['rows']:.1%}",
        )
        for one in coverage["by_ticker"]
    ]
    return [
        Table(caption="Rows by state", columns=("State", "#Rows", "#Share"), rows=states),
        Table(
            caption=f"Labelled rows of each of {len(tickers)} shares",
            columns=("Ticker", "#Rows", "#Labelled", "#Share"),
            rows=tickers,
            tall=True,
            folded=True,
        ),
    ]


def _rules(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Part:
    arms = {name: arm for name, arm in figures["arms"].items() if arm["rows"]}
    none = [ARM_NAMES[name] for name in figures["arms"] if name not in arms]
    costs = next(iter(arms.values()))["flat_costs"]
    flat = Table(
        caption="Net bp a trade at a flat round trip of",
        columns=("Rule", *(f"#{one['cost_bp']:g} bp" for one in costs)),
        rows=[
            (ARM_NAMES[name], *(bounded(one["net_bp"], sign=True) for one in arm["flat_costs"]))
            for name, arm in arms.items()
        ],
    )
    return Part(
        title="What a model must beat: always long, always short and simple rules",
        texts=[
            "A rule's rows are those after which it names a side: EMA 20 crossing EMA 50, the first close outside the "
            "channel of 20 bars, RSI(14) coming back from beyond 30 or 70. Exits are those of the label set.",
            *([f"Without a side in this span: {', '.join(none)}."] if none else []),
        ],
        plots=[
            _plot(plots["arms"], "Result of a trade", "Points with 90 % intervals; in brackets the rows.")
        ],
        tables=[_headlines(arms), flat],
    )


def _headlines(arms: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        (
            ARM_NAMES[name],
            number(arm["rows"], digits=0),
            number(arm["days"], digits=0),
            bounded(arm["target_frac"], scale=100),
            bounded(arm["win_frac"], scale=100),
            bounded(arm["gross_bp"], sign=True),
            bounded(arm["net_bp"], sign=True),
            bounded(arm["mean_r"], digits=3, sign=True),
        )
        for name, arm in arms.items()
    ]
    return Table(
        caption="Headline rates with their intervals",
        columns=("Rule", "#Rows", "#Days", "#Label 1, %", "#Wins, %", "#Gross bp", "#Net bp", "#Mean R"),
        rows=rows,
    )


def _balance(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Part:
    sides = figures["arms"]
    told = {side: sides[side]["by_period"]["month"] for side in SIDE_COLOURS}
    months = [
        (
            begins[:7],
            number(told["long"]["rows"][at], digits=0),
            *(number(told[side]["target_frac"][at], scale=100) for side in SIDE_COLOURS),
            *(number(told[side]["win_frac"][at], scale=100) for side in SIDE_COLOURS),
            *(number(told[side]["net_bp"][at], sign=True) for side in SIDE_COLOURS),
        )
        for at, begins in enumerate(told["long"]["begins"])
    ]
    shares = ", ".join(
        f"{name.replace('_', ' ')} {frac:.1%}" for name, frac in sorted(figures["direction"]["frac"].items())
    )
    return Part(
        title="Class balance over time",
        texts=[f"Classes of direction over {figures['direction']['rows']:,} rows: {shares}."],
        plots=[
            _plot(plots["periods"], "Label 1 and net result over time", "Blue long, red short; days faint."),
            _plot(plots["directions"], "Direction in 5 classes by month", "In units of trailing volatility."),
        ],
        tables=[
            Table(
                caption=f"By month ({len(months)}); weeks and days are in the JSON",
                columns=(
                    "Month", "#Rows", "#Label 1 long, %", "#Label 1 short, %", "#Wins long, %", "#Wins short, %",
                    "#Net long, bp", "#Net short, bp",
                ),
                rows=months,
                tall=True,
                folded=True,
            )
        ],
    )  # fmt: skip


def _results(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Part:
    exits = [
        (
            ARM_NAMES[arm],
            row["reason"].replace("_", " "),
            number(row["rows"], digits=0),
            f"{row['frac']:.1%}",
            number(row["win_frac"], scale=100),
            number(row["gross_bp"], sign=True),
            number(row["net_bp"], sign=True),
        )
        for arm, told in figures["arms"].items()
        for row in told["exits"]
    ]
    texts = [
        f"Strong labels, {side}: the best {strong['wanted_frac']:.0%} begin at {number(strong['cut_r'], digits=2)} R; "
        f"{strong['rows']:,} rows ({strong['frac']:.1%}) reach it, for trades that earn the same are strong together. "
        "The cut is of all rows shown; a dataset's is of its training part."
        for side in SIDE_COLOURS
        if (strong := figures["arms"][side]["strong"])
    ]
    return Part(
        title="Distribution of R, exits and strong labels",
        texts=texts,
        plots=[_plot(plots["r"], "Net R", "Share of rows in each tenth of an R, on a log scale.")],
        tables=[
            Table(
                caption="Exit reasons",
                columns=("Rule", "Exit", "#Rows", "#Share", "#Wins, %", "#Gross bp", "#Net bp"),
                rows=exits,
            ),
            _quantiles(figures, "r"),
        ],
    )


def _excursions(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Part:
    return Part(
        title="Excursions (MFE, MAE) and holding times",
        plots=[
            _plot(
                plots["excursions"],
                "Best and worst excursion by exit",
                "Thin 5 % to 95 %, thick 25 % to 75 %, mark the median.",
            ),
            _plot(plots["holding"], "Holding times", "Share of trades that have ended after so many bars."),
        ],
        tables=[_quantiles(figures, "mfe_r", "mae_r"), _quantiles(figures, "bars_held")],
    )


def _quantiles(figures: Mapping[str, Any], *quantities: str) -> Table:
    digits = 0 if quantities == ("bars_held",) else 2
    rows = [
        (
            ARM_NAMES[arm],
            QUANTITIES[row["quantity"]],
            row["exit"].replace("_", " "),
            number(row["rows"], digits=0),
            *(number(row[name], digits=digits) for name in ("q05", "q25", "q50", "q75", "q95")),
        )
        for arm, told in figures["arms"].items()
        for row in told["quantiles"]
        if row["quantity"] in quantities and row["rows"]
    ]
    names = ", ".join(QUANTITIES[name] for name in quantities)
    return Table(
        caption=f"Quantiles: {names}",
        columns=("Rule", "Of", "Exit", "#Rows", "#5 %", "#25 %", "#50 %", "#75 %", "#95 %"),
        rows=rows,
        folded=True,
    )


def _cuts(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Part:
    known = [cut for cut in CUT_TITLES if any(_known(row) for row in figures["arms"]["long"]["by"][cut])]
    missing = [CUT_TITLES[cut] for cut in CUT_TITLES if cut not in known]
    texts = [f"Not known of any row: {'; '.join(missing)}."] if missing else []
    if "regime" not in known:
        texts.append("No regime is stored for this span; run manage.py build_regime.")
    return Part(
        title="By regime, hour, volatility, spread and liquidity",
        texts=texts,
        plots=[
            _plot(
                plots["cuts"],
                "Win rate and net result by what was known at the decision",
                "Buckets with at least 100 rows; bars are 90 % intervals.",
            )
        ],
        tables=[_cut_table(figures, cut) for cut in known],
    )


def _known(row: Mapping[str, Any]) -> bool:
    return row["bucket"] not in ("not known", "whole day")


def _cut_table(figures: Mapping[str, Any], cut: str) -> Table:
    rows = [
        (
            ARM_NAMES[arm],
            row["bucket"],
            number(row["rows"], digits=0),
            number(row["days"], digits=0),
            bounded(row["target_frac"], scale=100),
            bounded(row["win_frac"], scale=100),
            bounded(row["net_bp"], sign=True),
        )
        for arm, told in figures["arms"].items()
        for row in told["by"][cut]
    ]
    return Table(
        caption=f"{CUT_TITLES[cut]}: all rules",
        columns=("Rule", "Bucket", "#Rows", "#Days", "#Label 1, %", "#Wins, %", "#Net bp"),
        rows=rows,
        tall=True,
        folded=True,
    )


def _tickers(figures: Mapping[str, Any]) -> Part:
    by_side = {
        side: {row["secid"]: row for row in figures["arms"][side]["by"]["ticker"]} for side in SIDE_COLOURS
    }
    rows = [
        (
            secid,
            number(long["rows"], digits=0),
            *(number(by_side[side][secid]["target_frac"], scale=100) for side in SIDE_COLOURS),
            *(number(by_side[side][secid]["win_frac"], scale=100) for side in SIDE_COLOURS),
            *(number(by_side[side][secid]["net_bp"], sign=True) for side in SIDE_COLOURS),
            *(number(by_side[side][secid]["mean_r"], digits=3, sign=True) for side in SIDE_COLOURS),
        )
        for secid, long in by_side["long"].items()
    ]
    columns = [
        f"#{name} {side}" for name in ("Label 1, %", "Wins, %", "Net bp", "Mean R") for side in SIDE_COLOURS
    ]
    return Part(
        title="By ticker",
        tables=[
            Table(
                caption=f"{len(rows)} shares, without intervals",
                columns=("Ticker", "#Rows", *columns),
                rows=rows,
                tall=True,
                folded=len(rows) > 20,
            )
        ],
    )


def _reports(surprise: Mapping[str, Any]) -> Part:
    names = {
        "forward_return": "return to the window's end",
        "long_net": "net result long",
        "short_net": "net result short",
    }
    if surprise["none"]:
        return Part(title="Company reports", texts=[f"No correlation is shown: {surprise['none']}."])
    rows = [
        (names[name], number(surprise["events"], digits=0), bounded(figure, digits=3, sign=True))
        for name, figure in surprise["correlations"].items()
    ]
    return Part(
        title="Company reports",
        texts=[
            f"Surprise: {surprise['measure']}. One row a report: the first labelled one decided within 7 days after it "
            f"became known; {surprise['events']:,} reports on {surprise['event_days']:,} days."
        ],
        tables=[
            Table(
                caption="Rank correlation of the surprise with what followed",
                columns=("Outcome", "#Reports", "#Rank correlation"),
                rows=rows,
            )
        ],
    )


def _plot(svg: str, title: str, note: str) -> Plot:
    return Plot(title=title, note=note, svg=svg)
