"""`manage.py optimize_labels LABEL_SET`: search thresholds on the training part; with --write as a new label set."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.services.label_set_write import label_set_write, own_path
from modeling.services.optimize_labels import SearchAsk, SearchReport, labels_optimize
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Search the thresholds of a label set."""

    help = (
        "Search take-profit, stop and horizon, or class thresholds, for balanced and stable labels that cost little to "
        "trade; on the training part alone. Every point counts as a trial."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the set, the training part and what to do with the best point."""
        parser.add_argument("label_set", help="a set of label_sets.yaml, such as swing_v1")
        parser.add_argument("--timeframe", help="such as 1h; default: the set's usual one")
        parser.add_argument(
            "--recipe", help="whose training part it is; default: the recipe of the label set"
        )
        parser.add_argument(
            "--until",
            type=date.fromisoformat,
            help="last day (Moscow) of the training part, instead of a recipe",
        )
        parser.add_argument(
            "--secids", help="tickers by comma; default: the recipe's, else every share with bars"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the Bayesian search")
        parser.add_argument(
            "--write", action="store_true", help="append the best as a new label set in TRADERAI_CONFIG_DIR"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Search, print the best points and write the set where asked to."""
        until, secids = options["until"], options["secids"]
        midnight = (
            None if until is None else datetime.combine(until + timedelta(days=1), time(), clock.MOSCOW)
        )
        try:
            if options["write"]:
                own_path()  # refused before the search, not after it
            report = labels_optimize(
                ask=SearchAsk(
                    label_set=options["label_set"],
                    timeframe=options["timeframe"],
                    recipe=options["recipe"],
                    until=midnight,
                    secids=tuple(word.strip().upper() for word in secids.split(",")) if secids else None,
                    seed=options["seed"],
                ),
                now=clock.now(),
                progress=self._draw,
            )
            self.stdout.write("\n".join((*report.about, "", *report.table)))
            self.stdout.write(
                f"{report.new_trials} points are new trials. The best of {report.points} looks better than it is: "
                "train on it and judge it on held-out rows."
            )
            if options["write"]:
                self._write(report)
        except TraderAIError as error:
            raise CommandError(error.detail) from error

    def _write(self, report: SearchReport) -> None:
        made = f"Found by manage.py optimize_labels {report.label_set} on {clock.now().astimezone(clock.MOSCOW):%Y-%m-%d}"
        written = label_set_write(found=report.best, comments=(made, *report.about))
        self.stdout.write(f"wrote {written.name} version 1 to {written.path}")

    def _draw(self, done: int, total: int, what: str) -> None:
        if done % 10 == 0 or done == total:
            self.stderr.write(f"[{done}/{total}] {what}")
