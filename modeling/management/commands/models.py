"""`manage.py models list|judge|shadow|promote|rollback|resume`: the registry from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.fitting.report import rank_line
from modeling.selectors.shadow import standing_line
from modeling.selectors.versions import slot_named, version_get, version_list
from modeling.services.registry import emission_resume, version_promote, version_rollback, version_shadow
from traderai.common import clock
from traderai.common.errors import TraderAIError

BY = "command line"


class Command(BaseCommand):
    """Show and switch model versions."""

    help = (
        "List model versions, judge one again, let one answer in shadow, promote, roll back, or let a silenced champion "
        "speak again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the newest versions")
        judge = actions.add_parser(
            "judge", help="ask its gate again: after a leak audit, or when another champion serves by now"
        )
        judge.add_argument("version")
        for name, told in (
            ("shadow", "let a candidate that passed its gate answer on live bars unheard"),
            ("promote", "put a version that passed its gate, and its time in shadow, into service"),
        ):
            one = actions.add_parser(name, help=told)
            one.add_argument("version")
            one.add_argument("--reason", required=True)
        for name, told in (
            ("rollback", "put the previous champion back"),
            ("resume", "let a champion be heard again that was silenced as degraded"),
        ):
            slot = actions.add_parser(name, help=told)
            slot.add_argument(
                "--slot", default="forecast", help="forecast (global and council), adapters or regime"
            )
            slot.add_argument("--reason", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked and say what stands now."""
        try:
            if options["action"] == "list":
                self._list()
            elif options["action"] == "judge":
                self._judge(options["version"])
            else:
                self._switch(**options)
        except TraderAIError as error:
            raise CommandError(error.detail) from error

    def _switch(self, *, action: str, reason: str, **options: Any) -> None:
        now = clock.now()
        if action in ("shadow", "promote"):
            version_id = version_get(version=options["version"]).id
            one = version_shadow if action == "shadow" else version_promote
            facts = one(version_id=version_id, by=BY, reason=reason, now=now)
        else:
            switch = version_rollback if action == "rollback" else emission_resume
            facts = switch(slot=slot_named(options["slot"]), by=BY, reason=reason, now=now)
        done = {
            "shadow": "answers in shadow",
            "promote": "is in service",
            "rollback": "is back in service",
            "resume": "is heard again",
        }[action]
        self.stdout.write(f"{facts.version} {done} as {facts.grade}")

    def _judge(self, version: str) -> None:
        from modeling.services.rejudge import version_rejudge  # needs ONNX Runtime; the other actions do not

        verdict, facts = version_rejudge(version=version, progress=self._progress)
        held_back = f"; in its way: {', '.join(verdict.reasons)}" if verdict.reasons else ""
        warned = f"; besides: {', '.join(verdict.warnings)}" if verdict.warnings else ""
        self.stdout.write(
            f"{facts.version} is judged {verdict.grade}, it is {facts.state}{held_back}{warned}"
        )

    def _progress(self, done: int, total: int, what: str) -> None:
        self.stderr.write(f"[{done}/{total}] {what}")

    def _list(self) -> None:
        versions = version_list()
        if not versions:
            self.stdout.write("no model versions yet; run manage.py train RECIPE")
        for facts in versions:
            council: Any = facts.metrics.get("council")
            words = ["SIMULATED" * facts.is_simulated, standing_line(facts), rank_line(council)]
            told = "; ".join(filter(None, words))
            self.stdout.write(
                f"{facts.version:<48} {facts.slot:<9} {facts.kind:<8} {facts.state:<10} {facts.grade:<9} until "
                f"{facts.trained_until:%Y-%m-%d} {told}".rstrip()
            )
