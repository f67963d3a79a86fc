"""The rows that teach and judge the adapters of a version in service: those after all that it has learned itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from modeling.fitting.dataset import NO_PART, VALIDATION, Dataset
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import Borders, LabelledRows, split_between
from traderai.common.arrays import I64
from traderai.common.errors import NotReadyError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateParts:
    """One dataset twice: with the older of the late rows as its validation part, and with the newest."""

    teaches: Dataset
    judges: Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Between which moments rows are late: not learned from, and their labels known."""

    learned_s: int  # end of the last label that the version in service learned
    as_of_s: int
    embargo_s: int


def late_parts(dataset: Dataset, late: Late, config: AdapterConfig) -> LateParts:
    """Return the late rows in two parts, purged and embargoed like every other split.

    Rows and labels after `as_of_s` have no say, whether or not the dataset holds them.
    Raises: NotReadyError where the days are too few to teach a ticker and judge it.
    """
    known = dataset.usable & (dataset.targets.window_end_s <= late.as_of_s)
    rows, columns = np.nonzero(known)
    labelled = LabelledRows(
        decision_s=dataset.decision_s[rows], window_end_s=dataset.targets.window_end_s[rows, columns]
    )
    since_s = late.learned_s + late.embargo_s + 1
    border_s = _border_s(labelled, dataset.day[rows], since_s=since_s, config=config)
    split = split_between(
        labelled,
        Borders(validation_start_s=since_s, test_start_s=border_s),
        embargo_s=late.embargo_s,
    )
    if split.validation.size == 0:
        raise _too_few(0, config)
    # The splitter purges by its borders; this looks again, at the rows alone.
    assert_no_leak(
        (split.validation, split.test),
        decision_s=labelled.decision_s,
        window_end_s=labelled.window_end_s,
        embargo_s=late.embargo_s,
    )

    def parted(own: I64, *, start_s: int, end_s: int) -> Dataset:
        part = np.full(dataset.usable.shape, NO_PART, dtype=np.int8)
        part[rows[own], columns[own]] = VALIDATION
        return replace(dataset, part=part, validation_start_s=start_s, test_start_s=end_s, test_end_s=None)

    return LateParts(
        teaches=parted(split.validation, start_s=since_s, end_s=border_s),
        judges=parted(split.test, start_s=border_s, end_s=late.as_of_s + 1),
    )


def _border_s(labelled: LabelledRows, day: I64, *, since_s: int, config: AdapterConfig) -> int:
    """Return the first decision of the newest days, which judge."""
    inside = labelled.decision_s >= since_s
    days = np.unique(day[inside])
    judged = round(config.judged_frac * days.size)
    if judged < 1 or days.size - judged < config.min_days:
        raise _too_few(days.size, config)
    return int(labelled.decision_s[inside & (day >= days[-judged])].min())


def _too_few(days: int, config: AdapterConfig) -> NotReadyError:
    return NotReadyError(
        f"adapters need {config.min_days} days to learn from besides the newest {config.judged_frac:.0%}, which judge; "
        f"{days} days have labels that are known and that the version in service has not learned from: wait, or lower "
        "adapters.min_days of its recipe and train again",
        code="too_few_rows",
    )
