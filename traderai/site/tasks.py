"""Celery's entry into the notifier."""

from __future__ import annotations

from celery import shared_task

from traderai.common import clock


@shared_task
def notices_due() -> None:
    """Queue what is new for somebody, and send what waits."""
    from traderai.site.notifier import queue, send

    queue.notices_queue(now=clock.now())
    send.notices_send(now=clock.now())
