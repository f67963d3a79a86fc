"""`manage.py news_evaluate`: a scorer against the labelled sample of real news."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.news.evaluation import StratumReport, TypeReport
from market.news.scorers import scorer_open
from market.services.news_evaluate import news_evaluate, readers_agreement
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Print measured precision and recall; nothing is stored."""

    help = "Measures a news scorer on real items that were labelled by reading before any scorer existed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder of the news files and the scorer."""
        parser.add_argument("--path", type=Path, required=True, help="Folder of the real news files.")
        parser.add_argument("--scorer", default="rules", help="rules, model, transformer or a remote's name.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report."""
        try:
            found = news_evaluate(scorer=scorer_open(options["scorer"]), folder=options["path"])
        except TraderAIError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"scorer {found.scorer} version {found.version}, {found.seconds:.1f} s")
        for stratum in found.strata:
            self._stratum(stratum)
        self.stdout.write("\nlabels against a second reader who had not seen them:")
        for one in readers_agreement():
            self.stdout.write(f"  {one.what:26} {one.equal} of {one.items} equal, kappa {one.kappa:.2f}")

    def _stratum(self, found: StratumReport) -> None:
        self.stdout.write(
            f"\nstratum {found.stratum}: {found.items} items, {found.market_items} market items"
        )
        self.stdout.write(f"{'type':14} {'precision':32} {'recall':32} recall of market items")
        for row in (*found.types, found.all_types, found.market_told):
            self._row(row)
        self.stdout.write(f"direction right where told, on market items: {found.direction}")
        self.stdout.write(f"  opposite:                                  {found.direction_opposite}")
        self.stdout.write(f"  always the commonest label of these:       {found.direction_base}")
        self.stdout.write(f"direction found of those labelled +1 or -1:  {found.direction_recall}")
        pairs = ", ".join(f"{label} told {told}: {count}" for label, told, count in found.confusion[:25])
        self.stdout.write(f"confusion: {pairs}")

    def _row(self, row: TypeReport) -> None:
        self.stdout.write(f"{row.event_type:14} {row.precision!s:32} {row.recall!s:32} {row.recall_market!s}")
