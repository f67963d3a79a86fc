"""One file of a published version's predictions for work outside, each beside what came of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeling.contracts import ModelVersionFacts
from modeling.fitting.dataset import PARTS, TEST, VALIDATION, Dataset
from modeling.fitting.prediction_rows import prediction_rows
from modeling.selectors.versions import version_of
from modeling.services.judgement import held_out_judged, own_dataset, require_own_dataset
from traderai.common.errors import InputError, did_you_mean
from traderai.common.progress import Progress, silent

SPLITS: Final = {"validation": (VALIDATION,), "test": (TEST,), "both": (VALIDATION, TEST)}
FORMATS: Final = (".parquet", ".csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionsReport:
    """What one export of predictions wrote."""

    version: ModelVersionFacts
    path: str
    rows: dict[str, int]  # rows times horizons, by part
    size_bytes: int


def predictions_export(
    *, model: str, path: Path, split: str = "both", progress: Progress = silent
) -> PredictionsReport:
    """Write what a version says of its own held-out rows to a Parquet or CSV file; `prediction_rows` tells the columns.

    The file appears whole or not at all; repeating writes the same rows again. Nothing is chosen here, so nothing is
    counted as a trial: whoever looks for a rule in the test rows of the file has to hold out others.

    Raises: InputError for a split or file that cannot be, and as `version_of`, `own_dataset` and `require_own_dataset`.
    """
    _require_writable(path, split)
    facts = version_of(model)
    dataset = own_dataset(facts, progress=progress)
    return dataset_export(facts=facts, dataset=dataset, path=path, split=split)


def dataset_export(
    *, facts: ModelVersionFacts, dataset: Dataset, path: Path, split: str = "both"
) -> PredictionsReport:
    """Export from an assembled dataset; everything after the loading of `predictions_export`."""
    _require_writable(path, split)
    require_own_dataset(facts, dataset)  # parts of another might not be held out
    parts = SPLITS[split]
    frame = prediction_rows(held_out_judged(facts, dataset).forecasts, dataset, parts=parts)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        if path.suffix == ".csv":
            frame.write_csv(unfinished)
        else:
            frame.write_parquet(unfinished, compression="zstd")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return PredictionsReport(
        version=facts,
        path=str(path),
        rows={PARTS[part]: int((frame["part"] == PARTS[part]).sum()) for part in parts},
        size_bytes=path.stat().st_size,
    )


def _require_writable(path: Path, split: str) -> None:
    if split not in SPLITS:
        raise InputError(
            f"--split must be one of {', '.join(SPLITS)}, was {split!r}{did_you_mean(split, SPLITS)}; what a version "
            "says of rows that taught it proves nothing",
            field="split",
        )
    if path.suffix not in FORMATS:
        raise InputError(f"the file must end with {' or '.join(FORMATS)}, was {path.name!r}", field="path")
    if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise InputError(
            f"the file must be one that can be written, {path} is a folder or its folder is not there or not ours; "
            "name another",
            field="path",
        )
