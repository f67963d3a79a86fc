"""`manage.py edge_report LABEL_SET`: is there an edge after costs? Walk forward, beside what knows nothing."""

from __future__ import annotations

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from market.configs import universe_config
from modeling.fitting.recipe import BACKBONES
from modeling.services.edge_question import EdgeQuestion
from modeling.services.edge_report import edge_report_write
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Report on the edge of a label set."""

    help = "Walk forward over a label set, trade what models, rules and the index say, and write what is left after costs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to learn from, how to walk and where to put the files."""
        parser.add_argument("label_set", help="a set of edge_reports.yaml, such as swing_v1 or rank_v1")
        parser.add_argument("--timeframe", help="such as 1h; default: the recipe's")
        parser.add_argument("--feature-set", help="default: the recipe's")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--secids", nargs="+", help="tickers; default: every share with features")
        which.add_argument("--universe", help="a list of universe.yaml")
        parser.add_argument("--since", type=date.fromisoformat, help="first day (Moscow), such as 2020-01-01")
        parser.add_argument("--until", type=date.fromisoformat, help="last day (Moscow) that may be known")
        parser.add_argument("--folds", type=int, help="test parts of equal length (ranks: default by years)")
        parser.add_argument("--first-train-days", type=float)
        parser.add_argument("--validation-days", type=float)
        parser.add_argument(
            "--rolling-days", type=float, help="length of the training window; default: all before"
        )
        parser.add_argument(
            "--network", action="store_true", help="fit the network of the recipe or rank report too"
        )
        parser.add_argument(
            "--backbones",
            nargs="+",
            choices=BACKBONES,
            default=[],
            metavar="NAME",
            help=f"fit the recipe's network with each of these backbones too: {', '.join(BACKBONES)}",
        )
        parser.add_argument(
            "--council", action="store_true", help="fit it with its strategies, and join their votes"
        )
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--output", type=Path, help="a folder; default: reports/edge of the state folder")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the report and print the honest table."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the CPU build looks for a GPU otherwise
        started = clock.monotonic_s()
        try:
            report = edge_report_write(
                question=_question(options),
                folder=options["output"] or Path(settings.STATE_DIR) / "reports" / "edge",
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write("\n".join(report.table))
        self.stdout.write(f"\n{report.sentence}\n")
        self.stdout.write(
            f"{report.new_trials} new trials; {report.html_path}\n{report.json_path}\n{clock.monotonic_s() - started:.0f} s"
        )

    def _draw(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")


def _question(options: dict[str, Any]) -> EdgeQuestion:
    now = clock.now()
    until = _midnight(options["until"] + timedelta(days=1)) if options["until"] else now
    secids = options["secids"]
    if options["universe"]:
        secids = universe_config().secids(options["universe"])
    same = (
        "timeframe",
        "feature_set",
        "folds",
        "first_train_days",
        "validation_days",
        "rolling_days",
        "network",
        "council",
        "seed",
    )
    return EdgeQuestion(
        label_set=options["label_set"],
        as_of=min(until, now),
        secids=tuple(word.upper() for word in secids) if secids else None,
        since=_midnight(options["since"]) if options["since"] else None,
        backbones=tuple(dict.fromkeys(options["backbones"])),
        **{name: options[name] for name in same},
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.MOSCOW)
