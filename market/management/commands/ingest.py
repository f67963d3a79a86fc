"""`manage.py ingest`: bring market data from a source."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.configs import universe_config
from market.contracts import IngestReport, Timeframe
from market.selectors.instruments import instrument_get
from market.services.ingest import ingest_actions, ingest_all, ingest_candles, ingest_instruments
from market.services.sources import SOURCES, source_open
from market.sources.wall_clock import midnight
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Bring instruments, candles or corporate actions from ISS, files or the simulator."""

    help = "Bring instruments, candles or corporate actions; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to bring, from where and which part of it."""
        parser.add_argument("kind", choices=["instruments", "candles", "actions", "all"])
        parser.add_argument("--source", default="iss", choices=list(SOURCES))
        parser.add_argument("--path", type=Path, help="folder of the source `files`")
        parser.add_argument("--secids", help="tickers by comma, or the name of a universe")
        parser.add_argument("--timeframes", default="1h", help="such as 1h,10m; default 1h")
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2024-01-01")
        parser.add_argument("--until", type=date.fromisoformat, help="first day left out (Moscow)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the ingest and print its account."""
        started = clock.monotonic_s()
        try:
            report = replace(self._ingest(options), seconds=clock.monotonic_s() - started)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(account(report))

    def _ingest(self, options: dict[str, Any]) -> IngestReport:
        source = source_open(name=options["source"], path=options["path"])
        now, secids = clock.now(), _secids(options["secids"])
        if options["kind"] == "instruments":
            return ingest_instruments(source=source, secids=secids, now=now)
        if options["kind"] == "actions":
            return ingest_actions(source=source, secids=secids, now=now)
        if options["kind"] == "candles":
            for secid in secids or ():  # who names a share means one that is there; `all` brings it first
                instrument_get(secid=secid)
        ingest = ingest_all if options["kind"] == "all" else ingest_candles
        return ingest(
            source=source,
            secids=secids,
            timeframes=tuple(Timeframe.parse(code) for code in options["timeframes"].split(",")),
            since=midnight(options["since"]) if options["since"] else None,
            until=midnight(options["until"]) if options["until"] else None,
            now=now,
            progress=self._draw,
        )

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stdout.write(f"[{done}/{total}] {what}")


def account(report: IngestReport) -> str:
    """Return the account of a run as lines; the parts add up to the rows received."""
    lines = [
        f"{report.kind} from {report.source}: {report.rows_received} rows in {report.seconds:.1f} s",
        f"  new {report.rows_new}, changed {report.rows_changed}, unchanged {report.rows_unchanged}",
        f"  quarantined {report.rows_quarantined}, outranked {report.rows_outranked}, "
        f"not closed yet {report.rows_unclosed}, outside what was asked for {report.rows_outside}",
    ]
    if report.restated_series:
        lines.append(f"  restated by the source and fetched anew: {', '.join(report.restated_series)}")
    return "\n".join(lines)


def _secids(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    universes = universe_config().universes
    return universes[text] if text in universes else tuple(word.strip().upper() for word in text.split(","))
