"""The page of an edge report, and the table that is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Page, Part, Section, Table, bounded, number
from modeling.fitting.walk_confidence import confidence_lines, confidence_section
from modeling.fitting.walk_council import council_lines, council_section
from modeling.fitting.walk_learned import learned_lines, learned_section
from modeling.fitting.walk_levels import level_lines, levels_section
from modeling.fitting.walk_plots import edge_plots
from modeling.fitting.walk_ranges import range_lines, ranges_section
from modeling.fitting.walk_tables import (
    SIDE_WORDS,
    cuts_section,
    groups_section,
    luck_section,
    scores_section,
    trading_section,
)
from traderai.common.clock import MOSCOW, from_epoch_s

NOTES: Final = (
    "Every model is fitted on a fold's training part, stopped and calibrated on its validation part, and judged on the test "
    "part that follows. Boundaries are purged by label windows and embargoed. Test parts of all folds are pooled.",
    "Intervals are block bootstraps of whole days with all shares of a day together: two one-sided 95 % bounds, so that "
    "90 % lie between them. Rows overlap, so their number overstates the evidence; days count.",
    "AUC and the highest scores are of the probabilities before calibration; log loss, Brier score, calibration error and the "
    "policy's trades are of the calibrated ones. A head that proves no skill on validation rows is drawn back to the base "
    "rate, and its policy then takes no trade: the base rate as a trader stays out. Pooled over folds the base rate has an "
    "AUC of its own, for its level changes from fold to fold; within a fold it is 0.5.",
    "Trades come from one account: whole lots, next bar's open, barriers of the label set, one position a share, equal "
    "stakes, borrowing for shorts. Simple rules and always long trade the middle horizon on the same rows; where places are "
    "short, the seed draws lots among them.",
    "A row whose window the data cut off or a halt interrupts has no label and is traded by nobody here. Models, rules and "
    "always long are spared such windows alike, those across the closure of 25 February to 23 March 2022 among them; an index "
    "that is held is not. Where they do better than the index, this is part of why: read it as an upper bound.",
    "The base rate of winning is the share of all liquid test rows that end above 0 after costs, by the arm's own mix of "
    "horizons and sides.",
    "The probability of backtest overfitting is over the models, their cuts and the rules of this report; the deflated ratio "
    "counts every trial that the ledger holds of this family of labels and data.",
)


def edge_page(figures: Mapping[str, Any]) -> Page:
    """Return the page of a report's figures."""
    plots = edge_plots(figures)
    data, verdict = figures["data"], figures["verdict"]
    best = figures["trading"]["configured"][verdict["model"]]
    return Page(
        title=f"Is there an edge? {figures['label_set']['name']} at {figures['timeframe']}",
        lead=f"Walk forward over {len(data['folds'])} folds, {_day(data['folds'][0]['test_start_s'])} to "
        f"{_day(data['folds'][-1]['test_end_s'])}, {len(data['secids'])} shares, those traded no more included.",
        is_simulated=figures["is_simulated"],
        tiles=(
            ("Edge" if verdict["edge"] else "No edge", f"after costs, judged by {named(verdict['model'])}"),
            (
                bounded(best["net_bp"], sign=True) if best.get("net_bp") else "no trade",
                "net bp a trade, configured costs",
            ),
            (f"{best['trades']:,}", f"trades in {best['days']:,} test days"),
            (f"{figures['luck']['trials_counted']:,}", "trials in the ledger of this family"),
        ),
        sections=[
            _verdict(figures),
            *([council_section(figures["council"], figures["ranks"])] if figures["council"] else []),
            trading_section(figures, plots),
            *([learned_section(figures["learned"])] if figures["learned"] else []),
            scores_section(figures, plots),
            levels_section(figures["levels"]),
            *([ranges_section(figures["ranges"])] if figures["ranges"] else []),
            confidence_section(figures["confidence"]),
            cuts_section(figures, plots),
            groups_section(figures),
            luck_section(figures, plots),
            _data(figures),
        ],
        notes=NOTES,
        footer=origin_text(figures),
    )


def table_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the honest table as lines of text."""
    data = figures["data"]
    lines = simulated_lines(figures)
    lines.append(
        f"{figures['label_set']['name']} {figures['timeframe']}, {figures['feature_set']}: {len(data['secids'])} shares, "
        f"{len(data['folds'])} folds, test {_day(data['folds'][0]['test_start_s'])} to {_day(data['folds'][-1]['test_end_s'])}"
    )
    for horizon, told in figures["scores"].items():
        for side, word in SIDE_WORDS.items():
            own = told[side]
            lines.append(
                f"{horizon} {word}: {own['rows']:,} overlapping rows, {own['days']} days, base rate "
                f"{bounded(own['positive_frac'], scale=100)} %"
            )
            lines += [f"  {named(name):<24}{_score_line(one)}" for name, one in own["models"].items()]
        lines += [
            f"  direction, {named(name)}: ROC-AUC {bounded(one, digits=3)}"
            for name, one in told["direction"]["roc_auc"].items()
        ]
    lines += level_lines(figures["levels"])
    lines += range_lines(figures["ranges"])
    lines += learned_lines(figures["learned"])
    lines += confidence_lines(figures["confidence"])
    lines += council_lines(figures["council"], figures["ranks"]) if figures["council"] else []
    for cost, arms in figures["trading"].items():
        lines.append(f"trading, round trip {cost}")
        lines += [f"  {named(name):<28}{_trade_line(one)}" for name, one in arms.items()]
    return lines


def simulated_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the line that a printed report of simulated data begins with."""
    return ["SIMULATED data: figures say nothing about a real market."] if figures["is_simulated"] else []


def origin_text(figures: Mapping[str, Any]) -> str:
    """Return what a report was made from."""
    return (
        f"{figures['feature_set']}, labels {figures['label_set_sha256'][:12]}, dataset "
        f"{figures['data']['dataset_sha256'][:12]}, settings {figures['config_sha256'][:12]}, code "
        f"{figures['code_sha256'][:12]}, seed {figures['seed']}; made by manage.py edge_report."
    )


def rule_table(judged: str, tests: Sequence[Mapping[str, Any]], *, folded: bool = False) -> Table:
    """Return the rules of a verdict with what was found of one model."""
    return Table(
        caption=f"The rules, held against {judged}",
        columns=("Rule", "Holds", "Found", "Asked"),
        rows=[
            (test["name"], "yes" if test["passed"] else "no", test["found"], test["asked"]) for test in tests
        ],
        folded=folded,
    )


def _score_line(one: Mapping[str, Any]) -> str:
    auc = one.get("before_calibration", one)["roc_auc"]
    return (
        f"AUC {bounded(auc, digits=3)}  log loss {bounded(one['log_loss'], digits=4)}  Brier "
        f"{bounded(one['brier'], digits=4)}  ECE {bounded(one['ece'], digits=3)}, "
        f"by chance up to {number(one['ece']['by_chance'], digits=3)}"
    )


def _trade_line(one: Mapping[str, Any]) -> str:
    account = f"total {number(one['net_total_frac'], scale=100, sign=True)} %  Sharpe {bounded(one['sharpe'], digits=2)}"
    if "trades" not in one:
        return account
    if not one["trades"]:
        return f"no trade in {one['days']} days"
    return (
        f"{one['trades']:>6,} trades  net {bounded(one['net_bp'], sign=True)} bp  win {bounded(one['win_rate'], scale=100)} % "
        f"(base {number(one['base_win_rate'], scale=100)} %)  {account}"
    )


def _verdict(figures: Mapping[str, Any]) -> Section:
    verdict = figures["verdict"]
    tables = [rule_table(named(name), tests) for name, tests in verdict["tests"].items()]
    text = "There is an edge only if every rule holds for one model; else there is none, whatever single figures look like."
    return Section(
        key="verdict",
        title="Verdict",
        says=[verdict["sentence"]],
        parts=[Part(title="By which rules", texts=[text], tables=tables)],
    )


def _data(figures: Mapping[str, Any]) -> Section:
    data = figures["data"]
    exclusions = [
        (reason.replace("_", " "), number(count, digits=0))
        for reason, count in data["exclusions"].items()
        if count
    ]
    refused = [(fold["name"], "; ".join(fold["reasons"])) for fold in data["refused"]]
    tables = [
        _fold_dates(data["folds"]),
        *([Table(caption="Refused folds", columns=("Fold", "Why"), rows=refused)] if refused else []),
        Table(caption="Left out, rows times horizons", columns=("Why", "#Count"), rows=exclusions),
    ]
    part = Part(title="What was looked at", texts=_data_texts(figures), tables=tables)
    return Section(key="data", title="Data and folds", parts=[part])


def _data_texts(figures: Mapping[str, Any]) -> list[str]:
    data, without = figures["data"], figures["without_features"]
    rows = ", ".join(f"{horizon}: {count:,}" for horizon, count in data["rows"].items())
    settings = figures["settings"]
    left_out = "; ".join(f"{secid} ({reason})" for secid, reason in figures["left_out"].items())
    return [
        f"{'Simulated' if figures['is_simulated'] else 'Real'} data, {data['bars']:,} bars, decisions from "
        f"{_day(data['first_decision_s'])} to {_day(data['last_decision_s'])}. Labelled rows with all features: {rows}.",
        f"Rows below a median turnover of {settings['min_median_turnover_rub']:,.0f} RUB a bar, known at the decision, "
        f"teach and judge nothing; below {figures['min_policy_turnover_rub']:,.0f} RUB nobody trades. Embargo "
        f"{figures['embargo_days']:g} days.",
        f"Shares: {', '.join(data['secids'])}.",
        f"Features ({len(data['features'])}): {', '.join(data['features'])}.",
        *([f"Shares without features of this set, left out: {', '.join(without)}."] if without else []),
        *([f"Left out too: {left_out}."] if left_out else []),
    ]


def _fold_dates(folds: Sequence[Mapping[str, Any]]) -> Table:
    starts = ("train_start_s", "validation_start_s", "test_start_s", "test_end_s")
    rows = [
        (
            fold["name"],
            *(_day(fold[name]) for name in starts),
            *(number(fold["rows"][part], digits=0) for part in ("train", "validation", "test")),
            number(fold["purged"]["purged_train"] + fold["purged"]["purged_validation"], digits=0),
            "; ".join(fold["reasons"]) or "as asked for",
        )
        for fold in folds
    ]
    dates = ("Fold", "Train from", "Validation from", "Test from", "Test to")
    columns = (*dates, "#Train", "#Validation", "#Test", "#Purged", "Remarks")
    return Table(caption="Folds; rows times horizons", columns=columns, rows=rows)


def _day(moment_s: int) -> str:
    return f"{from_epoch_s(moment_s).astimezone(MOSCOW):%Y-%m-%d}"
