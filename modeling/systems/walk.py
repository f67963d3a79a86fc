"""An earlier system walked forward: refitted for every fold in time, judged on what comes after, then on all folds together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import NO_PART, TEST
from modeling.kernels.splits import DAY_S, LabelledRows
from modeling.kernels.walk_forward import (
    FoldDates,
    PartMinimum,
    RefusedFold,
    WalkConfig,
    WalkFold,
    WalkForward,
    equal_folds,
    walk_forward,
)
from modeling.systems.estimators import FittedSystem, Say
from modeling.systems.figures import SystemSaid
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows, newest_alone, parted_by_borders, require_rows
from modeling.systems.system import system_found
from modeling.systems.trading import Trader
from traderai.common.arrays import F64, I64

TRAINING_PER_VALIDATION = 2.0  # so much longer than its validation is the first training part at least


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkSaid:
    """What one system, or one of those that it must beat, says of the test rows of a fold or of all folds."""

    name: str
    at: I64  # (n,) rows; those without a class are traded, and judge no classifier
    scores: F64  # (n, k)
    threshold: F64  # (n,) the cut of each row's fold
    forecast: F64 | None = None  # (n,) the close foretold, of a system that foretells closes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkedFold:
    """One fold: its rows in parts, and what all say of its test part, the system first."""

    name: str
    rows: SystemRows
    said: tuple[WalkSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walked:
    """All folds, oldest first, those that were refused, and all together."""

    folds: tuple[WalkedFold, ...]
    refused: tuple[RefusedFold, ...]
    rows: SystemRows  # the test part is that of all folds, no other part is there
    said: tuple[WalkSaid, ...]


def system_walked(
    recipe: SystemRecipe,
    rows: SystemRows,
    trader: Trader,
    *,
    folds: int | None,
    seed: int,
    threads: int,
    say: Say,
) -> Walked:
    """Return what a recipe's system says of each fold's test part, refitted and cut on what was known before.

    `folds` test parts of equal length, or by default one for each calendar year. Training parts begin with the first
    row, or are as long as the recipe's `training_days`; a validation part is as long as its `validation_days` or its
    share of the whole time. A fold without enough rows or a class is refused, and the others are walked.
    Raises: DatasetRefusedError where no fold is left.
    """
    own = newest_alone(rows, recipe.max_rows)
    planned = planned_folds(recipe, own, folds=folds)
    walked, refused = [], list(planned.refused)
    for number, fold in enumerate(planned.folds):
        say(number, len(planned.folds), fold.name)
        try:
            walked.append(_walked(recipe, own, fold, trader, seed=seed, threads=threads, say=say))
        except DatasetRefusedError as error:
            refused.append(RefusedFold(name=fold.name, reasons=(error.detail,)))
    if not walked:
        told = "; ".join(f"{each.name}: {', '.join(each.reasons)}" for each in refused)
        raise DatasetRefusedError(f"no fold is left ({told}); give more shares or time, or fewer folds")
    part = np.full(own.part.shape, NO_PART, dtype=np.int8)
    for each in walked:
        part[each.rows.rows_of(TEST)] = TEST
    return Walked(
        folds=tuple(walked),
        refused=tuple(refused),
        rows=replace(own, part=part),
        said=tuple(_pooled(several) for several in _everywhere(walked)),
    )


def planned_folds(recipe: SystemRecipe, rows: SystemRows, *, folds: int | None) -> WalkForward:
    """Return the folds, purged and embargoed; those with too few rows in a part are refused."""
    own, split = np.flatnonzero(rows.usable), recipe.split
    if own.size == 0:
        raise DatasetRefusedError("there is no row to walk over; give more shares or time")
    decision_s = rows.decision_s[own]
    span_days = float(decision_s.max() - decision_s.min()) / DAY_S
    validation_days = split.validation_days or max(span_days * split.validation_frac, 1.0)
    first_train_days = split.training_days or TRAINING_PER_VALIDATION * validation_days
    config = WalkConfig(
        embargo_s=round(split.embargo_days * DAY_S),
        rolling_days=split.training_days,
        minimum=PartMinimum(rows_per_instrument=recipe.min_rows),
    )
    try:
        if folds is None:
            dates = _years(decision_s, before_days=first_train_days, validation_days=validation_days)
        else:
            dates = equal_folds(
                decision_s, n_folds=folds, first_train_days=first_train_days, validation_days=validation_days
            )
        return walk_forward(
            LabelledRows(decision_s=decision_s, window_end_s=rows.window_end_s[own]), dates, config
        )
    except ValueError as error:
        raise DatasetRefusedError(f"the rows give no folds: {error}") from error


def _years(decision_s: I64, *, before_days: float, validation_days: float) -> tuple[FoldDates, ...]:
    """Return a fold for each calendar year that has a whole first training and validation part before it.

    A year turns at 00:00 UTC, when nothing is traded.
    """
    first_s, last_s = int(decision_s.min()), int(decision_s.max())
    earliest_s = first_s + round((before_days + validation_days) * DAY_S)
    years = range(datetime.fromtimestamp(first_s, UTC).year, datetime.fromtimestamp(last_s, UTC).year + 1)
    starts = {year: int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (*years, years[-1] + 1)}
    found = tuple(
        FoldDates(
            name=str(year),
            validation_start_s=starts[year] - round(validation_days * DAY_S),
            test_start_s=starts[year],
            test_end_s=starts[year + 1],
        )
        for year in years
        if starts[year] >= earliest_s
    )
    if not found:
        raise ValueError(
            f"no calendar year has {before_days:.0f} days of training and {validation_days:.0f} of validation before "
            "it; ask for --folds N of equal length, or give a longer time"
        )
    return found


def _walked(
    recipe: SystemRecipe,
    rows: SystemRows,
    fold: WalkFold,
    trader: Trader,
    *,
    seed: int,
    threads: int,
    say: Say,
) -> WalkedFold:
    own = parted_by_borders(rows, fold.borders, embargo_s=round(recipe.split.embargo_days * DAY_S))
    require_rows(own, least=recipe.min_rows)
    # The figures of a fold are made later, of all folds in one way; here the fewest are asked for.
    quick = replace(recipe, figures=replace(recipe.figures, extra_costs_bp=(), resamples=100), emission=None)
    found = system_found(quick, own, trader, seed=seed, threads=threads, say=say)
    said = tuple(_said(each) for each in (found.said, *found.others))
    forecast = _forecast(found.fitted, own, found.said.at)
    return WalkedFold(name=fold.name, rows=own, said=(replace(said[0], forecast=forecast), *said[1:]))


def _said(own: SystemSaid) -> WalkSaid:
    threshold = np.full(own.at.size, own.cut.threshold)
    return WalkSaid(name=own.name, at=own.at, scores=own.scores, threshold=threshold)


def _forecast(fitted: FittedSystem, rows: SystemRows, at: I64) -> F64 | None:
    """Return the closes that a system foretells (n,), adjusted as the rows' closes are; None where it says classes."""
    foretold = getattr(fitted, "forecast", None)
    return None if foretold is None else np.asarray(foretold(rows, at))


def _everywhere(folds: Sequence[WalkedFold]) -> list[list[WalkSaid]]:
    """Return by speaker what it says in each fold; who is silent in one is left out."""
    by_name = [{own.name: own for own in fold.said} for fold in folds]
    return [[fold[name] for fold in by_name] for name in by_name[0] if all(name in fold for fold in by_name)]


def _pooled(several: Sequence[WalkSaid]) -> WalkSaid:
    """Return one word of several, on rows in the matrix's order, as the account wants them."""
    at = np.concatenate([own.at for own in several])
    order = np.argsort(at, kind="stable")
    forecasts = [own.forecast for own in several if own.forecast is not None]
    whole = len(forecasts) == len(several)
    return WalkSaid(
        name=several[0].name,
        at=at[order],
        scores=np.concatenate([own.scores for own in several])[order],
        threshold=np.concatenate([own.threshold for own in several])[order],
        forecast=np.concatenate(forecasts)[order] if whole else None,
    )
