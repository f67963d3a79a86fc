"""`manage.py main_job`: candles to signals, as far as it is not done yet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.common.errors import TraderAIError
from traderai.site.up.main_job import main_job_run
from traderai.site.up.summary import summary_lines


class Command(BaseCommand):
    """Do the main job and print what was found; repeating prints it again."""

    help = "Take candles all the way to signals, as far as it is not done yet, and print what was found."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--data", type=Path, default=None, help="folder of candle files to take instead of ISS"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps that are left, then print the summary."""
        try:
            done = main_job_run(data=options["data"], say=self._say)
            for line in summary_lines(done):
                self.stdout.write(line)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.flush()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
