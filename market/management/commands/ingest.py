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
from market.selectors.tickers import ticker_holders
from market.services.ingest import (
    CandlesWanted,
    candles_ingest,
    everything_ingest,
    indices_ingest,
    ingest_instruments,
    kind_ingest,
    reference_ingest,
)
from market.services.ingest_account import account_lines
from market.services.ingest_files import unknown_ticker
from market.services.sources import SOURCES, source_open
from market.sources.files import FilesSource
from traderai.common import clock
from traderai.common.clock import midnight
from traderai.common.errors import TraderAIError

KINDS = (
    "instruments", "candles", "indices", "dividends", "splits", "actions", "fundamentals", "macro", "news", "calendar",
    "flow", "all",
)  # fmt: skip


class Command(BaseCommand):
    """Bring market data from ISS, files or the simulator."""

    help = "Bring market data from a source; a second run changes nothing. Prints what became of every row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to bring, from where and which part of it."""
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument("--source", default="iss", choices=list(SOURCES))
        parser.add_argument(
            "--path",
            type=Path,
            action="append",
            help="folder, file or glob of the source `files`; may be repeated",
        )
        parser.add_argument("--secids", help="tickers by comma, or the name of a universe of universe.yaml")
        parser.add_argument(
            "--timeframes", help="such as 1h,10m; default: all that files have, 1h of other sources"
        )
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2024-01-01")
        parser.add_argument("--until", type=date.fromisoformat, help="first day left out (Moscow)")
        parser.add_argument("--refetch", action="store_true", help="ask ISS anew for what it has told before")
        parser.add_argument(
            "--resample", action="store_true", help="make the longer bars of what has changed"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the ingest and print its account."""
        started = clock.monotonic_s()
        try:
            source = source_open(name=options["source"], path=options["path"])
            report = self._ingest(source, options)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        report = replace(report, seconds=clock.monotonic_s() - started)
        skipped = source.skipped() if isinstance(source, FilesSource) else {}
        self.stdout.write("\n".join(account_lines(report, skipped=skipped)))

    def _ingest(self, source: Any, options: dict[str, Any]) -> IngestReport:
        kind, wanted = options["kind"], _wanted(options)
        if kind == "all":
            return everything_ingest(source=source, wanted=wanted, progress=self._draw)
        if kind == "instruments":
            report = ingest_instruments(source=source, secids=wanted.secids, now=wanted.now)
            return report.plus(reference_ingest(source=source, secids=wanted.secids, now=wanted.now))
        if kind == "indices":
            return indices_ingest(source=source, wanted=wanted, progress=self._draw)
        # Who names a share means one that is there; `all` and `instruments` bring it first.
        holders = ticker_holders()
        for secid in wanted.secids or ():
            if secid not in holders:
                raise unknown_ticker(secid, holders)
        if kind == "candles":
            return candles_ingest(source=source, wanted=wanted, progress=self._draw)
        return kind_ingest(kind=kind, source=source, wanted=wanted)

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stdout.write(f"[{done}/{total}] {what}")


def _wanted(options: dict[str, Any]) -> CandlesWanted:
    codes = options["timeframes"]
    if options["since"] and options["until"] and options["since"] >= options["until"]:
        raise CommandError(f"--until must lie after --since {options['since']}, was {options['until']}")
    return CandlesWanted(
        secids=_secids(options["secids"]),
        timeframes=tuple(Timeframe.parse(code) for code in codes.split(",")) if codes else None,
        since=midnight(options["since"]) if options["since"] else None,
        until=midnight(options["until"]) if options["until"] else None,
        now=clock.now(),
        refetch=options["refetch"],
        resample=options["resample"],
    )


def _secids(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    if text in universe_config().universes:
        return universe_config().secids(text) or None
    return tuple(dict.fromkeys(word.strip().upper() for word in text.split(",") if word.strip())) or None
