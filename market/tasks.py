"""Celery tasks of the market."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError


@shared_task(
    name="market.tasks.candles_ingest_due",
    autoretry_for=(TransientError,),
    max_retries=3,
    retry_backoff=True,
    retry_jitter=True,
)
def candles_ingest_due(limit: int = 50) -> dict[str, Any]:
    """Bring the candles that are due."""
    # Imported here: the worker's parent imports this module and must stay small.
    from market.services.due import candles_ingest_due as bring

    report = bring(limit=limit, now=clock.now())
    return {"received": report.rows_received, "new": report.rows_new, "changed": report.rows_changed}
