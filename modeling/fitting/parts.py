"""Which part each labelled row belongs to, by the one implementation of splits; and whether parts can teach and judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import NO_PART, PARTS, TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.leak_checks import target_leak_check
from modeling.fitting.recipe import LeakScanConfig, SplitConfig
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import (
    DAY_S,
    Borders,
    ChronologicalSplit,
    LabelledRows,
    chronological_split,
    split_between,
)
from modeling.kernels.walk_forward import FoldDates, RefusedFold, WalkConfig, WalkFold, walk_forward
from traderai.common.arrays import I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pairs:
    """The usable (row, horizon) pairs of a dataset, as the splitters see them."""

    rows: I64
    columns: I64
    labelled: LabelledRows


def split_by_shares(dataset: Dataset, config: SplitConfig) -> Dataset:
    """Return the dataset in three parts by shares of time; a part without a row is a DatasetRefusedError."""
    pairs = _pairs(dataset)
    embargo_s = round(config.embargo_days * DAY_S)
    try:
        split = chronological_split(
            pairs.labelled.decision_s, pairs.labelled.window_end_s, shares=config.shares, embargo_s=embargo_s
        )
    except ValueError as error:
        raise DatasetRefusedError(f"the bars cannot be split in time: {error}") from error
    return _with_parts(dataset, pairs, split, embargo_s=embargo_s)


def split_by_borders(dataset: Dataset, borders: Borders, *, embargo_s: int) -> Dataset:
    """Return the dataset with the parts between some moments; an empty part is a DatasetRefusedError."""
    pairs = _pairs(dataset)
    split = split_between(pairs.labelled, borders, embargo_s=embargo_s)
    for name, part in zip(PARTS, split.parts, strict=True):
        if part.size == 0:
            raise DatasetRefusedError(f"the {name} part between these moments is empty; give it more time")
    return _with_parts(dataset, pairs, split, embargo_s=embargo_s, test_end_s=borders.test_end_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkParts:
    """The folds of a walk forward, each with the dataset in its parts, and those that were refused."""

    folds: tuple[tuple[WalkFold, Dataset], ...]
    refused: tuple[RefusedFold, ...]


def walk_parts(dataset: Dataset, dates: Sequence[FoldDates], config: WalkConfig) -> WalkParts:
    """Return the dataset in the parts of each fold; no usable fold is a DatasetRefusedError."""
    pairs = _pairs(dataset)
    try:
        found = walk_forward(pairs.labelled, dates, config)
    except ValueError as error:
        raise DatasetRefusedError(f"the bars give no walk forward: {error}") from error
    folds = [
        (
            fold,
            _with_parts(
                dataset, pairs, fold.split, embargo_s=config.embargo_s, test_end_s=fold.borders.test_end_s
            ),
        )
        for fold in found.folds
    ]
    return WalkParts(folds=tuple(folds), refused=found.refused)


def dataset_check(
    dataset: Dataset, *, max_missing_frac: float, leak_scan: LeakScanConfig | None = None
) -> None:
    """Raise DatasetRefusedError if a part is empty or one-sided, or a feature constant, mostly missing or all-knowing.

    Without `leak_scan` the scan for single features that tell a target has its usual limits.
    """
    for code, part in enumerate(PARTS):
        for h, horizon in enumerate(dataset.horizons):
            rows = dataset.part[:, h] == code
            if not rows.any():
                raise DatasetRefusedError(
                    f"the {part} part has no row at horizon {horizon}; give it more data or a shorter horizon"
                )
            for side in ("p_long", "p_short"):
                share = float(getattr(dataset.targets, side)[rows, h].mean())
                if share in (0.0, 1.0):
                    raise DatasetRefusedError(
                        f"{side} knows a single class ({share:.0f}) in the {part} part at horizon {horizon}; "
                        "give it more data or a label set with nearer targets"
                    )
    dense = np.flatnonzero(~(dataset.sparse | dataset.flags))
    for code, part in enumerate(PARTS):
        spread = np.nanstd(dataset.values[dataset.rows_of(code)][:, dense], axis=0)
        constant = [
            dataset.features[column] for column, std in zip(dense, spread, strict=True) if not std > 0
        ]
        if constant:
            raise DatasetRefusedError(f"constant on the {part} rows: {', '.join(constant)}; leave them out")
    _check_missing(dataset, dense, max_missing_frac)
    _check_silent(dataset)
    target_leak_check(dataset, leak_scan or LeakScanConfig())


def _check_silent(dataset: Dataset) -> None:
    train = dataset.rows_of(TRAIN)
    silent = [
        dataset.features[column]
        for column in np.flatnonzero(dataset.sparse)
        if np.isnan(dataset.values[train, column]).all()
    ]
    if silent:
        raise DatasetRefusedError(
            f"without any value on the train rows: {', '.join(silent)}; ingest their source or leave them out"
        )


def _check_missing(dataset: Dataset, dense: I64, max_missing_frac: float) -> None:
    for number, secid in enumerate(dataset.secids):
        own = dataset.values[dataset.instrument == number][:, dense]
        missing = np.isnan(own).mean(axis=0)
        worst = int(np.argmax(missing))
        if missing[worst] > max_missing_frac:
            raise DatasetRefusedError(
                f"{dataset.features[dense[worst]]} is missing in {missing[worst]:.0%} of the bars of {secid}, "
                f"allowed are {max_missing_frac:.0%}; build the features or leave the share out"
            )


def _pairs(dataset: Dataset) -> _Pairs:
    rows, columns = np.nonzero(dataset.usable)
    targets = dataset.targets
    labelled = LabelledRows(
        decision_s=dataset.decision_s[rows],
        window_end_s=targets.window_end_s[rows, columns],
        instrument=dataset.instrument[rows],
        positive=(targets.p_long[rows, columns] == 1) | (targets.p_short[rows, columns] == 1),
        secids=dataset.secids,
    )
    return _Pairs(rows=rows, columns=columns, labelled=labelled)


def _with_parts(
    dataset: Dataset,
    pairs: _Pairs,
    split: ChronologicalSplit,
    *,
    embargo_s: int,
    test_end_s: int | None = None,
) -> Dataset:
    labelled = pairs.labelled
    # The splitters purge by their borders; this looks again, at the rows alone.
    assert_no_leak(
        split.parts, decision_s=labelled.decision_s, window_end_s=labelled.window_end_s, embargo_s=embargo_s
    )
    part = np.full(dataset.usable.shape, NO_PART, dtype=np.int8)
    for code, chosen in zip((TRAIN, VALIDATION, TEST), split.parts, strict=True):
        part[pairs.rows[chosen], pairs.columns[chosen]] = code
    return replace(
        dataset,
        part=part,
        validation_start_s=split.validation_start_s,
        test_start_s=split.test_start_s,
        test_end_s=test_end_s,
        purged={
            "purged_train": split.purged_train,
            "purged_validation": split.purged_validation,
            "outside": split.outside,
        },
    )
