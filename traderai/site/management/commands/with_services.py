"""`manage.py with_services -- COMMAND`: a command with databases of its own, thrown away afterwards."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.common.errors import TraderAIError
from traderai.site.up.run import with_services


class Command(BaseCommand):
    """Start throw-away PostgreSQL and Redis, run a command with their addresses, remove them."""

    help = "Run a command with a PostgreSQL and a Redis of its own, which are thrown away afterwards."
    requires_system_checks: list[str] = []  # they need what is started here

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("command", nargs="+", help="the command and its arguments, after --")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; its exit code is ours."""
        try:
            code = with_services(options["command"])
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        sys.exit(code)
