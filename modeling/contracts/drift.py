"""Drift: what is asked of a version in service, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

DriftGrade = Literal["unknown", "ok", "watch", "drift"]
DRIFT_GRADES: Final[tuple[DriftGrade, ...]] = ("unknown", "ok", "watch", "drift")  # the worst last


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftConfig:
    """What a training keeps for later comparison, and from where on a difference is drift (drift.yaml)."""

    stretch_days: int  # trading days that are compared as one; the reference is cut into as long stretches
    bins: int
    least_stretches: int  # with fewer, nothing is called more than `watch`
    least_psi: float  # a smaller one is no change, however steady a feature was in training
    ks_level: float
    top_frac: float  # of the held-out scores: those whose hit rate is followed
    cusum_slack: float  # standard deviations
    cusum_run_length: float  # outcomes until a false alarm of one side of one head, on average
    history_days: int  # calendar days that hits are followed over, at most
    max_scored_rows: int  # of the newest stretch, and as many of the history

    def __post_init__(self) -> None:
        if self.stretch_days < 1 or self.bins < 2 or self.least_stretches < 2:
            raise ValueError(
                "stretch_days must be at least 1, bins and least_stretches at least 2, were "
                f"{self.stretch_days}, {self.bins} and {self.least_stretches}"
            )
        if not self.least_psi > 0 or not 0 < self.ks_level < 1 or not 0 < self.top_frac <= 1:
            raise ValueError(
                "least_psi must be above 0, ks_level and top_frac within (0, 1], were "
                f"{self.least_psi}, {self.ks_level} and {self.top_frac}"
            )
        if not self.cusum_slack > 0 or not self.cusum_run_length >= 2:
            raise ValueError(
                "cusum_slack must be above 0 and cusum_run_length at least 2, were "
                f"{self.cusum_slack} and {self.cusum_run_length}"
            )
        if self.history_days < self.stretch_days or self.max_scored_rows < 1:
            raise ValueError(
                "history_days must be at least stretch_days and max_scored_rows at least 1, were "
                f"{self.history_days} and {self.max_scored_rows}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftFinding:
    """One feature or score of the newest stretch beside its reference."""

    name: str
    family: str
    grade: DriftGrade
    psi: float
    strangeness: float  # the PSI in units of the largest of any stretch of the reference
    ks: float
    ks_p: float  # one row a trading day counted


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFinding:
    """The features of one family together."""

    family: str
    features: int
    watch: int
    drift: int
    strangest: str  # the feature


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFinding:
    """The hits of one head's best scores since training, beside their calibrated probabilities."""

    name: str  # "p_long_3d"
    grade: DriftGrade
    outcomes: int  # days whose windows do not overlap
    hit_rate: float
    expected: float
    low: float  # the CUSUM for too few hits, in standard deviations; above `limit` is drift
    high: float  # for too many; above `limit` the probabilities are worth a look
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftGroup:
    """Features or scores together; without drift the group is called `drift` once in `stretches` + 1 stretches at most."""

    stretches: int  # of the reference
    limit: float  # of strangeness: the strangest stretch of the reference beside the others
    found: tuple[ShiftFinding, ...]  # the strangest first


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFindings:
    """Everything that was compared."""

    days: int  # trading days compared: those of one stretch, 0 where there are not so many yet
    features: ShiftGroup | None = None
    families: tuple[FamilyFinding, ...] = ()
    scores: ShiftGroup | None = None
    hits: tuple[HitFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFacts:
    """One drift report of a version, one a Moscow day."""

    version: str
    day: date
    as_of: datetime  # nothing later was read
    grade: DriftGrade
    note: str  # why the grade is unknown, or what could not be compared
    findings: DriftFindings

    @property
    def drifted(self) -> tuple[str, ...]:
        """The features, scores and heads whose own grade is `drift`."""
        found: list[ShiftFinding | HitFinding] = list(self.findings.hits)
        for group in (self.findings.features, self.findings.scores):
            found += () if group is None else group.found
        return tuple(each.name for each in found if each.grade == "drift")
