"""The council's section of an edge report: which way to decide was kept in each fold, why, and whom the aggregator believes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, number
from modeling.fitting.walk_adapters import adapters_lines, adapters_part
from modeling.fitting.walk_tables import SIDE_WORDS

_STRONGEST: Final = 10


def council_section(folds: Sequence[Mapping[str, Any]]) -> Section:
    """Return the section of what a council told of itself by fold."""
    return Section(
        key="council",
        title="The council",
        says=council_lines(folds),
        parts=[
            Part(
                title="Ways to decide, on validation rows",
                texts=[
                    "A way is kept only where it trades often enough for the gate and the lower bound of its mean daily net "
                    "result less that of the network alone, widened because the best of several is looked for, lies above "
                    "0. The test part has no say in it."
                ],
                tables=[_choices(fold) for fold in folds],
            ),
            Part(
                title="What the meta-aggregator learned from out-of-fold votes",
                texts=[
                    "How much one standard deviation of a figure moves the side's log odds; the strongest first."
                ],
                tables=[
                    _weights(fold["fold"], side, weights)
                    for fold in folds
                    for side, weights in fold["weights"].items()
                ],
            ),
            *([adapters_part(folds)] if _has_adapters(folds) else []),
        ],
    )


def council_lines(folds: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what was kept, in plain sentences."""
    kept: dict[str, list[str]] = {}
    for fold in folds:
        kept.setdefault(fold["kept"], []).append(fold["fold"])
    told = "; ".join(f"{named(way)} in {', '.join(names)}" for way, names in kept.items())
    left_out = {name: why for fold in folds for name, why in fold["left_out"].items()}
    lines = [f"Kept on validation rows: {told}."]
    lines += [f"{named(name)} is left out: {why}." for name, why in left_out.items()]
    return lines + (adapters_lines(folds) if _has_adapters(folds) else [])


def _has_adapters(folds: Sequence[Mapping[str, Any]]) -> bool:
    return all("adapters" in fold for fold in folds)


def _choices(fold: Mapping[str, Any]) -> Table:
    return Table(
        caption=f"{fold['fold']}: {named(fold['kept'])} is kept",
        columns=(
            "Way",
            "#Trades",
            "#Net bp a trade",
            "#Net bp a day",
            "#More than the network alone, lower bound, bp a day",
        ),
        rows=[
            (
                named(own["way"]),
                f"{own['trades']:,}",
                number(own["net_expectancy_frac"], scale=1e4, sign=True),
                number(own["mean_daily_net"], scale=1e4, digits=2, sign=True),
                number(own["better_bound"], scale=1e4, digits=2, sign=True),
            )
            for own in fold["choices"]
        ],
    )


def _weights(fold: str, side: str, weights: Mapping[str, float]) -> Table:
    strongest = sorted(weights.items(), key=lambda item: -abs(item[1]))[:_STRONGEST]
    return Table(
        caption=f"{fold}, {SIDE_WORDS[side]}",
        columns=("Figure", "#Weight"),
        rows=[(name, number(weight, digits=3, sign=True)) for name, weight in strongest],
        folded=True,
    )
