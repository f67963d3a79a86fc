"""`manage.py models list|promote|rollback`: the registry from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from modeling.selectors.versions import slot_named, version_get, version_list
from modeling.services.registry import version_promote, version_rollback
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Show and switch model versions."""

    help = "List model versions, promote a candidate or roll back to the previous champion."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the newest versions")
        promote = actions.add_parser("promote", help="put a candidate that passed its gate into service")
        promote.add_argument("version")
        promote.add_argument("--reason", required=True)
        rollback = actions.add_parser("rollback", help="put the previous champion back")
        rollback.add_argument(
            "--slot", default="forecast", help="forecast (global and council), adapters or regime"
        )
        rollback.add_argument("--reason", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked and say what stands now."""
        try:
            if options["action"] == "list":
                self._list()
            elif options["action"] == "promote":
                found = version_get(version=options["version"])
                facts = version_promote(
                    version_id=found.id, by="command line", reason=options["reason"], now=clock.now()
                )
                self.stdout.write(f"{facts.version} is in service as {facts.grade}")
            else:
                facts = version_rollback(
                    slot=slot_named(options["slot"]),
                    by="command line",
                    reason=options["reason"],
                    now=clock.now(),
                )
                self.stdout.write(f"{facts.version} is back in service as {facts.grade}")
        except TraderAIError as error:
            raise CommandError(error.detail) from error

    def _list(self) -> None:
        versions = version_list()
        if not versions:
            self.stdout.write("no model versions yet; run manage.py train RECIPE")
        for facts in versions:
            simulated = " SIMULATED" if facts.is_simulated else ""
            self.stdout.write(
                f"{facts.version:<48} {facts.slot:<9} {facts.kind:<8} {facts.state:<10} {facts.grade:<9} until "
                f"{facts.trained_until:%Y-%m-%d}{simulated}"
            )
