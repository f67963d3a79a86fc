"""`manage.py explain VERSION`: what a version reads, and whether it helps."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from traderai.common.errors import TraderAIError
from traderai.common.native_stderr import native_stderr_held


class Command(BaseCommand):
    """Explain a version."""

    help = "Print which features and families a version's answers depend on, measured on its test part."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("version")
        parser.add_argument("--rows", type=int, help="measure anew on so many (row, horizon) pairs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print what the training stored, or measure it anew."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        with native_stderr_held():
            from modeling.services.explain import explain  # imports Keras: 6 to 10 s

        try:
            report = explain(version=options["version"], rows=options["rows"], progress=self._progress)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        told = "measured at its training" if report.stored else "measured anew, not stored"
        self.stdout.write(f"{report.version}, {told}\n\n" + "\n".join(report.lines))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
