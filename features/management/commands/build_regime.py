"""Build the history of the market's regime."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from features.services.regime import regime_build
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Write the regime of every finished trading day; running it again changes nothing."""

    help = "Build the regime history from stored hourly bars and report it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the build and print its reports."""
        try:
            reports = regime_build(now=clock.now())
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        for report in reports:
            self.stdout.write(
                f"{report.market}: {report.days} days with a regime up to {report.newest_day} "
                f"from {report.shares} shares, {report.days_new} new, {report.days_changed} changed, "
                f"{report.days_unknown} days without one"
            )
        if not reports:
            self.stdout.write("no instruments are stored; run manage.py ingest first")
