"""Celery's entry into the weekly reports."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def weekly_reports_due(limit: int = 500) -> None:
    """Make the weekly reports that are due."""
    # Numba and polars must first be loaded in the forked child.
    from behavior.services import weekly

    weekly.weekly_reports_due(limit=limit, now=clock.now())
