"""`manage.py resolve_outcomes`: what came of what was told."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from traderai.common import clock


class Command(BaseCommand):
    """Write the outcome of every told signal whose window has closed; repeating writes nothing new."""

    help = "Write the outcome of every told signal whose window has closed, by the code of the labels."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--limit", type=int, default=None, help="end after about so many outcomes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Resolve and print counts."""
        # Heavy (Numba): loaded when the command runs, not when `help` lists it.
        from signals.services.outcomes import outcomes_resolve

        report = outcomes_resolve(now=clock.now(), limit=options["limit"], progress=self._progress)
        self.stdout.write(
            f"{report.new} outcomes written: {report.traded} traded, {report.no_trade} nothing to trade, "
            f"{report.void} void; {report.waiting} signals wait for their windows to close"
        )
        for why in report.refused:
            self.stderr.write(why)

    def _progress(self, done: int, total: int, what: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\rresolving {done}/{total} {what:<12}", ending="\n" if done == total else "")
