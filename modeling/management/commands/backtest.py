"""`manage.py backtest RUN|MODEL`: what the policy and cuts of a published version make of held-out rows, after costs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.management.looks import look_write
from modeling.services.backtest import BacktestAsk, version_backtest
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Backtest a published version."""

    help = (
        "Trade a published version's held-out rows by the policy, by edge thresholds and by top shares of the scores, "
        "at several costs. Every cut that was not looked at before counts as a trial."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to trade on which rows."""
        default = BacktestAsk(model="")
        parser.add_argument(
            "model", help="a version (manage.py models list), or the number of a training run"
        )
        parser.add_argument("--split", default=default.split, help="validation or test (default: test)")
        parser.add_argument(
            "--thresholds", type=float, nargs="+", default=(), metavar="EDGE", help="least edges to trade"
        )
        parser.add_argument(
            "--top-pct",
            type=float,
            nargs="+",
            default=default.top_pct,
            metavar="PCT",
            help="top shares of the scores",
        )
        parser.add_argument(
            "--costs-bp", type=float, nargs="+", default=default.costs_bp, metavar="BP", help="round trips"
        )
        parser.add_argument(
            "--until", type=date.fromisoformat, help="last day (Moscow) on which a window may end"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Trade, print the table and write the file."""
        until = options["until"]
        midnight = (
            None if until is None else datetime.combine(until + timedelta(days=1), time(), clock.MOSCOW)
        )
        try:
            report = version_backtest(
                ask=BacktestAsk(
                    model=options["model"],
                    split=options["split"],
                    thresholds=tuple(options["thresholds"]),
                    top_pct=tuple(options["top_pct"]),
                    costs_bp=tuple(options["costs_bp"]),
                    until=midnight,
                ),
                now=clock.now(),
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        look_write(self.stdout, report, of="cuts", file=options["json"])

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
