"""`manage.py prepare_database`: what every start does to the database before anything serves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Migrate, sync the schedules and make the development users; repeating changes nothing."""

    help = "Migrate, sync the schedules, make the development users; repeating changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps in one process, since starting Django is what costs."""
        call_command("migrate", interactive=False, verbosity=0, stdout=self.stdout)
        self.stdout.write("the database is migrated")
        call_command("sync_schedules", stdout=self.stdout)
        if settings.DEVELOPMENT_USERNAME:
            call_command("ensure_development_users", stdout=self.stdout)
