"""`manage.py demo`: a replayed year by models trained quarter by quarter, as far as it is not done yet."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.common.errors import TraderAIError
from traderai.site.up.demo import DemoOptions, demo_run


class Command(BaseCommand):
    """Walk a year forward and print the whole track record; repeating prints it again."""

    help = (
        "Train a version before each of the last quarters of the data, replay each quarter by what was trained before it, "
        "resolve what was told and print the whole track record. Goes on where it stopped; wants a database of its own."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--data", type=Path, default=None, help="folder of candle files to take instead of ISS"
        )
        parser.add_argument(
            "--until",
            type=date.fromisoformat,
            help="first day (Moscow) left out; the end of the newest whole month",
        )
        parser.add_argument("--quarters", type=int, default=4, help="how many (default: %(default)s)")
        parser.add_argument("--universe", help="tickers by comma, or the name of a universe of universe.yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps that are left."""
        chosen = DemoOptions(**{name: options[name] for name in ("data", "until", "quarters", "universe")})
        try:
            done = demo_run(chosen, say=self._say)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        total_s = sum(step.seconds or 0.0 for step in done)
        self._say(f"{len(done)} steps, {total_s:.0f} s in this run")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
