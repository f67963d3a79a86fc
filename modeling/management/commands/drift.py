"""`manage.py drift [VERSION]`: how far a version's newest days have moved from its training."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.selectors.drift import drift_lines
from modeling.services.drift import drift_check
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Report drift."""

    help = "Compare the newest days of a version with its training and store the report, one a day."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("version", nargs="?", help="the version in service unless given")
        parser.add_argument(
            "--as-of",
            type=date.fromisoformat,
            help="what was known at the end of a day (Moscow), such as 2025-03-31; now unless given",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check and print; a drifted version is a finding and no error."""
        now = clock.now()
        try:
            as_of = _end_of(options["as_of"]) if options["as_of"] else now
            facts = drift_check(
                version=options["version"], as_of=min(as_of, now), now=now, progress=self._progress
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(drift_lines(facts)))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, tzinfo=clock.MOSCOW)
