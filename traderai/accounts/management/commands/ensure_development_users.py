"""`manage.py ensure_development_users`: who may use a development installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.accounts.services.development import development_users_ensure
from traderai.common.errors import InputError


class Command(BaseCommand):
    """Make the development user and a staff user; the staff password is printed once, when it is made."""

    help = "Make the development user and a staff user `admin` whose password is printed once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing and say so."""
        try:
            users = development_users_ensure()
        except InputError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"development user: {users.username} (opens /app/ on this machine without a password)"
        )
        if users.staff_password is None:
            self.stdout.write(
                f"staff user: {users.staff_username} (exists; a new password: manage.py changepassword "
                f"{users.staff_username})"
            )
        else:
            self.stdout.write(
                f"staff user: {users.staff_username}  password: {users.staff_password}  (shown only now; for /admin/)"
            )
