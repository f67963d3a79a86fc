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
from modeling.fitting.dataset import NO_PART, TEST, VALIDATION, Dataset
from modeling.fitting.forecasts import Forecasts, Raw, calibrated, joined_forecasts, require_held_out
from modeling.fitting.parts import split_by_borders
from modeling.fitting.recipe import Recipe
from modeling.kernels.splits import DAY_S, Borders


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
    said = [
        calibrated(
            fold.raw,
            fold.dataset,
            {
                name: upon(base_of(fold.dataset, h=h, column=column), own)
                for h, (name, own) in enumerate(trust.items())
            },
            column=column,
        )
        for fold in folds
    ]
    pooled = joined_forecasts(said)
    inside = np.any([fold.dataset.part == VALIDATION for fold in folds], axis=0)
    part = np.where(inside, VALIDATION, NO_PART).astype(np.int8)
    start_s = min(fold.dataset.validation_start_s for fold in folds)
    return pooled, replace(folds[0].dataset, part=part, validation_start_s=start_s)
