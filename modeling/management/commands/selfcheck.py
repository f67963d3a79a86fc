"""`manage.py selfcheck`: the whole pipeline on simulated markets, without an edge and with planted ones."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.fitting.evaluation import plain
from modeling.fitting.selfcheck import FORECASTERS, NETWORK
from modeling.fitting.selfcheck_report import report_lines
from modeling.services.selfcheck import PARTS, SIZES, selfcheck
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Prove the pipeline."""

    help = (
        "Run the whole pipeline on simulated markets: where nothing is it must find nothing, where an edge is "
        "planted it must find it. Ends with 1 if it does not. Stores nothing and counts no trial."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--size", choices=SIZES, default="short", help="full: 100 null runs, a power curve"
        )
        parser.add_argument("--only", choices=PARTS, help="one half of it")
        parser.add_argument(
            "--forecasters", nargs="+", choices=(*FORECASTERS, NETWORK), default=list(FORECASTERS),
            help="null markets are shared out among them; planted ones go to the last",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, help="of the first market; others than the configured ones")
        parser.add_argument("--processes", type=int, default=2)
        parser.add_argument("--json", type=Path, help="write every run's figures to this file")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run it and print what it proves."""
        try:
            report = selfcheck(
                size=options["size"],
                parts=PARTS if options["only"] is None else (options["only"],),
                forecasters=options["forecasters"],
                seed=options["seed"],
                processes=options["processes"],
                progress=self._progress,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report_lines(report)))
        if options["json"] is not None:
            options["json"].write_text(json.dumps(plain(asdict(report)), indent=1), encoding="utf-8")
        if not report.passed:
            sys.exit(1)

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")
