"""What leaves the jobs app: a unit of work as others may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to one unit of work; it ends when another worker takes the unit over after a lost lease."""

    job_id: int
    attempt: int  # which owner of this unit this is, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """One unit of due work and what has become of it."""

    kind: str
    business_key: str
    state: str  # running, done, failed
    attempts: int
    progress_frac: float
    error: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What one sweep found: units whose owner died, and units that ended long ago."""

    released: int  # due again
    given_up: int  # their attempts are used up; staff see them as failed
    removed: int = 0  # ended so long ago that nobody asks for them any more
