"""`manage.py calibrate_thresholds RUN|MODEL --target-precision P`: what a wanted precision leaves of a version's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.management.looks import look_write
from modeling.services.calibrate_thresholds import thresholds_calibrate
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Report the cuts of a version at a wanted precision."""

    help = (
        "For each side and horizon of a published version, show the precision-recall curve of its validation rows, the "
        "least probability that reaches a precision, and what is left on validation and test. Nothing is stored but the "
        "look itself, as a trial."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the version and the precision."""
        parser.add_argument(
            "model", help="a version (manage.py models list), or the number of a training run"
        )
        parser.add_argument(
            "--target-precision", type=float, required=True, metavar="P", help="within (0, 1]"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Find the cuts, print the table and write the file."""
        try:
            report = thresholds_calibrate(
                model=options["model"],
                target_precision=options["target_precision"],
                now=clock.now(),
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        look_write(self.stdout, report, of="looks", file=options["json"])

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
