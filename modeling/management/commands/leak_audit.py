"""`manage.py leak_audit VERSION`: the guards against leaks on a version whose figures are too good."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.services.leak_audit import leak_audit
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Audit a version."""

    help = (
        "Run the leakage guards on a version's own dataset and store the verdict, which its gate then reads."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("version")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the audit and print what every guard found; a failed audit is an error."""
        try:
            report = leak_audit(version=options["version"], now=clock.now(), progress=self._progress)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        for check in report.checks:
            self.stdout.write(f"{check.name}: {'passed' if check.passed else 'FAILED'}")
            self.stdout.write("".join(f"  {line}\n" for line in check.found), ending="")
        if not report.passed:
            raise CommandError(f"{report.version} has failed its leak audit; find the leak and train again")
        self.stdout.write(
            f"{report.version} has passed its leak audit; to have its gate read that, run manage.py models judge "
            f"{report.version}"
        )

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
