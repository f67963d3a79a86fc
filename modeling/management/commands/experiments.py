"""`manage.py experiments list|open|decide|export`: the ledger of hypotheses from the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.contracts.ledger import ExperimentDecision, ExperimentFacts, HeadlineFigure, TrialCount
from modeling.models import Experiment
from modeling.selectors.ledger import experiment_list, trial_counts
from modeling.services.experiments import experiment_decide, experiment_open
from traderai.common import clock
from traderai.common.config import parse
from traderai.common.errors import InputError, TraderAIError

BY = "command line"
VERDICTS = tuple(Experiment.Verdict.values)
_FIGURE = "name=net_per_trade_bp,value=4,low=1,high=7,level=0.95,trades=812"


class Command(BaseCommand):
    """Show, open, decide and export hypotheses."""

    help = "List the hypotheses and the counted trials, open or decide one, or export the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        actions = parser.add_subparsers(dest="action", required=True)
        listed = actions.add_parser("list", help="the hypotheses, and how many trials were counted")
        listed.add_argument("--verdict", choices=VERDICTS)
        opened = actions.add_parser("open", help="write a hypothesis down before it is tested")
        opened.add_argument("name", help="such as swing-network-beats-base-rate")
        opened.add_argument("--hypothesis", required=True)
        opened.add_argument("--seen-if-true", required=True, help="what would be seen if it were true")
        decided = actions.add_parser("decide", help="enter the verdict, once")
        decided.add_argument("name")
        decided.add_argument("verdict", choices=[verdict for verdict in VERDICTS if verdict != "open"])
        decided.add_argument("--reason", required=True)
        decided.add_argument("--figure", action="append", default=[], metavar=_FIGURE)
        decided.add_argument("--run", action="append", default=[], type=int, metavar="ID", dest="run_ids")
        decided.add_argument("--trial", action="append", default=[], type=int, metavar="ID", dest="trial_ids")
        export = actions.add_parser("export", help="print the ledger or write it to a file")
        export.add_argument("--format", choices=tuple(FORMATS), default="markdown")
        export.add_argument("--out", type=Path, help="a file instead of the screen")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked and say what stands now."""
        now = clock.now()
        try:
            getattr(self, f"_{options['action']}")(options, now)
        except TraderAIError as error:
            raise CommandError(error.detail) from error

    def _list(self, options: dict[str, Any], now: datetime) -> None:
        found = experiment_list(as_of=now, verdict=options["verdict"])
        if not found:
            self.stdout.write("no such experiments yet; write one down with manage.py experiments open")
        for facts in found:
            self.stdout.write(
                f"{facts.started_on}  {facts.verdict:<13} {facts.name}: {facts.reason or facts.hypothesis}"
            )
        for family in trial_counts(as_of=now):
            self.stdout.write(f"{family.count} trials of {family.label_family} on {family.data_family}")

    def _open(self, options: dict[str, Any], now: datetime) -> None:
        facts = experiment_open(
            name=options["name"],
            hypothesis=options["hypothesis"],
            seen_if_true=options["seen_if_true"],
            by=BY,
            now=now,
        )
        self.stdout.write(f"{facts.name} is {facts.verdict} since {facts.started_on}")

    def _decide(self, options: dict[str, Any], now: datetime) -> None:
        plain = {key: options[key] for key in ("verdict", "reason", "run_ids", "trial_ids")}
        figures = [figure_of(text) for text in options["figure"]]
        decision = parse({**plain, "figures": figures}, ExperimentDecision, where="decide")
        facts = experiment_decide(name=options["name"], decision=decision, by=BY, now=now)
        self.stdout.write(f"{facts.name} is {facts.verdict}; {len(facts.trial_ids)} trials stand behind it")

    def _export(self, options: dict[str, Any], now: datetime) -> None:
        text = FORMATS[options["format"]](experiment_list(as_of=now), trial_counts(as_of=now))
        if options["out"] is None:
            self.stdout.write(text)
            return
        options["out"].parent.mkdir(parents=True, exist_ok=True)
        options["out"].write_text(text, encoding="utf-8")
        self.stdout.write(f"wrote {options['out']}")


def figure_of(text: str) -> dict[str, Any]:
    """Return the plain figure that "name=...,value=...,low=...,high=...,level=...,trades=..." tells."""
    plain: dict[str, Any] = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--figure must look like {_FIGURE}, was {text!r}", field="figure")
        plain[key.strip()] = value.strip()
    try:
        numbers = {
            key: int(value) if key == "trades" else float(value)
            for key, value in plain.items()
            if key != "name"
        }
    except ValueError as error:
        raise InputError(
            f"--figure must look like {_FIGURE}, was {text!r}: {error}", field="figure"
        ) from error
    return plain | numbers


def ledger_markdown(found: Sequence[ExperimentFacts], counts: Sequence[TrialCount]) -> str:
    """Return the tables that the README quotes."""
    lines = [
        "| Hypothesis | Verdict | Why | Figures | Trials | Opened | Decided |",
        "|---|---|---|---|--:|---|---|",
    ]
    for facts in found:
        cells = (
            f"**{facts.name}**: {facts.hypothesis} Seen if true: {facts.seen_if_true}",
            facts.verdict,
            facts.reason or "-",
            "; ".join(figure_text(figure) for figure in facts.figures) or "-",
            str(len(facts.trial_ids)),
            str(facts.started_on),
            str(facts.decided_on or "-"),
        )
        lines.append("| " + " | ".join(_cell(text) for text in cells) + " |")
    lines += ["", "| Label family | Data | Trials counted |", "|---|---|--:|"]
    lines += [f"| {one.label_family} | {one.data_family} | {one.count} |" for one in counts]
    return "\n".join(lines) + "\n"


def ledger_json(found: Sequence[ExperimentFacts], counts: Sequence[TrialCount]) -> str:
    """Return everything, for machines."""
    content = {"experiments": [asdict(facts) for facts in found], "trials": [asdict(one) for one in counts]}
    return json.dumps(content, default=str, ensure_ascii=False, indent=2) + "\n"


def ledger_csv(found: Sequence[ExperimentFacts], _counts: Sequence[TrialCount]) -> str:
    """Return one line for each hypothesis, its figures as JSON."""
    names = list(ExperimentFacts.__slots__)
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(names)
    for facts in found:
        plain = asdict(facts)
        for name in ("figures", "run_ids", "trial_ids"):
            plain[name] = json.dumps(plain[name])
        lines.writerow([plain[name] for name in names])
    return out.getvalue()


def figure_text(figure: HeadlineFigure) -> str:
    """Return a figure with its interval and its number of trades, without which it is never told."""
    return (
        f"{figure.name} {figure.value:.4g} ({figure.low:.4g} to {figure.high:.4g} at {100 * figure.level:g} %, "
        f"{figure.trades} trades)"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


FORMATS = {"markdown": ledger_markdown, "json": ledger_json, "csv": ledger_csv}
