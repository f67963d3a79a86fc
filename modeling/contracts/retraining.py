"""Retraining: which jobs there are, when each is due, and what became of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

JobName = Literal["global", "council", "adapters"]
RetrainingState = Literal["switched", "kept", "refused", "failed"]
Trigger = Literal["calendar", "drift"]
ENDED: tuple[RetrainingState, ...] = ("switched", "kept")  # the others are tried again
RETRAINING_STATES: tuple[RetrainingState, ...] = (*ENDED, "refused", "failed")
TRIGGERS: tuple[Trigger, ...] = ("calendar", "drift")


def week_of(day: date) -> str:
    """Return the week that a day lies in, such as "2026-W47"; weeks begin on Monday."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingJob:
    """What is trained how often."""

    every: Literal["week", "month"]
    recipe: str | None = None  # None: the one of the version in service, as it was trained
    enabled: bool = True
    universe: str | None = None  # a list of universe.yaml; None: the shares of the recipe

    def period(self, day: date) -> str:
        """Return the period that a day lies in: "2026-11", or "2026-W47" as `week_of`."""
        return f"{day:%Y-%m}" if self.every == "month" else week_of(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLimits:
    """What the data must be like before anything is trained on them."""

    max_report_age_hours: float
    max_unfit_frac: float
    max_bar_age_days: float

    def __post_init__(self) -> None:
        if min(self.max_report_age_hours, self.max_bar_age_days) <= 0:
            raise ValueError(
                "max_report_age_hours and max_bar_age_days must be above 0, were "
                f"{self.max_report_age_hours} and {self.max_bar_age_days}"
            )
        if not 0.0 <= self.max_unfit_frac <= 1.0:
            raise ValueError(f"max_unfit_frac must lie in [0, 1], was {self.max_unfit_frac}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRules:
    """By how many days the version in service is calibrated again, each week."""

    enabled: bool
    min_days: int  # since the version has learned, besides those that judge
    judged_frac: float  # of the days since the version has learned, the newest: they judge

    def __post_init__(self) -> None:
        if self.min_days < 2 or not 0.0 < self.judged_frac < 1.0:
            raise ValueError(
                f"min_days must be at least 2 and judged_frac within (0, 1), were {self.min_days} and {self.judged_frac}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingConfig:
    """The jobs in the order in which they are done, and what holds for all (retraining.yaml)."""

    jobs: dict[JobName, RetrainingJob]
    data: DataLimits
    calibration: CalibrationRules
    drift_pause_days: int
    seed: int

    def __post_init__(self) -> None:
        for name, job in self.jobs.items():
            if (name == "adapters") != (job.recipe is None) or (
                job.recipe is None and job.universe is not None
            ):
                raise ValueError(
                    "adapters go by the recipe and universe of the version in service and have none of their own, every "
                    f"other job names a recipe; {name} has {job.recipe} and {job.universe}"
                )
        if self.drift_pause_days < 1 or self.seed < 0:
            raise ValueError(
                "drift_pause_days must be at least 1 and seed not negative, were "
                f"{self.drift_pause_days} and {self.seed}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingFacts:
    """What became of one attempt at a job."""

    job: str
    period: str  # "2026-11", "2026-W47", or "drift-2026-11-22"
    trigger: Trigger
    day: date  # Moscow
    state: RetrainingState
    version: str | None
    verdict: str  # of the gate, "" where none was asked
    note: str
    figures: Mapping[str, Any]
    at: datetime
