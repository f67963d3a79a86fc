"""Write stored features to one file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from features.services.export import features_export
from market.contracts import Timeframe
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Write the stored features of all or some shares to one Parquet or Feather file."""

    help = "Write stored features (ticker, begin in UTC, features) to one Parquet or Feather file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what to write and where."""
        parser.add_argument("path", type=Path, help="file to write: .parquet, .feather or .arrow")
        parser.add_argument("--feature-set", default="tech_v1")
        parser.add_argument("--timeframe", default="1h")
        parser.add_argument("--secids", nargs="+", help="only these instruments")
        parser.add_argument("--since", help="first day, Moscow (2024-01-31)")
        parser.add_argument(
            "--until", help="first day that is left out, Moscow; default: everything known now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the export and print its report."""
        try:
            report = features_export(
                feature_set=options["feature_set"],
                timeframe=Timeframe.parse(options["timeframe"]),
                path=options["path"],
                as_of=day_begin(options["until"], "--until") or clock.now(),
                since=day_begin(options["since"], "--since"),
                secids=options["secids"],
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"{report.feature_set_key} {report.timeframe}: {report.rows} rows of {report.instruments} instruments, "
            f"{report.columns} features, {report.size_bytes / 1e6:.1f} MB in {report.path}"
        )


def day_begin(text: str | None, option: str) -> datetime | None:
    """Return the Moscow midnight with which a day such as 2024-01-31 begins."""
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"{option} must be a day such as 2024-01-31, was {text!r}")
    return clock.midnight(day)
