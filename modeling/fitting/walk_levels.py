"""The probabilities of a walk with a level that learns from outcomes, beside what was said without, and the base rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from modeling.contracts.conformal import TERCILES
from modeling.fitting.baselines import base_rates, ewma_scale, tercile_edges
from modeling.fitting.dataset import TEST, VALIDATION
from modeling.fitting.forecasters import SIDES
from modeling.fitting.judging import Rules
from modeling.fitting.levels import WAYS, Levelled, Side, level_part_figures, probability_rows
from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Section, Table, bounded, number
from modeling.fitting.walk import JudgedFold, Walk
from modeling.fitting.walk_scores import BASE_RATE
from modeling.fitting.walk_tables import SIDE_WORDS
from modeling.kernels.running_levels import ProbabilityRows, level_step, levelled

_TEXT: Final = (
    "The level of each probability moved by outcomes that were known by then, by tercile of the expected volatility, begun "
    "on the validation part. The base rate learns in the same way: what a model adds is what it does better than that. The "
    "policy's trades of this report are of the probabilities without it."
)


class _Horizon(NamedTuple):
    """A horizon, and by fold what parts its terciles of volatility."""

    h: int
    edges: Sequence[tuple[float, float]]


def level_figures(walk: Walk, rules: Rules) -> dict[str, Any]:
    """Return by horizon, side and model what a learning level made of the test rows of all folds."""
    names, folds = (BASE_RATE, *walk.by_forecaster), next(iter(walk.by_forecaster.values()))
    said = {}
    for h, horizon in enumerate(walk.dataset.horizons):
        at = _Horizon(h, [tercile_edges(fold.dataset, h=h) for fold in folds])
        said[horizon] = {side: {name: _pooled(walk, name, side, at) for name in names} for side in SIDES}
    everything = [own for by_side in said.values() for own in by_side.values()]
    return {
        "by_horizon": {
            horizon: {
                side: {name: level_part_figures([one], rules) for name, one in by_name.items()}
                for side, by_name in by_side.items()
            }
            for horizon, by_side in said.items()
        },
        "pooled": {name: level_part_figures([own[name] for own in everything], rules) for name in names},
    }


def level_lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the figures over all horizons and both sides as lines of the printed table."""
    lines = ["with levels that learn from outcomes as they become known, all horizons and both sides"]
    for name, one in figures["pooled"].items():
        before, after = (one[way] for way in WAYS)
        lines.append(
            f"  {named(name):<24}log loss {before['log_loss']:.4f} -> {after['log_loss']:.4f}  ECE "
            f"{bounded(before['ece'], digits=3)} -> {bounded(after['ece'], digits=3)}, "
            f"by chance up to {number(after['ece']['by_chance'], digits=3)}"
        )
    return lines


def levels_section(figures: Mapping[str, Any]) -> Section:
    """Return the section of what `level_figures` gives."""
    tables = [_table("All horizons and both sides", figures["pooled"])]
    tables += [
        _table(f"{horizon}, {SIDE_WORDS[side]}", by_name)
        for horizon, by_side in figures["by_horizon"].items()
        for side, by_name in by_side.items()
    ]
    part = Part(title="Before and after", texts=[_TEXT], tables=tables)
    return Section(key="levels", title="Probabilities that learn from outcomes", parts=[part])


def _table(caption: str, by_name: Mapping[str, Any]) -> Table:
    rows = []
    for name, one in by_name.items():
        before, after = (one[way] for way in WAYS)
        rows.append(
            (
                named(name),
                number(before["log_loss"], digits=4),
                number(after["log_loss"], digits=4),
                bounded(before["ece"], digits=3),
                bounded(after["ece"], digits=3),
                number(after["ece"]["by_chance"], digits=3),
                number(before["bias"], scale=100, sign=True),
                number(after["bias"], scale=100, sign=True),
            )
        )
    columns = (
        "Model", "#Log loss", "#Learning", "#ECE", "#Learning", "#By chance up to", "#Too high by, points", "#Learning",
    )  # fmt: skip
    return Table(caption=caption, columns=columns, rows=rows)


def _pooled(walk: Walk, name: str, side: str, at: _Horizon) -> Levelled:
    folds = next(iter(walk.by_forecaster.values())) if name == BASE_RATE else walk.by_forecaster[name]
    found = [
        fold_levelled(fold, side, at.h, edges, is_base=name == BASE_RATE)
        for fold, edges in zip(folds, at.edges, strict=True)
    ]
    return Levelled.joined(found)


def fold_levelled(
    fold: JudgedFold, side: str, h: int, edges: tuple[float, float], *, is_base: bool
) -> Levelled:
    """Return what is said of a fold's test rows; `is_base`: by the base rate instead of the forecaster.

    The validation rows are run through twice, first to place the offsets.
    Causal: a row reads the outcomes that were known by its decision.
    """
    dataset, said = fold.dataset, fold.judged.forecasts
    part = dataset.part[said.rows, h]
    own = np.flatnonzero((part == VALIDATION) | (part == TEST))
    own = own[np.argsort(dataset.decision_s[said.rows[own]], kind="stable")]
    at = said.rows[own]
    p = np.full(own.size, base_rates(dataset, side)[h]) if is_base else getattr(said, side)[own, h]
    rows = probability_rows(dataset, at, p, Side(side, h, float(ewma_scale(dataset)[h]), edges))
    begin = int(
        np.searchsorted(part[own] == TEST, True)
    )  # validation rows come before those of the test part
    past = ProbabilityRows._make(column[:begin] for column in rows)
    step = level_step(past)
    _, offsets = levelled(past, step=step, offsets=np.zeros(TERCILES))
    after, _ = levelled(rows, step=step, offsets=offsets)
    return Levelled(dataset.day[at[begin:]], rows.outcome[begin:], p[begin:], after[begin:])
