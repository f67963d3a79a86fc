"""What the policies of a walk have learned fold by fold, and what it changed in the test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeling.fitting.dataset import TEST
from modeling.fitting.evaluation import DayBootstrap, trading_figures
from modeling.fitting.judging import Rules
from modeling.fitting.report import filter_lines, order_level_lines, pair_name, threshold_lines
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, bounded
from modeling.fitting.trading import Traded, part_days
from modeling.fitting.walk import Walk
from modeling.fitting.walk_arms import model_arm

_TEXT: Final = (
    "Cells of moments and shares in which the trades of a fold's validation rows, and of those of earlier folds, have lost. "
    "They are left out of its test only where the rows of each block, traded without the cells in which the others lost, made "
    "more. Whatever is kept then, each row is decided by the rule of its own regime, as in service; else by that of a flat market."
)
_LEVELS_TEXT: Final = (
    "Take-profit and stop of orders at quantiles of how far the price is expected to go within the window, tried by models "
    'that foretell it ("q50": one window of two goes so far). They never decide whether to trade. They serve only where '
    "the rows of each block, traded by what the others chose, made more than with the label set's levels."
)
_WAYS: Final = {
    "configured": "by policy.yaml alone",
    "labelled": "as learned, at the label set's levels",
    "learned": "as learned",
}


def learned_figures(
    walk: Walk, results: Mapping[str, Traded], rules: Rules, bootstrap: DayBootstrap
) -> dict[str, Any]:
    """Return by model what each fold learned and, where any kept something, its test trades without and with it.

    `results` are those of the models' arms at the configured costs. Empty where the recipe lets nothing be learned.
    """
    found: dict[str, Any] = {}
    for name, folds in walk.by_forecaster.items():
        told = [
            {"fold": part.name, "kept": own.learned.thresholds.says_more, **own.learned.told()}
            for part, own in zip(walk.folds, folds, strict=True)
            if own.learned is not None
        ]
        if told:
            changed = any(own["kept"] for own in told)
            found[name] = {
                "folds": told,
                "test": _test(walk, name, results[name], rules, bootstrap) if changed else None,
            }
    return found


def _test(walk: Walk, name: str, learned: Traded, rules: Rules, bootstrap: DayBootstrap) -> dict[str, Any]:
    days = part_days(walk.dataset, TEST)
    plain, labelled = (
        model_arm(walk, name, rules, cost_bp=None, learned=kept).traded(walk, rules, None)
        for kept in ("nothing", "but_order_levels")
    )
    return {
        "configured": trading_figures(plain, bootstrap),
        "labelled": trading_figures(labelled, bootstrap),
        "learned": trading_figures(learned, bootstrap),
        "gain_daily": bootstrap.mean(learned.daily_net - plain.daily_net, days),
    }


def learned_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the figures as lines of the printed table; none where nothing was learned."""
    lines = []
    for name, own in figures.items():
        for fold in own["folds"]:
            lines.append(f"{fold['fold']}, {named(name)}: what its policy has learned")
            told = [
                *threshold_lines(fold["thresholds"]),
                *filter_lines(fold["filters"]),
                *order_level_lines(fold["order_levels"]),
            ]
            lines += [f"  {line}" for line in told if line]
        if own["test"] is None:
            lines.append(f"{named(name)}: nothing was kept, the test is traded by policy.yaml alone")
            continue
        lines += [f"  test {word:<40}{_words(own['test'][way])}" for way, word in _WAYS.items()]
        lines.append(f"  test, a day better by {bounded(own['test']['gain_daily'], digits=2, scale=1e4)} bp")
    return lines


def learned_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of what `learned_figures` gives."""
    tables = []
    for name, own in figures.items():
        rows = [
            (
                fold["fold"],
                ", ".join(step["kinds"]),
                "yes" if step["kept"] else "no",
                _cells(step),
                step["reason"],
            )
            for fold in own["folds"]
            for step in fold["filters"]
        ]
        columns = ("Fold", "Kinds", "Left out", "Found to lose", "Why")
        tables.append(Table(caption=named(name), columns=columns, rows=rows))
        tables += _order_level_tables(name, own["folds"])
        if own["test"] is not None:
            compared = [(word, _words(own["test"][way])) for way, word in _WAYS.items()]
            gain = bounded(own["test"]["gain_daily"], digits=2, scale=1e4)
            compared.append(("a day better by, bp", gain))
            caption = f"{named(name)}, test rows of all folds"
            tables.append(Table(caption=caption, columns=("Policy", "Trades"), rows=compared))
    part = Part(title="Cells left out and order levels", texts=[_TEXT, _LEVELS_TEXT], tables=tables)
    return Section(key="learned", title="What the policies have learned", parts=[part])


def _order_level_tables(name: str, folds: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return what each pair of levels made of a model's out-of-fold rows; none where no excursions are foretold."""
    rows = [
        (
            fold["fold"],
            pair_name(own["pair"]),
            f"{own['trades']:,}",
            bounded(own["net_frac"], digits=1, scale=1e4) if own["trades"] else "no trade",
            "yes" if told["kept"] and own["pair"] == told["found"]["pair"] else "no",
            told["reason"],
        )
        for fold in folds
        if (told := fold["order_levels"])
        for own in told["tried"]
    ]
    columns = ("Fold", "Levels", "Trades", "Net bp a trade", "Kept", "Why")
    return [Table(caption=f"{named(name)}, order levels", columns=columns, rows=rows)] if rows else []


def _cells(step: Mapping[str, Any]) -> str:
    return (
        "; ".join(
            f"{own['kind']} {own['cell']} ({own['net_bp']:.0f} bp, {own['trades']:,} trades)"
            for own in step["left_out"]
        )
        or "none"
    )


def _words(one: Mapping[str, Any]) -> str:
    if not one["trades"]:
        return f"no trade in {one['days']} days"
    return (
        f"{one['trades']:,} trades, {bounded(one['net_expectancy_frac'], digits=1, scale=1e4)} bp a trade, total "
        f"{100 * one['net_total_frac']:+.1f} %"
    )
