"""Earlier folds: networks that never saw what they foretell, so that calibration is judged on several markets.

One validation part is one market; what holds in a rise need not hold in a fall. The trust in each head is therefore
chosen on the pooled out-of-fold predictions of the validation part and of equally long slices before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modeling.contracts import HeadTrust
from modeling.errors import DatasetRefusedError
from modeling.fitting.calibration import Chooser, base_of, slice_of, trust_fit, upon
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Raw, calibrated, joined_forecasts, require_held_out
from modeling.fitting.parts import split_by_borders
from modeling.fitting.recipe import Recipe
from modeling.kernels.splits import DAY_S, Borders, LabelledRows, split_between


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """A dataset whose parts are those of one fold, and what its network said of its validation rows."""

    dataset: Dataset
    raw: Raw

    def __post_init__(self) -> None:
        require_held_out(self.raw, self.dataset, part=VALIDATION)


def earlier_datasets(dataset: Dataset, recipe: Recipe) -> tuple[Dataset, ...]:
    """Return the dataset with the parts of each earlier fold, newest first; purged and embargoed like its own.

    The slices are as long as the validation part and lie before it, one after another.
    """
    length_s = dataset.test_start_s - dataset.validation_start_s
    starts = [
        dataset.validation_start_s - number * length_s for number in range(1, recipe.split.calibration_folds)
    ]
    embargo_s = round(recipe.split.embargo_days * DAY_S)
    try:
        folds = [
            split_by_borders(
                dataset,
                Borders(validation_start_s=start_s, test_start_s=start_s + length_s),
                embargo_s=embargo_s,
            )
            for start_s in starts
        ]
    except DatasetRefusedError as error:
        raise DatasetRefusedError(f"the bars give no earlier fold: {error.detail}") from error
    # What comes after a fold's validation is none of its business.
    return tuple(
        replace(fold, part=np.where(fold.part == TEST, NO_PART, fold.part).astype(np.int8)) for fold in folds
    )


def trust_of(folds: Sequence[Fold], *, column: int, chooser: Chooser) -> dict[str, HeadTrust]:
    """Return the trust of each horizon that all folds prove together, upon the base of the first, which serves."""
    return {
        horizon: trust_fit(
            [
                slice_of(fold.raw.at(h), fold.dataset, rows=fold.raw.rows, h=h, column=column)
                for fold in folds
            ],
            chooser,
        )
        for h, horizon in enumerate(folds[0].dataset.horizons)
    }


def pooled_of(
    folds: Sequence[Fold], trust: dict[str, HeadTrust], *, column: int
) -> tuple[Forecasts, Dataset]:
    """Return the out-of-fold predictions of all folds, each by its own network and base, with the given trust.

    The validation part of the dataset is their rows, from the oldest fold's on; it has no other part.
    """
    pooled = joined_forecasts([_said(fold, trust, column=column) for fold in folds])
    inside = np.any([fold.dataset.part == VALIDATION for fold in folds], axis=0)
    part = np.where(inside, VALIDATION, NO_PART).astype(np.int8)
    start_s = min(fold.dataset.validation_start_s for fold in folds)
    return pooled, replace(folds[0].dataset, part=part, validation_start_s=start_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Half:
    """A fold cut in two: the older half of its held-out days is the validation part, the newer one the test part."""

    dataset: Dataset
    forecasts: Forecasts  # of both halves, and of the rows between them


def fold_halves(
    folds: Sequence[Fold], trust: dict[str, HeadTrust], *, column: int, embargo_s: int
) -> tuple[Half, ...]:
    """Return each fold in two halves, with what its own network says of them by the given trust.

    What learns after training begins on the older half and is judged on the newer. The network has seen neither; the
    trust knows both, and is the same with what is learned and without. A fold that is too short to be cut is left out.
    """
    halves = (_halved(fold, _said(fold, trust, column=column), embargo_s=embargo_s) for fold in folds)
    return tuple(half for half in halves if half is not None)


def _said(fold: Fold, trust: dict[str, HeadTrust], *, column: int) -> Forecasts:
    """Return a fold's predictions by its own base and a trust."""
    by_horizon = {
        name: upon(base_of(fold.dataset, h=h, column=column, excursions=bool(own.excursions)), own)
        for h, (name, own) in enumerate(trust.items())
    }
    return calibrated(fold.raw, fold.dataset, by_horizon, column=column)


def _halved(fold: Fold, said: Forecasts, *, embargo_s: int) -> Half | None:
    dataset = fold.dataset
    rows, columns = np.nonzero(dataset.part == VALIDATION)
    days = np.unique(dataset.day[rows])
    border_s = int(dataset.decision_s[rows][dataset.day[rows] >= days[days.size // 2]].min())
    split = split_between(
        LabelledRows(
            decision_s=dataset.decision_s[rows], window_end_s=dataset.targets.window_end_s[rows, columns]
        ),
        Borders(validation_start_s=dataset.validation_start_s, test_start_s=border_s),
        embargo_s=embargo_s,
    )
    part = np.where(dataset.part == TRAIN, TRAIN, NO_PART).astype(np.int8)
    for code, own in ((VALIDATION, split.validation), (TEST, split.test)):
        part[rows[own], columns[own]] = code
    halved = replace(dataset, part=part, test_start_s=border_s, test_end_s=dataset.test_start_s)
    if not all((part == code).any(axis=0).all() for code in (VALIDATION, TEST)):
        return None
    provenance = replace(said.provenance, validation_end_s=halved.taught_until_s(TRAIN, VALIDATION))
    return Half(dataset=halved, forecasts=replace(said, provenance=provenance))
