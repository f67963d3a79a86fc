"""`manage.py compare RUN RUN ...`: runs beside one another on the same rows, days, shares and costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Compare runs."""

    help = "Compare trained versions on the rows, days and shares that all have, beside what they must beat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "runs", nargs="+", metavar="RUN", help="versions as manage.py models list names them"
        )
        parser.add_argument(
            "--output", type=Path, help="a folder; default: reports/compare of the state folder"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare, print the table and name the files."""
        from modeling.services.compare import runs_compare  # imports what plots

        folder = options["output"] or Path(settings.STATE_DIR) / "reports" / "compare"
        try:
            report = runs_compare(runs=options["runs"], folder=folder)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join((*report.table, "", *report.files)))
