"""`manage.py up`: everything on this machine with one command."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from traderai.common.errors import TraderAIError
from traderai.site.up.run import UpOptions, up


class Command(BaseCommand):
    """Start the services, do the main job where the database is empty, serve until Ctrl-C."""

    help = "Start everything on this machine: databases, the main job if the database is empty, web, worker, beat."
    requires_system_checks: list[str] = []  # they need what is started here

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="exit after the main job, without serving")
        parser.add_argument(
            "--demo",
            action="store_true",
            help="a replayed year instead of the main job, in a state folder of its own",
        )
        parser.add_argument(
            "--data", type=Path, default=None, help="folder of candle files to take instead of ISS"
        )
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
        parser.add_argument(
            "--state-dir", type=Path, default=None, help="folder for databases, lake and logs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C; the exit code is the main job's."""
        data: Path | None = options["data"]
        usual = Path(settings.STATE_DIR) / "demo" if options["demo"] else Path(settings.STATE_DIR)
        chosen = UpOptions(
            state=(options["state_dir"] or usual).resolve(),
            host=options["host"],
            port=options["port"],
            data=None if data is None else data.resolve(),
            once=options["once"],
            demo=options["demo"],
        )
        try:
            code = up(chosen)
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        if code:
            sys.exit(code)
