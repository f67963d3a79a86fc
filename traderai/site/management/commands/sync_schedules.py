"""`manage.py sync_schedules`: write the schedule file into the database that beat reads."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.common.errors import InputError
from traderai.site.schedule import schedule_load, schedules_sync


class Command(BaseCommand):
    """Sync the schedules; what staff edited stays."""

    help = "Write schedule.yaml into the database; what staff edited stays; repeating changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync and print what changed."""
        try:
            report = schedules_sync(schedule=schedule_load())
        except InputError as error:
            raise CommandError(error.detail) from error
        counts = ", ".join(f"{len(names)} {verb.replace('_', ' ')}" for verb, names in asdict(report).items())
        self.stdout.write(f"schedules: {counts}")
        for name in report.kept_edited:
            self.stdout.write(f"  kept as staff edited it: {name}")
