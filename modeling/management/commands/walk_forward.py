"""`manage.py walk_forward RECIPE`: refit an earlier system in folds in time, and tell what it made of each and of all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.management.recipe_flags import add_recipe_flags, overrides_of
from modeling.management.until import until_moment
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Walk an earlier system forward."""

    help = "Refit an earlier system in every fold, judge it on what comes after, and write text, JSON and a picture."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to walk over and where to put the files."""
        parser.add_argument("recipe", help="a recipe of kind system")
        parser.add_argument("--folds", type=int, help="test parts of equal length; default: calendar years")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--until", help="last day (Moscow) that may be known, YYYY-MM-DD")
        add_recipe_flags(parser)
        parser.add_argument("--output", type=Path, help="a folder; default: reports/walk of the state folder")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Walk, and print the honest table."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        from modeling.services.walk_forward import WalkAsk, system_walk_forward  # imports what learns

        try:
            report = system_walk_forward(
                ask=WalkAsk(
                    recipe=options["recipe"],
                    as_of=until_moment(options["until"]),
                    folds=options["folds"],
                    seed=options["seed"],
                    overrides=overrides_of(options),
                ),
                folder=options["output"] or Path(settings.STATE_DIR) / "reports" / "walk",
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report.table))
        self.stdout.write("\na new trial" if report.is_new_trial else "\ncounted as a trial before")
        self.stdout.write("\n".join(report.files))

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
