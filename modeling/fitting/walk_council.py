"""The council's section of an edge report: which way to decide was kept in each fold, why, and whom the aggregator believes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, number
from modeling.fitting.walk_adapters import adapters_lines, adapters_part
from modeling.fitting.walk_tables import SIDE_WORDS

_STRONGEST: Final = 10


def council_section(folds: Sequence[Mapping[str, Any]], ranks: Mapping[str, Any] | None) -> Section:
    """Return the section of what a council told of itself by fold; `ranks` is what is told of the daily rank."""
    return Section(
        key="council",
        title="The council",
        says=council_lines(folds, ranks),
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
            *([_ranks_part(folds)] if _has_ranks(folds) else []),
            *([adapters_part(folds)] if _has_adapters(folds) else []),
        ],
    )


def council_lines(folds: Sequence[Mapping[str, Any]], ranks: Mapping[str, Any] | None) -> list[str]:
    """Return what was kept, in plain sentences."""
    kept: dict[str, list[str]] = {}
    for fold in folds:
        kept.setdefault(fold["kept"], []).append(fold["fold"])
    told = "; ".join(f"{named(way)} in {', '.join(names)}" for way, names in kept.items())
    left_out = {name: why for fold in folds for name, why in fold["left_out"].items()}
    lines = [f"Kept on validation rows: {told}."]
    lines += [f"{named(name)} is left out: {why}." for name, why in left_out.items()]
    lines += [] if ranks is None else [_ranks_line(folds, ranks)]
    return lines + (adapters_lines(folds) if _has_adapters(folds) else [])


def _ranks_line(folds: Sequence[Mapping[str, Any]], ranks: Mapping[str, Any]) -> str:
    if "left_out" in ranks:
        return f"The aggregator is not tried with the daily rank: {ranks['left_out']}."
    kept = [fold["fold"] for fold in folds if fold["ranks"]["kept"]]
    models = "; ".join(f"{year} by {named(name)}" for year, name in ranks["models"].items())
    own = [fold["ranks"] for fold in folds]
    known = [each["known_frac"]["held_out"] for each in own]
    reads = {
        side: " ".join(number(each["weights"][side], digits=3, sign=True) for each in own)
        for side in SIDE_WORDS
    }
    return (
        f"The daily rank over {ranks['horizon']} among {ranks['shares']} liquid shares ({models}; each by what the years "
        f"before had taught) is known of {min(known):.0%} to {max(known):.0%} of the held-out rows. One standard "
        f"deviation of it moves the aggregator's log odds of long by {reads['p_long']} and of short by {reads['p_short']}. "
        f"As an input it is proven to earn more in {', '.join(kept) if kept else 'no fold'}, and kept there alone."
    )


def _ranks_part(folds: Sequence[Mapping[str, Any]]) -> Part:
    return Part(
        title="Does the aggregator gain by the daily rank?",
        texts=[
            "The same rule, on the same validation rows: the aggregator that reads the rank replaces the one that does not "
            "only where the lower bound of its mean daily net result less that one's lies above 0."
        ],
        tables=[
            _table(fold["ranks"]["choices"], _ranks_caption(fold), beside="the one without") for fold in folds
        ],
    )


def _ranks_caption(fold: Mapping[str, Any]) -> str:
    return f"{fold['fold']}: the daily rank is {'kept' if fold['ranks']['kept'] else 'not kept'}"


def _has_ranks(folds: Sequence[Mapping[str, Any]]) -> bool:
    return all(fold["ranks"] is not None for fold in folds)


def _has_adapters(folds: Sequence[Mapping[str, Any]]) -> bool:
    return all("adapters" in fold for fold in folds)


def _choices(fold: Mapping[str, Any]) -> Table:
    caption = f"{fold['fold']}: {named(fold['kept'])} is kept"
    return _table(fold["choices"], caption, beside="the network alone")


def _table(choices: Sequence[Mapping[str, Any]], caption: str, *, beside: str) -> Table:
    return Table(
        caption=caption,
        columns=(
            "Way",
            "#Trades",
            "#Net bp a trade",
            "#Net bp a day",
            f"#More than {beside}, lower bound, bp a day",
        ),
        rows=[
            (
                named(own["way"]),
                f"{own['trades']:,}",
                number(own["net_expectancy_frac"], scale=1e4, sign=True),
                number(own["mean_daily_net"], scale=1e4, digits=2, sign=True),
                number(own["better_bound"], scale=1e4, digits=2, sign=True),
            )
            for own in choices
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
