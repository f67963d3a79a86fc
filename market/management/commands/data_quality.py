"""`manage.py data_quality`: look at the stored candles for faults."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from market.configs import universe_config
from market.contracts import Timeframe
from market.selectors.quality import QualityReportFacts
from market.services.quality import data_quality_run
from traderai.common import clock
from traderai.common.clock import midnight
from traderai.common.errors import TraderAIError
from traderai.common.lake import lake_at


class Command(BaseCommand):
    """Look at the stored candles for faults and keep the report."""

    help = "Report on the quality of stored candles: JSON, HTML with plots, and a row for staff."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to look at and where to put copies."""
        parser.add_argument("--secids", help="tickers by comma, or the name of a universe; default: all")
        parser.add_argument("--timeframes", help="such as 1h,10m; default: all that are stored")
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2024-01-01")
        parser.add_argument(
            "--until",
            "--as-of",
            type=date.fromisoformat,
            dest="until",
            help="last day (Moscow); default: today",
        )
        parser.add_argument("--out", type=Path, help="folder for copies of the JSON and HTML files")
        parser.add_argument("--strict", action="store_true", help="fail where a series is not fit for use")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Look, and say what was found."""
        now = clock.now()
        until = midnight(options["until"] + timedelta(days=1)) if options["until"] else now
        started = clock.monotonic_s()
        try:
            report = data_quality_run(
                secids=_secids(options["secids"]),
                timeframes=_timeframes(options["timeframes"]),
                since=midnight(options["since"]) if options["since"] else None,
                as_of=min(until, now),
                now=now,
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(summary(report))
        for place in _places(report, options["out"]):
            self.stdout.write(f"  {place}")
        self.stdout.write(f"looked for {clock.monotonic_s() - started:.1f} s")
        if options["strict"] and report.verdict == "failed":
            raise CommandError(
                "the stored data are not fit for use; the report names the series", returncode=2
            )

    def _draw(self, done: int, total: int, what: str) -> None:
        if done % 100 == 0 or done == total:
            self.stdout.write(f"[{done}/{total}] {what}")


def summary(report: QualityReportFacts) -> str:
    """Return the verdict, the counts by check and the worst findings as lines."""
    found = report.findings
    lines = [
        f"{report.verdict}: {found['series_looked_at']} series, {found['bars_looked_at']} bars ({report.scope}), "
        f"as of {report.as_of.astimezone(clock.MOSCOW):%Y-%m-%d %H:%M} Moscow time"
    ]
    lines += [
        f"  {one['severity']:<8}{one['check']:<17}{one['count']:>8} in {one['series']} series"
        for one in found["checks"]
        if one["count"]
    ]
    unfit = found["unfit_series"]
    if unfit:
        more = f" and {len(unfit) - 20} more" if len(unfit) > 20 else ""
        lines.append(f"not fit for use: {', '.join(unfit[:20])}{more}")
    lines += [
        f"  {one['secid'] or 'all series'} {one['timeframe']} {one['at']}: {one['text']}"
        for one in found["worst"][:16]
    ]
    differ = sum(one["bars"] for one in found["disagreements"])
    lines.append(
        f"{differ} bars told differently by two sources, {found['quarantined_rows']} rows in quarantine"
    )
    return "\n".join(lines)


def _places(report: QualityReportFacts, out: Path | None) -> list[str]:
    """Return where the files lie; with a folder given copies are put there."""
    lake = lake_at(settings.LAKE_URL)
    places = []
    for key in (report.json_key, report.html_key):
        if out is None:
            places.append(str(lake.local_path(key) or f"{lake.url}/{key}"))
            continue
        out.mkdir(parents=True, exist_ok=True)
        copy = out / Path(key).name
        copy.write_bytes(lake.read(key))
        places.append(str(copy))
    return places


def _secids(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    universes = universe_config().universes
    return universes[text] if text in universes else tuple(word.strip().upper() for word in text.split(","))


def _timeframes(text: str | None) -> tuple[Timeframe, ...] | None:
    return tuple(Timeframe.parse(code) for code in text.split(",")) if text else None
