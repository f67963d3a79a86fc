"""`manage.py score`: score the newest bars and show what was said."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from signals.contracts import SOURCES, ScoredSignal, ScoreReport
from signals.selectors.configuration import service_get
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Score the newest bar of every share on every horizon in service."""

    help = (
        "Score the newest closed bar of every active share; print the signals of the default horizon and count the "
        "others. With --verbosity 0 only the counts, with 2 every signal."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--secids", help="only these shares, tickers by comma")
        parser.add_argument("--source", choices=SOURCES, help="found out from the bars unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        """Score and print."""
        # Heavy (ONNX Runtime, Numba): loaded when the command runs, not when `help` lists it.
        from signals.services.score import signals_score

        try:
            report = signals_score(
                secids=options["secids"].split(",") if options["secids"] else None,
                now=clock.now(),
                source=options["source"],
                progress=self._progress,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self._print(report, verbosity=options["verbosity"])

    def _progress(self, done: int, total: int, what: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\rscoring {done}/{total} {what:<12}", ending="\n" if done == total else "")

    def _print(self, report: ScoreReport, *, verbosity: int) -> None:
        self.stdout.write(f"model: {report.model_version or 'none in service'}")
        service = service_get()
        shown = {0: (), 1: (service.default_horizon,)}.get(verbosity, service.horizons)
        listed = [signal for signal in report.signals if signal.horizon in shown]
        if listed:
            self.stdout.write(
                f"{'share':<8}{'horizon':<9}{'signal':<10}{'side':<7}{'p':>8}{'break-even':>12}{'edge':>8}"
                f"{'conf':>6}  {'as of (UTC)':<18}{'kind':<18}why not"
            )
        for signal in listed:
            self.stdout.write(_line(signal))
        for horizon in service.horizons:
            if horizon not in shown:
                self.stdout.write(f"{horizon}: {_counts(report, horizon)}")
        for reason in report.not_ready:
            self.stdout.write(f"not scored: {reason}")
        self.stdout.write(f"{len(report.signals)} signals, {report.new} new")


def _counts(report: ScoreReport, horizon: str) -> str:
    counts = Counter(signal.action for signal in report.signals if signal.horizon == horizon)
    return ", ".join(f"{number} {action}" for action, number in sorted(counts.items())) or "none"


def _line(signal: ScoredSignal) -> str:
    p, even = signal.p, signal.p_break_even
    edge = f"{100 * (p - even):+.1f}" if p is not None and even is not None else "-"
    kind = f"{signal.source}, {'proven' if signal.proven else 'paper'}"
    return (
        f"{signal.secid:<8}{signal.horizon:<9}{signal.action:<10}{signal.side or '-':<7}{_percent(p):>8}"
        f"{_percent(even):>12}{edge:>8}{'-' if signal.confidence is None else signal.confidence:>6}  "
        f"{signal.as_of:%Y-%m-%d %H:%M}  {kind:<18}{', '.join(signal.reasons)}"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}%"
