"""The sweeper: what a dead worker held becomes due again."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock
from traderai.jobs.services import job_sweep


@shared_task(ignore_result=True)
def jobs_sweep() -> None:
    """Release the units whose lease has run out."""
    job_sweep(now=clock.now())
