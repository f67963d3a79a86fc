"""What the roof does by the clock."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from traderai.common import clock


@shared_task
def notices_due() -> None:
    """Queue what is new for somebody, and send what waits."""
    from traderai.site.notifier import queue, send

    queue.notices_queue(now=clock.now())
    send.notices_send(now=clock.now())


@shared_task(ignore_result=True)
def kept_answers_sweep() -> None:
    """Remove the answers that have been kept for a day."""
    from traderai.site import kept_answers

    kept_answers.kept_answers_sweep(now=clock.now())


@shared_task(ignore_result=True)
def sessions_sweep() -> None:
    """Remove the sessions that have ended."""
    call_command("clearsessions")
