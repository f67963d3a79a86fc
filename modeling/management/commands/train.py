"""`manage.py train RECIPE`: train, judge and, if it passes, put into service; prints the honest table."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.fitting.recipe import recipe_kind
from modeling.management.moments import until_moment
from traderai.common.errors import TraderAIError
from traderai.common.native_stderr import native_stderr_held


class Command(BaseCommand):
    """Train a recipe."""

    help = "Train a recipe, register the version, judge it and promote it if it passes its gate."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("recipe", help="name of a file in traderai/config/recipes")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--until", help="last day (Moscow) that may be known, YYYY-MM-DD")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the training and print what it found."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        asked = {
            "recipe": options["recipe"],
            "as_of": until_moment(options["until"]),
            "seed": options["seed"],
            "overrides": tuple(options["overrides"]),
            "progress": self._progress,
        }
        try:
            self._system(asked) if recipe_kind(options["recipe"]) == "system" else self._network(asked)
        except TraderAIError as error:
            raise CommandError(error.detail) from error

    def _network(self, asked: dict[str, Any]) -> None:
        # TensorFlow's own log level does not silence what its libraries say before it is read.
        with native_stderr_held():
            from modeling.services.fit import recipe_train  # imports Keras: 6 to 10 s

        report = recipe_train(**asked)
        self.stdout.write("\n".join(report.table))
        self.stdout.write(f"\n{report.version.version}: {report.note}")
        self.stdout.write(f"artifact {report.version.artifact_key}, {report.seconds:.0f} s")

    def _system(self, asked: dict[str, Any]) -> None:
        from modeling.services.systems import system_train  # imports what learns

        report = system_train(**asked)
        self.stdout.write("\n".join(report.table))
        known = "nothing has changed since it was trained" if report.reused else "trained, to be compared"
        self.stdout.write(f"\n{report.version.version}: {known}, {report.seconds:.0f} s")
        self.stdout.write("\n".join(report.files))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
