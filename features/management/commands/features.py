"""List the features, or the sets made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from features.catalogue_page import catalogue_markdown
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Print the catalogue of features and the sets with their hashes as Markdown."""

    help = (
        "List every feature (formula, parameters, look-back, unit, range, source) by family, and every set."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the choice of one set and of a file."""
        parser.add_argument("--feature-set", help="only the features of this set")
        parser.add_argument("--output", type=Path, help="write to this file instead of the screen")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or write the page."""
        try:
            page = catalogue_markdown(options["feature_set"])
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        if options["output"] is None:
            self.stdout.write(page)
        else:
            try:
                options["output"].write_text(page, encoding="utf-8")
            except OSError as error:
                raise CommandError(f"--output must be a file that can be written: {error}") from error
            self.stdout.write(f"written to {options['output']}")
