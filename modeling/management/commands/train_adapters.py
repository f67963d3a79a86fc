"""`manage.py train_adapters`: light models of single tickers upon the version in service."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.services.adapters import adapters_train
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Train adapters."""

    help = (
        "Teach and judge the adapters of the version in service, and put those proven into service beside it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Train and print what became of it."""
        try:
            report = adapters_train(now=clock.now(), seed=options["seed"], progress=self._progress)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{report.version.version}: {report.note}")
        self.stdout.write(f"artifact {report.version.artifact_key}, {report.seconds:.0f} s")

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
