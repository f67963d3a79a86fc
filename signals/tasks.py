"""Celery's entry into scoring; ids and limits in, one call."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def signals_score_due(limit: int = 50) -> None:
    """Score what is due."""
    # ONNX Runtime, Numba and polars must first be loaded in the forked child: used before the fork they hang it.
    from signals.services import score

    score.signals_score_due(limit=limit, now=clock.now())


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def signals_publish_due() -> None:
    """Publish what was told and is not on the stream yet."""
    from signals.services import publish

    publish.signals_publish()


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def outcomes_resolve_due(limit: int = 5000) -> None:
    """Write the outcomes of told signals whose windows have closed."""
    from signals.services import outcomes

    outcomes.outcomes_resolve(limit=limit, now=clock.now())


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def record_bases_due() -> None:
    """Reckon what the track records with new outcomes are held against."""
    from signals.services import record_bases

    record_bases.record_bases_due(now=clock.now())


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def shadows_score_due(limit: int = 50) -> None:
    """Let versions in shadow answer what is due."""
    from signals.services import shadow

    shadow.shadows_score_due(limit=limit, now=clock.now())
