"""`manage.py emissions`: what was told last, and what is told next."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.contracts import SOURCES, ToldSignal
from signals.selectors.outbox import told_newest
from signals.selectors.stream import told_read
from traderai.common.clock import MOSCOW
from traderai.common.errors import TraderAIError

WAIT_S = 5.0


class Command(BaseCommand):
    """Print the newest signals that were told."""

    help = (
        "Print the newest signals that were told, the newest last; rejected ones are left out. With --follow go on "
        "with what is told next, live or simulated, until Ctrl-C."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--limit", type=int, default=20, help="how many, default %(default)s")
        parser.add_argument("--source", choices=SOURCES, help="only of this source")
        parser.add_argument("--follow", action="store_true", help="wait for more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, and go on as long as asked."""
        if options["limit"] < 1:
            raise CommandError(f"--limit must be at least 1, was {options['limit']}")
        sources = (options["source"],) if options["source"] else SOURCES
        told = told_newest(limit=options["limit"], sources=sources)
        self._print(told)
        if not told:
            self.stdout.write("nothing was told yet")
        if options["follow"]:
            self._follow(told[-1].id if told else 0, sources)

    def _follow(self, place: int, sources: Sequence[str]) -> None:
        try:
            while True:
                told = told_read(place=place, wait_s=WAIT_S)
                place = told[-1].id if told else place
                self._print([one for one in told if one.source in sources])
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        except KeyboardInterrupt:
            return

    def _print(self, told: Sequence[ToldSignal]) -> None:
        for one in told:
            self.stdout.write(_line(one))


def _line(one: ToldSignal) -> str:
    order = ""
    if one.take_profit_rub is not None and one.stop_loss_rub is not None:
        order = (
            f"enter {one.entry_low_rub:g} to {one.entry_high_rub:g}, take profit {one.take_profit_rub:g}, "
            f"stop loss {one.stop_loss_rub:g}"
        )
    kind = f"{one.source}, {'proven' if one.proven else 'paper'}"
    return (
        f"{one.id:>7}  {one.emitted_at.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}  {one.secid:<8}{one.timeframe:<4}"
        f"{one.horizon:<5}{one.action:<5}{one.confidence:>4} {one.strength or '':<7} "
        f"bar to {one.as_of.astimezone(MOSCOW):%m-%d %H:%M}  {kind:<18}{order}"
    ).rstrip()
