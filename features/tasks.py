"""The stages of the features app as Celery tasks: shells around services."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError


@shared_task(
    autoretry_for=(TransientError,),
    max_retries=5,
    retry_backoff=5,
    retry_jitter=True,
    acks_late=True,
    ignore_result=True,
)
def features_build_due(limit: int = 50) -> None:
    """Build the features of instruments whose newest closed bar has none yet."""
    # Imported here: TA-Lib, Numba and Parquet must not be loaded in the worker's parent process.
    from features.services import due

    due.features_build_due(limit=limit, now=clock.now())


@shared_task(
    autoretry_for=(TransientError,),
    max_retries=5,
    retry_backoff=5,
    retry_jitter=True,
    acks_late=True,
    ignore_result=True,
)
def features_check_due() -> None:
    """Compare every stored month with its inputs, once a day, and rebuild what differs."""
    # Imported here: TA-Lib, Numba and Parquet must not be loaded in the worker's parent process.
    from features.services import due

    due.features_check_due(now=clock.now())


@shared_task(
    autoretry_for=(TransientError,),
    max_retries=5,
    retry_backoff=5,
    retry_jitter=True,
    acks_late=True,
    ignore_result=True,
)
def regime_build_due() -> None:
    """Extend the regime history when a trading day is over."""
    # Imported here: NumPy and Numba must not be loaded in the worker's parent process.
    from features.services import regime

    regime.regime_build_due(now=clock.now())


@shared_task(
    autoretry_for=(TransientError,),
    max_retries=5,
    retry_backoff=5,
    retry_jitter=True,
    acks_late=True,
    ignore_result=True,
)
def features_publish_due() -> None:
    """Publish the rows of bars that have closed since the last call."""
    # Imported here: TA-Lib and Numba must not be loaded in the worker's parent process.
    from features.services import live

    live.live_update(now=clock.now())
