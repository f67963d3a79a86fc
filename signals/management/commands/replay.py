"""`manage.py replay`: decide on the bars of the past as the live path would have."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.contracts import ReplayReport
from traderai.common import clock
from traderai.common.clock import MOSCOW
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Replay the live path over history."""

    help = (
        "Decide on every closed bar of the days from --since to --until (Moscow dates, both counted), each by the version "
        "that served then or had been trained before it, and store the signals as replayed. Goes on where it was broken "
        "off; repeating stores nothing new."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--since", type=date.fromisoformat, required=True, help="first day, YYYY-MM-DD")
        parser.add_argument("--until", type=date.fromisoformat, help="last day; unless given today")
        parser.add_argument("--secids", help="only these shares, tickers by comma")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print."""
        # Heavy (ONNX Runtime, Numba): loaded when the command runs, not when `help` lists it.
        from signals.services.replay import signals_replay

        now = clock.now()
        until = now if options["until"] is None else min(_moment(options["until"], time.max), now)
        try:
            report = signals_replay(
                since=_moment(options["since"], time.min),
                until=until,
                secids=options["secids"].split(",") if options["secids"] else None,
                now=now,
                progress=self._progress,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self._print(report)

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")

    def _print(self, report: ReplayReport) -> None:
        names = ", ".join(name or "nobody" for name in report.versions) or "nobody"
        self.stdout.write(f"{report.moments} bars of the market, answered by {names}")
        self.stdout.write(", ".join(f"{number} {action}" for action, number in report.actions) or "no signal")
        for reason in report.not_ready:
            self.stdout.write(f"not replayed: {reason}")
        self.stdout.write(f"{report.signals} signals, {report.new} new")


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=MOSCOW)
