"""Claiming due work by compare-and-swap with a lease, so that a dead worker gives it back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from traderai.jobs.contracts import Claim, SweepReport
from traderai.jobs.models import Job

ATTEMPTS_MAX = 3
KEPT_FOR = timedelta(days=14)
# Their keys name steps that are done once for all; every other key names a bar, a day or an interval of its own.
KEPT_KINDS = frozenset({"main_job", "demo"})


def job_claim(*, kind: str, business_key: str, now: datetime, lease: timedelta) -> Claim | None:
    """Return the claim if this process now owns the unit, None if it is owned, done or given up.

    Repeating: a unit is done once; a failed or abandoned one is taken up again, at most three times.
    """
    job, created = Job.objects.get_or_create(
        kind=kind,
        business_key=business_key,
        defaults={"state": Job.State.RUNNING, "lease_until": now + lease, "started_at": now},
    )
    if created:
        return Claim(job_id=job.pk, attempt=job.attempts)
    free = Q(state=Job.State.FAILED) | Q(state=Job.State.RUNNING, lease_until__lt=now)
    # Comparing with the attempt that was read makes the new one known without reading again.
    won = Job.objects.filter(free, pk=job.pk, attempts=job.attempts, attempts__lt=ATTEMPTS_MAX).update(
        state=Job.State.RUNNING,
        lease_until=now + lease,
        attempts=job.attempts + 1,
        started_at=now,
        finished_at=None,
        progress_frac=0.0,
        error="",
    )
    return Claim(job_id=job.pk, attempt=job.attempts + 1) if won == 1 else None


def job_finish(*, claim: Claim, now: datetime) -> bool:
    """Mark an owned unit as done; return whether it was still owned.

    Repeating changes nothing, and so does a worker whose unit was taken over by another.
    """
    ended = _owned(claim).update(state=Job.State.DONE, finished_at=now, progress_frac=1.0, lease_until=None)
    return ended == 1


def job_fail(*, claim: Claim, now: datetime, error: str) -> bool:
    """Mark an owned unit as failed with its reason; return whether it was still owned.

    It is due again until the attempts are used up. Repeating changes nothing, and so does a worker whose unit was
    taken over by another.
    """
    ended = _owned(claim).update(
        state=Job.State.FAILED, finished_at=now, error=error[:4000], lease_until=None
    )
    return ended == 1


def job_progress(*, claim: Claim, frac: float, now: datetime, lease: timedelta) -> bool:
    """Record how far an owned unit is and prolong its lease; return whether it is still owned.

    Repeating prolongs it again. A worker that gets False has lost the unit and should stop.
    """
    return _owned(claim).update(progress_frac=frac, lease_until=now + lease) == 1


def job_record(*, kind: str, business_key: str, started_at: datetime, now: datetime) -> None:
    """Record a unit as done that its owner did under another exclusive right, such as an advisory lock.

    Repeating keeps the first record.
    """
    Job.objects.get_or_create(
        kind=kind,
        business_key=business_key,
        defaults={
            "state": Job.State.DONE,
            "started_at": started_at,
            "finished_at": now,
            "progress_frac": 1.0,
        },
    )


def job_sweep(*, now: datetime) -> SweepReport:
    """Take running units whose lease has run out away from their dead owners.

    A unit with attempts left is due again; one without stays failed, for staff to see. Units that ended more than
    two weeks ago are removed: there are thousands a day. Repeating finds nothing.
    """
    abandoned = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=now)
    given_up = abandoned.filter(attempts__gte=ATTEMPTS_MAX).update(
        state=Job.State.FAILED,
        finished_at=now,
        lease_until=None,
        error=f"the lease ran out {ATTEMPTS_MAX} times: whoever does this unit dies at it; look at the logs",
    )
    released = abandoned.filter(attempts__lt=ATTEMPTS_MAX).update(
        state=Job.State.FAILED,
        finished_at=now,
        lease_until=None,
        error="the lease ran out: its worker died or hung; the unit is due again",
    )
    ended = Job.objects.exclude(kind__in=KEPT_KINDS).exclude(state=Job.State.RUNNING)
    removed, _ = ended.filter(finished_at__lt=now - KEPT_FOR).delete()
    return SweepReport(released=released, given_up=given_up, removed=removed)


def _owned(claim: Claim) -> QuerySet[Job]:
    """Return the unit of a claim, or nothing once it has ended or belongs to a later owner."""
    return Job.objects.filter(pk=claim.job_id, attempts=claim.attempt, state=Job.State.RUNNING)


@contextmanager
def advisory_lock(name: str) -> Iterator[bool]:
    """Hold PostgreSQL's advisory lock of a name while inside; yields False where another session has it.

    The lock is freed when the connection ends, so a killed process leaves none behind.
    """
    key = zlib.crc32(name.encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        held = bool(cursor.fetchone()[0])
        try:
            yield held
        finally:
            if held:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
