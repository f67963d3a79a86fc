"""`manage.py resample`: make longer bars from shorter stored ones."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.configs import universe_config
from market.contracts import CandleWriteReport, Timeframe
from market.selectors.instruments import instrument_get
from market.services.resample import reports_sum
from market.services.resample_due import SeriesResampled, candles_resample
from traderai.common import clock
from traderai.common.clock import midnight
from traderai.common.errors import NotFoundError, TraderAIError


class Command(BaseCommand):
    """Make the timeframes that ISS does not have."""

    help = "Make longer bars from shorter stored ones; a second run changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which series and which span."""
        parser.add_argument("--secids", help="tickers by comma, or the name of a universe; default all")
        parser.add_argument("--from", dest="feed", help="such as 1m; default every feed of resampling.yaml")
        parser.add_argument("--to", help="such as 5m,10m; default all that are made")
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2024-01-01")
        parser.add_argument("--until", type=date.fromisoformat, help="first day left out (Moscow)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make them and print the account."""
        started = clock.monotonic_s()
        try:
            made = candles_resample(
                secids=self._secids(options["secids"]),
                timeframe_from=Timeframe.parse(options["feed"]) if options["feed"] else None,
                targets=[Timeframe.parse(code) for code in options["to"].split(",")]
                if options["to"]
                else None,
                since=midnight(options["since"]) if options["since"] else None,
                until=midnight(options["until"]) if options["until"] else None,
                now=clock.now(),
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        for line in account(made):
            self.stdout.write(line)
        self.stdout.write(f"{len(made)} series in {clock.monotonic_s() - started:.1f} s")

    def _secids(self, text: str | None) -> tuple[str, ...] | None:
        universes = universe_config().universes
        if not text or text not in universes:
            return tuple(word.strip().upper() for word in text.split(",")) if text else None
        named = universes[text]  # nobody in it: everything we hold
        held, missing = [], []
        for secid in named:
            try:
                held.append(instrument_get(secid=secid).secid)
            except NotFoundError:
                missing.append(secid)
        if missing:
            self.stderr.write(f"left out of {text}, not held: {', '.join(missing)}")
        if named and not held:
            raise NotFoundError(f"no share of the universe {text!r} is held; ingest some first")
        return tuple(held) or None


def account(made: tuple[SeriesResampled, ...]) -> list[str]:
    """Return a line for each pair of timeframes; new, changed, unchanged and outranked are all bars made."""
    sums: dict[str, tuple[int, CandleWriteReport]] = {}
    for series in made:
        key = f"{series.timeframe_from.value} to {series.timeframe_to.value}"
        count, total = sums.get(key, (0, CandleWriteReport()))
        sums[key] = (count + 1, reports_sum(total, series.written))
    return [
        f"{key}: {count} series, new {total.new}, changed {total.changed}, unchanged {total.unchanged}, "
        f"outranked {total.outranked} (told differently {total.disagreements}), removed {total.removed}"
        for key, (count, total) in sums.items()
    ]
