"""`manage.py resample_check`: resampled bars against bars of the same span from elsewhere."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.contracts import Timeframe
from market.services.resample_check import SeriesCheck, check_as_dict, check_as_text, resample_check
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Say how many resampled bars equal the bars of other sources, and why the rest does not."""

    help = "Compare resampled bars with stored bars of other sources; writes nothing into the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to compare."""
        parser.add_argument("--secids", help="tickers by comma; default all")
        parser.add_argument("--from", dest="feed", default="1m", help="default 1m")
        parser.add_argument("--to", default="10m,30m,1h", help="default 10m,30m,1h")
        parser.add_argument("--json", type=Path, help="write the report into this file, too")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compare and print."""
        secids = options["secids"].upper().split(",") if options["secids"] else None
        checks: list[SeriesCheck] = []
        try:
            for code in options["to"].split(","):
                checks += resample_check(
                    timeframe_from=Timeframe.parse(options["feed"]),
                    timeframe_to=Timeframe.parse(code),
                    secids=secids,
                    now=clock.now(),
                )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        for line in check_as_text(checks):
            self.stdout.write(line)
        report = check_as_dict(checks)
        if options["json"]:
            options["json"].write_text(json.dumps(report, indent=1), encoding="utf-8")
        self.stdout.write(
            f"{len(checks)} series: {report['compared']} bars compared, {report['equal']} equal, "
            f"{report['only_made']} only resampled, {report['only_alone']} only of the other source"
        )
