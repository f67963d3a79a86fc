"""`manage.py ondemand`: the warm worker that decides while the asker waits."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Answer questions from Redis until stopped."""

    help = "Compute what is asked of shares and moments without a stored signal, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        """Warm up and serve."""
        # Heavy (ONNX Runtime, Numba): loaded when the command runs, not when `help` lists it.
        from signals.services.ondemand import Desk, questions_serve

        stops: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: stops.append(number))
        desk = Desk()
        try:
            desk.warm(now=clock.now())
        except TraderAIError as error:
            self.stderr.write(f"not warm yet: {error.detail}")
        self.stdout.write("ondemand ready.")
        self.stdout.flush()
        try:
            answered = questions_serve(desk=desk, stopped=lambda: bool(stops))
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{answered} questions answered")
