"""The page of a rank report, and the table that is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeling.fitting.cross_plots import rank_plots
from modeling.fitting.cross_tables import (
    account_text,
    choice_section,
    held_name,
    luck_section,
    models_of,
    ranking_section,
    tenths_section,
    trading_section,
)
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Page, Part, Section, Table, bounded, number
from modeling.fitting.walk_page import origin_text, rule_table, simulated_lines
from traderai.common.clock import MOSCOW, from_epoch_s

NOTES: Final = (
    "Every model is fitted anew for each test year, on all that was before: rows whose label window reaches the test year, "
    "and the embargo before it, are left out. Rows are the shares that were liquid by what was known at the decision.",
    "A day's rank IC is Spearman's correlation of the scores and the returns that followed, among the labelled shares of the "
    "date. t (days apart) is that of dates a whole horizon apart, whose windows do not overlap; the plain one takes "
    "overlapping windows for independent and is too large. Intervals are block bootstraps of whole days: two one-sided 95 % "
    "bounds, so that 90 % lie between them.",
    "The tables of extreme tenths use the labels: bought at the next open, sold at the close that ends the horizon, the mean "
    "of the same labelled shares taken off. Windows that a halt interrupts have no label, those across the closure of 25 "
    "February to 23 March 2022 among them: these tables are spared them.",
    "Portfolios are not: they hold the best tenth of all liquid shares, labelled or not, and live through closures and halts. "
    "As many portfolios as the horizon has days, each trading every so many days at the open and one day after another, "
    "give one daily result. A share without a bar is neither bought nor sold until it trades again. Dividends are credited "
    "whole, without tax; cash earns nothing; fractions of shares are held: lots and the size of an order are not looked at.",
    "Configured costs are each share's own: fees, slippage, half the spread and the price step. All shares together are held "
    "and rebalanced free of costs: they are the mean that is beaten or not, not a fund that could be bought. Traded every day "
    "they gain from prices that bounce between bid and ask, which nobody could have had: at 1d they are a high bar.",
    "A tenth that is sold short is told of for its ranking's sake: shorts are restricted, and their borrowing is not charged.",
    "No skill is an order drawn by lot every day: what its costs are, a model's turnover must earn first.",
)


def rank_page(figures: Mapping[str, Any]) -> Page:
    """Return the page of a report's figures."""
    plots = rank_plots(figures)
    data, verdict = figures["data"], figures["verdict"]
    folds = [fold for fold in data["folds"] if fold["horizon"] == next(iter(figures["ranking"]))]
    judged = next(own for own in _candidates(figures) if own["name"] == verdict["model"])
    return Page(
        title=f"Is there an edge? {figures['label_set']['name']} at {figures['timeframe']}",
        lead=f"Ranks among the liquid shares of a date, walked forward over {len(folds)} folds, "
        f"{_day(folds[0]['test_start_s'])} to {figures['curves']['days'][-1]}; {data['shares_tested']} shares, those traded "
        "no more included.",
        is_simulated=figures["is_simulated"],
        tiles=(
            ("Edge" if verdict["edge"] else "No edge", f"after costs, judged by {verdict['model']}"),
            (
                bounded(judged["excess"]["yearly_frac"], scale=100, sign=True),
                "% a year more than all shares, configured costs",
            ),
            (f"{judged['bought']:,}", f"purchases in {len(figures['curves']['days']):,} test days"),
            (f"{figures['luck']['trials_counted']:,}", "trials in the ledger of this family"),
        ),
        sections=[
            _verdict(verdict),
            ranking_section(figures, plots),
            choice_section(figures),
            tenths_section(figures, plots),
            trading_section(figures, plots),
            luck_section(figures),
            _data(figures),
        ],
        notes=NOTES,
        footer=origin_text(figures),
    )


def rank_table(figures: Mapping[str, Any]) -> list[str]:
    """Return the honest table as lines of text."""
    lines = simulated_lines(figures)
    data = figures["data"]
    lines.append(
        f"{figures['label_set']['name']} {figures['timeframe']}, {figures['feature_set']}: {data['shares_tested']} shares, "
        f"{data['rows_tested']:,} test rows to {figures['curves']['days'][-1]}"
    )
    for horizon, told in figures["ranking"].items():
        lines.append(f"{horizon}: {told['rows']:,} overlapping rows on {told['days']:,} days")
        for name, one in told["models"].items():
            top, book = one["ends"]["top"], figures["trading"][horizon][name]
            lines.append(
                f"  {named(name):<24}IC {bounded(one['ic_bounds'], digits=3, sign=True)} t "
                f"{number(one['ic']['t_apart'], digits=1)}  top tenth {bounded(top['excess_gross_bp'], digits=0, sign=True)} "
                f"bp gross, {bounded(top['edge_net_bp'], digits=0, sign=True)} net"
            )
            lines.append(
                f"  {'':<24}held: {bounded(book['excess']['yearly_frac'], scale=100, sign=True)} % a year over all shares, "
                f"Sharpe of it {bounded(book['excess']['sharpe'], digits=2)}, {book['bought']:,} purchases"
            )
        lines.append(f"  {told['choice']['sentence']}")
    lines += [f"{held_name(name)}: {account_text(one)}" for name, one in figures["held"].items()]
    return lines


def _verdict(verdict: Mapping[str, Any]) -> Section:
    tables = [
        rule_table(name, tests, folded=name != verdict["model"])
        for name, tests in sorted(verdict["tests"].items(), key=lambda item: item[0] != verdict["model"])
    ]
    text = "There is an edge only if every rule holds for one model at one horizon; else there is none."
    part = Part(title="By which rules", texts=[text], tables=tables)
    return Section(key="verdict", title="Verdict", says=[verdict["sentence"]], parts=[part])


def _candidates(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": f"{named(name)} at {horizon}", **book} for horizon, name, _, book in models_of(figures)]


def _data(figures: Mapping[str, Any]) -> Section:
    data = figures["data"]
    missing = sorted(data["missing"].items(), key=lambda item: -item[1])
    states = [
        (horizon, state.replace("_", " "), number(count, digits=0))
        for horizon, own in data["states"].items()
        for state, count in own.items()
    ]
    tables = [
        _folds(data),
        Table(
            caption="Rows with a label, and why the others have none",
            columns=("Horizon", "State", "#Rows"),
            rows=states,
        ),
        Table(
            caption="Rows without a feature",
            columns=("Feature", "#Rows", "#%"),
            rows=[
                (name, number(count, digits=0), number(count / data["rows"], scale=100))
                for name, count in missing
            ],
            tall=True,
            folded=True,
        ),
    ]
    part = Part(title="What was looked at", texts=_data_texts(figures), tables=tables)
    return Section(key="data", title="Data and folds", parts=[part])


def _data_texts(figures: Mapping[str, Any]) -> list[str]:
    data, told = figures["data"], figures["label_set"]
    left_out = "; ".join(f"{secid} ({reason})" for secid, reason in figures["left_out"].items())
    without = ", ".join(data["without_features"])
    return [
        f"{'Simulated' if figures['is_simulated'] else 'Real'} data, {data['rows']:,} rows of liquid shares from "
        f"{data['first_day']} to {data['last_day']}, {data['rows_tested']:,} of them tested: median turnover of a day of the last "
        f"100 at least {told['min_median_turnover_rub']:,.0f} RUB, known at the decision. Embargo "
        f"{figures['settings']['embargo_days']:g} days. Mean configured round trip of the test rows {data['mean_cost_bp']:.1f} bp.",
        f"Models: {'; '.join(figures['models'].values())}.",
        f"Every feature is a rank among the date's liquid shares, 0 where it is missing. Alike for all shares of a date, and so "
        f"of no use: {', '.join(data['alike']) or 'none'}.",
        f"Shares: {', '.join(data['secids'])}.",
        *([f"Shares without stored features, at the centre of each: {without}."] if without else []),
        *([f"Left out: {left_out}."] if left_out else []),
    ]


def _folds(data: Mapping[str, Any]) -> Table:
    starts = ("train_start_s", "validation_start_s", "test_start_s", "test_end_s")
    counts = ("lesson", "validation", "test", "purged_validation", "purged_test")
    rows = [
        (
            fold["horizon"],
            fold["name"],
            *(_day(fold[name]) for name in starts),
            *(number(fold[name], digits=0) for name in counts),
        )
        for fold in data["folds"]
    ]
    columns = (
        "Horizon", "Fold", "Learned from", "Chosen from", "Test from", "Test to", "#Learned", "#of them choosing",
        "#Test", "#Purged at the choice", "#Purged at the test",
    )  # fmt: skip
    return Table(caption="Folds", columns=columns, rows=rows, folded=True)


def _day(moment_s: int) -> str:
    return f"{from_epoch_s(moment_s).astimezone(MOSCOW):%Y-%m-%d}"
