"""`manage.py optimize_hyperparameters RECIPE --tries N`: search an earlier system's parameters on its training part."""

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
    """Search an earlier system's parameters."""

    help = (
        "Search an earlier system's parameters by folds in time inside of its training part; interrupted and repeated it "
        "goes on where it stopped. Every point counts as a trial; no recipe is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to search and how often."""
        parser.add_argument("recipe", help="a recipe of kind system")
        parser.add_argument(
            "--tries", type=int, required=True, help="points in all, those of earlier calls included"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--until", help="last day (Moscow) that may be known, YYYY-MM-DD")
        add_recipe_flags(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Search, print the best points and how the best is used."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        from modeling.services.optimize_hyperparameters import (  # imports what learns
            TuningAsk,
            hyperparameters_optimize,
        )

        try:
            report = hyperparameters_optimize(
                ask=TuningAsk(
                    recipe=options["recipe"],
                    as_of=until_moment(options["until"]),
                    tries=options["tries"],
                    seed=options["seed"],
                    overrides=overrides_of(options),
                ),
                folder=Path(settings.STATE_DIR) / "studies",
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"judged by folds of the {report.rows:,} rows of the training part\n")
        self.stdout.write("\n".join(report.table))
        self.stdout.write(
            f"\n{report.new_trials} of {report.points} points are new trials. The best looks better than it is: judge it "
            f"on held-out rows by\nmanage.py train {options['recipe']} {' '.join(report.options)}"
        )

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
