"""`manage.py evaluate VERSION`: score a stored earlier system or network again on its test slice, by the same rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Score a stored version again."""

    help = "Score a stored version on the test slice that it was judged on; other figures than stored are an error."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("version", help="as manage.py models list names it")
        parser.add_argument("--timeframe", help="of the bars; only the one that it learned from is taken")
        parser.add_argument("--tickers", nargs="+", default=[], help="only these of its shares")
        parser.add_argument("--max-rows", type=int, help="only the newest so many test rows")
        parser.add_argument(
            "--output", type=Path, help="a folder for the metrics as JSON and the confusion matrix as PNG"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Score and print."""
        from modeling.services.evaluate import version_evaluate  # imports what learns
        from modeling.systems.judged_slice import SliceAsk

        try:
            ask = SliceAsk(
                timeframe=options["timeframe"],
                tickers=tuple(word.upper() for word in options["tickers"]),
                max_rows=options["max_rows"],
            )
            report = version_evaluate(
                version=options["version"], ask=ask, folder=options["output"], progress=self._progress
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report.table))
        same = "the stored artifact scores the same figures" if ask.whole else "a slice of the test part"
        self.stdout.write(f"\n{same}, {report.seconds:.0f} s")
        self.stdout.write("\n".join(report.files))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
