"""`manage.py ablate RECIPE`: what each option of the imbalance toolkit does, in one table."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.management.recipe_flags import add_recipe_flags, overrides_of
from modeling.management.until import until_moment
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Ablate a recipe's toolkit."""

    help = (
        "Train a neural recipe without any option of its imbalance toolkit, with each one alone and with all; goes on where "
        "it was cut off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("recipe", help="name of a file in traderai/config/recipes")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--until", help="last day (Moscow) that may be known, YYYY-MM-DD")
        add_recipe_flags(parser)
        parser.add_argument(
            "--options", nargs="+", default=[], metavar="OPTION", help="only these; default the toolkit's ten"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Train and print."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        from modeling.services.ablate import recipe_ablate  # imports what learns

        try:
            report = recipe_ablate(
                recipe=options["recipe"],
                as_of=until_moment(options["until"]),
                seed=options["seed"],
                overrides=overrides_of(options),
                options=tuple(options["options"]),
                progress=self._progress,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report.table))
        self.stdout.write(f"\n{report.reused} of {len(report.versions)} lines had been made before")
        self.stdout.write("\n".join(f"{name}: {version}" for name, version in report.versions.items()))

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
