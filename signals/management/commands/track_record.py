"""`manage.py track_record`: what was told and what came of it, all of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.contracts import SOURCES
from signals.management.record_lines import record_lines
from signals.selectors.track_record import track_record_get
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Print one track record; live, replayed and simulated ones are never mixed, nor proven and paper ones."""

    help = (
        "Print the whole track record of one source, proven or paper, beside what all rows of each side made."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", choices=SOURCES, default="live", help="live unless given")
        kind = parser.add_mutually_exclusive_group()
        kind.add_argument("--proven", action="store_true", help="of models that have proven a profit")
        kind.add_argument("--paper", action="store_true", help="of all others (the default)")
        parser.add_argument("--all", action="store_true", help="list every signal, not the newest twenty")
        parser.add_argument("--plot", metavar="FILE", type=Path, help="write a PNG of the sum of R there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the record and draw it."""
        # Heavy (Numba, Matplotlib): loaded when the command runs, not when `help` lists it.
        from signals.services.record_bases import record_bases, record_bases_keep

        plot = options["plot"]
        if plot is not None and not plot.parent.is_dir():
            raise CommandError(f"--plot must be a file in a folder that exists, was {plot}")
        try:
            record = track_record_get(source=options["source"], proven=options["proven"], as_of=clock.now())
            bases = record_bases(record=record)
            record_bases_keep(record=record, bases=bases)  # for those who read the record on the web
            for line in record_lines(record, bases, last=None if options["all"] else 20):
                self.stdout.write(line)
            if plot is not None and record.figures is not None:
                from signals.services.record_plot import record_plot

                plot.write_bytes(record_plot(record=record))
                self.stdout.write(f"drawn in {plot}")
        except TraderAIError as error:
            raise CommandError(error.detail) from error
