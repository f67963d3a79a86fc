"""Claiming due work by compare-and-swap with a lease, so that a dead worker gives it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q

from traderai.jobs.models import Job

ATTEMPTS_MAX = 3


def job_claim(*, kind: str, business_key: str, now: datetime, lease: timedelta) -> int | None:
    """Return the id of the job if this process now owns the unit, None if it is owned, done or given up.

    Repeating: a unit is done once; a failed or abandoned one is taken up again, at most three times.
    """
    job, created = Job.objects.get_or_create(
        kind=kind,
        business_key=business_key,
        defaults={"state": Job.State.RUNNING, "lease_until": now + lease, "started_at": now},
    )
    if created:
        return job.pk
    free = Q(state=Job.State.FAILED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    won = Job.objects.filter(free, pk=job.pk, attempts__lt=ATTEMPTS_MAX).update(
        state=Job.State.RUNNING,
        lease_until=now + lease,
        attempts=F("attempts") + 1,
        started_at=now,
        finished_at=None,
        error="",
    )
    return job.pk if won == 1 else None


def job_finish(*, job_id: int, now: datetime) -> None:
    """Mark an owned unit as done; repeating changes nothing."""
    Job.objects.filter(pk=job_id, state=Job.State.RUNNING).update(
        state=Job.State.DONE, finished_at=now, progress_frac=1.0, lease_until=None
    )


def job_fail(*, job_id: int, now: datetime, error: str) -> None:
    """Mark an owned unit as failed with its reason; it is due again until the attempts are used up."""
    Job.objects.filter(pk=job_id, state=Job.State.RUNNING).update(
        state=Job.State.FAILED, finished_at=now, error=error[:4000], lease_until=None
    )


def job_progress(*, job_id: int, frac: float, now: datetime, lease: timedelta) -> None:
    """Record how far an owned unit is and prolong its lease."""
    Job.objects.filter(pk=job_id, state=Job.State.RUNNING).update(progress_frac=frac, lease_until=now + lease)
