"""`manage.py evaluate VERSION`: score a stored earlier system again on its test slice, by the same rules."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Score a stored system again."""

    help = "Score a stored earlier system on the test slice that it was judged on; other figures than stored are an error."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("version", help="as manage.py models list names it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Score and print."""
        from modeling.services.systems import system_evaluate  # imports what learns

        try:
            report = system_evaluate(version=options["version"], progress=self._progress)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report.table))
        self.stdout.write(f"\nthe stored artifact scores the same figures, {report.seconds:.0f} s")
        self.stdout.write("\n".join(report.files))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
