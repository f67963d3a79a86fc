"""`manage.py label_report LABEL_SET`: what the labels look like and what a model must beat, as HTML and JSON."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from market.configs import universe_config
from modeling.services.label_report import LabelReportSpan, label_report_write
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Report on a label set."""

    help = "Report on the labels of a label set: coverage, balance, results, simple rules; HTML with plots, and JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which rows to look at and where to put the files."""
        parser.add_argument("label_set", help="a set of label_sets.yaml, such as swing_v1")
        parser.add_argument("--timeframe", help="such as 1h; default: the set's usual one")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--secids", help="tickers by comma; default: every share with bars")
        which.add_argument("--universe", help="a list of universe.yaml")
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2020-01-01")
        parser.add_argument("--until", type=date.fromisoformat, help="last day (Moscow) that may be known")
        parser.add_argument(
            "--min-turnover-rub", type=float, help="median turnover of a bar, instead of the set's own limit"
        )
        parser.add_argument(
            "--output", type=Path, help="a folder; default: reports/labels of the state folder"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the report and print its sentences."""
        now, started = clock.now(), clock.monotonic_s()
        until = _midnight(options["until"] + timedelta(days=1)) if options["until"] else now
        try:
            report = label_report_write(
                label_set=options["label_set"],
                timeframe=options["timeframe"],
                span=LabelReportSpan(
                    secids=_secids(options["secids"], options["universe"]),
                    since=_midnight(options["since"]) if options["since"] else None,
                    as_of=min(until, now),
                    min_turnover_rub=options["min_turnover_rub"],
                ),
                folder=options["output"] or Path(settings.STATE_DIR) / "reports" / "labels",
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        if report.is_simulated:
            self.stdout.write("SIMULATED data: the figures say nothing about a real market.")
        for sentence in report.sentences:
            self.stdout.write(sentence)
        self.stdout.write(f"{report.html_path}\n{report.json_path}\n{clock.monotonic_s() - started:.0f} s")

    def _draw(self, done: int, total: int, what: str) -> None:
        if done % 20 == 0:
            self.stderr.write(f"[{done}/{total}] {what}")


def _secids(secids: str | None, universe: str | None) -> tuple[str, ...] | None:
    if universe:
        return universe_config().secids(universe) or None
    return tuple(word.strip().upper() for word in secids.split(",")) if secids else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.MOSCOW)
