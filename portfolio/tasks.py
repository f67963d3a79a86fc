"""Celery's entry into the ledger; limits in, one call."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock
from traderai.common.errors import TransientError


@shared_task(autoretry_for=(TransientError,), retry_backoff=True, max_retries=3)
def virtual_orders_fill_due() -> None:
    """Fill the orders of virtual accounts whose candle has closed, and close what their stops close."""
    # What the services bring is first loaded in the forked child.
    from portfolio.services import virtual

    virtual.virtual_orders_fill(now=clock.now())
