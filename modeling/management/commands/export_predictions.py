"""`manage.py export_predictions RUN|MODEL FILE`: a version's held-out predictions, each beside what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.services.export_predictions import predictions_export
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Write a published version's predictions to a file."""

    help = (
        "Write what a published version says of its own held-out rows, with outcomes and net results, to a Parquet or "
        "CSV file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to write and where."""
        parser.add_argument(
            "model", help="a version (manage.py models list), or the number of a training run"
        )
        parser.add_argument("path", type=Path, help="file to write: .parquet or .csv")
        parser.add_argument("--split", default="both", help="validation, test or both (default: both)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the export and print its report."""
        try:
            report = predictions_export(
                model=options["model"], path=options["path"], split=options["split"], progress=self._draw
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        parts = ", ".join(f"{rows:,} of the {part} part" for part, rows in report.rows.items())
        self.stdout.write(
            f"{report.version.version}: {parts} (rows times horizons, they overlap), {report.size_bytes / 1e6:.1f} MB in "
            f"{report.path}"
        )

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
