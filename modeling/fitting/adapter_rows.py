"""The rows that teach and judge what is upon a version in service: those after all that it has learned itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from modeling.fitting.dataset import NO_PART, VALIDATION, Dataset
from modeling.kernels.split_checks import assert_no_leak
from modeling.kernels.splits import Borders, LabelledRows, split_between
from traderai.common.arrays import I64
from traderai.common.errors import NotReadyError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LateParts:
    """One dataset twice: with the older of the late rows as its validation part, and with the newest."""

    teaches: Dataset
    judges: Dataset


class JudgedBy(Protocol):
    """How much of the late rows teaches and how much judges."""

    @property
    def min_days(self) -> int:
        """The days that must teach at least."""

    @property
    def judged_frac(self) -> float:
        """The share of the days that judge, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Between which moments rows are late: not learned from, and their labels known."""

    learned_s: int  # end of the last label that the version in service learned
    as_of_s: int
    embargo_s: int
    taught: str = "adapters"  # what the rows teach, for errors
    asked_in: str = "adapters.min_days of its recipe and train again"  # where fewer days are asked for

    @property
    def since_s(self) -> int:
        """The first moment at which a late row may be decided."""
        return self.learned_s + self.embargo_s + 1


def late_parts(dataset: Dataset, late: Late, config: JudgedBy) -> LateParts:
    """Return the late rows in two parts, purged and embargoed like every other split.

    Rows and labels after `as_of_s` have no say, whether or not the dataset holds them.
    Raises: NotReadyError where the days are too few to teach and judge.
    """
    known = dataset.usable & (dataset.targets.window_end_s <= late.as_of_s)
    rows, columns = np.nonzero(known)
    labelled = LabelledRows(
        decision_s=dataset.decision_s[rows], window_end_s=dataset.targets.window_end_s[rows, columns]
    )
    since_s = late.since_s
    border_s = _border_s(labelled, dataset.day[rows], late, config)
    split = split_between(
        labelled,
        Borders(validation_start_s=since_s, test_start_s=border_s),
        embargo_s=late.embargo_s,
    )
    if split.validation.size == 0:
        raise _too_few(0, late, config)
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


def _border_s(labelled: LabelledRows, day: I64, late: Late, config: JudgedBy) -> int:
    """Return the first decision of the newest days, which judge."""
    inside = labelled.decision_s >= late.since_s
    days = np.unique(day[inside])
    judged = round(config.judged_frac * days.size)
    if judged < 1 or days.size - judged < config.min_days:
        raise _too_few(days.size, late, config)
    return int(labelled.decision_s[inside & (day >= days[-judged])].min())


def _too_few(days: int, late: Late, config: JudgedBy) -> NotReadyError:
    return NotReadyError(
        f"{late.taught} need {config.min_days} days to learn from besides the newest {config.judged_frac:.0%}, which judge; "
        f"{days} days have labels that are known and that the version in service has not learned from: wait, or lower "
        f"{late.asked_in}",
        code="too_few_rows",
    )
