"""Build the history of the regime of the market and its sectors, and draw it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from features.contracts import RegimeReport
from features.management.commands.export_features import day_begin
from features.services.regime import regime_build
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Write the regime of every finished trading day; running it again changes nothing."""

    help = "Build the regime history from stored closes, indices and news, and report it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to draw the history and which part of it."""
        parser.add_argument("--plot", metavar="FILE", help="Write a PNG of the stored history there.")
        parser.add_argument(
            "--since", default="2018-01-01", help="First day of the plot (default 2018-01-01)."
        )
        parser.add_argument("--until", help="Day after the plot's last one (default: today).")
        parser.add_argument(
            "--sector", default="", help="Draw this sector, by its code, instead of the market."
        )
        parser.add_argument("--simulated", action="store_true", help="Draw the simulated market.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the build, print its reports and draw."""
        now = clock.now()
        # Looked at first: a mistake should not cost a build.
        until, since = day_begin(options["until"], "--until"), day_begin(options["since"], "--since")
        plot = Path(options["plot"]) if options["plot"] else None
        if plot is not None and not plot.parent.is_dir():
            raise CommandError(f"--plot must be a file in a folder that exists, was {plot}")
        try:
            reports = regime_build(now=now)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        for report in reports:
            self._tell(report)
        if not reports:
            self.stdout.write("no instruments are stored; run manage.py ingest first")
        if plot is not None and since is not None:
            self._draw(plot, options, since=since, until=until or now)

    def _tell(self, report: RegimeReport) -> None:
        self.stdout.write(
            f"{report.market}: {report.days} days with a regime up to {report.newest_day} "
            f"from {report.shares} shares, {report.days_new} new, {report.days_changed} changed, "
            f"{report.days_unknown} days without one"
        )
        if report.sectors:
            told = ", ".join(f"{sector} {days}" for sector, days in report.sectors)
            self.stdout.write(
                f"{report.market} sectors: {told} days, "
                f"{report.sector_days_new} new, {report.sector_days_changed} changed"
            )

    def _draw(self, plot: Path, options: dict[str, Any], *, since: datetime, until: datetime) -> None:
        # Imported here: Matplotlib takes a second that a build without a plot need not spend.
        from features.services.regime_plot import regime_plot

        try:
            picture = regime_plot(
                as_of=until,
                since=since,
                simulated=options["simulated"],
                sector=options["sector"],
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        plot.write_bytes(picture)
        self.stdout.write(f"drawn: {plot}")
