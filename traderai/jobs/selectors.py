"""Reads of what was done and what is running."""

from __future__ import annotations

from datetime import datetime

from traderai.jobs.contracts import JobFacts
from traderai.jobs.models import Job


def job_list(*, kind: str, as_of: datetime) -> tuple[JobFacts, ...]:
    """Return the units of a kind that had begun at `as_of`, oldest first."""
    rows = Job.objects.filter(kind=kind, started_at__lte=as_of).order_by("started_at", "pk")
    return tuple(_facts(job) for job in rows)


def failed_count() -> int:
    """Return how many units of work stand failed now."""
    return Job.objects.filter(state=Job.State.FAILED).count()


def _facts(job: Job) -> JobFacts:
    return JobFacts(
        kind=job.kind,
        business_key=job.business_key,
        state=job.state,
        attempts=job.attempts,
        progress_frac=job.progress_frac,
        error=job.error,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )
