"""`manage.py news_model_fit`: train the text model on price reactions and say honestly what it is worth."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.services.news_model import news_model_fit
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Fit, test on later news, print; write the model only where it beats the rules."""

    help = "Trains the text model of news on stored news and hourly bars; nothing is downloaded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folder and the horizon."""
        parser.add_argument("--folder", type=Path, help="Where a model that beats the rules is written.")
        parser.add_argument(
            "--horizon-bars", type=int, default=9, help="Hourly bars after the news; 9 is a day."
        )
        parser.add_argument("--parts", type=int, default=4, help="Parts of the walk forward.")
        parser.add_argument(
            "--force", action="store_true", help="Write the model though it does not beat the rules."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the figures."""
        try:
            found = news_model_fit(
                as_of=clock.now(),
                horizon_bars=options["horizon_bars"],
                parts=options["parts"],
                folder=options["folder"],
                force=options["force"],
            )
        except TraderAIError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.rows} news of {found.shares} shares on {found.days} days, {found.tested} tested; "
            f"the share did better than the others after {found.share_better_frac:.1%}"
        )
        for score in found.scores:
            low, high = score.interval
            if score.mean_bp is None or score.error_bp is None:
                self.stdout.write(f"{score.name:14} none told")
                continue
            self.stdout.write(
                f"{score.name:14} right {score.right / score.told:.1%} ({score.right}/{score.told}; "
                f"{low:.0%}..{high:.0%}), mean {score.mean_bp:+.1f} bp +- {score.error_bp:.1f}"
            )
        self.stdout.write(
            "beats the rules and chance out of sample"
            if found.beats_rules
            else "no edge: it does not beat the rules"
        )
        if found.saved:
            self.stdout.write(f"written to {found.saved}")
