"""`manage.py second_factor USERNAME`: a device for a member of staff."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traderai.accounts.services.second_factor import second_factor_give, second_factor_take
from traderai.common.errors import InputError


class Command(BaseCommand):
    """Give a user a device for codes, or take the devices away; the address is printed once."""

    help = "Give a user a device for sign-in codes (its address is printed once), or take the devices away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the user."""
        parser.add_argument("username")
        parser.add_argument("--remove", action="store_true", help="take the devices away, such as a lost one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say so."""
        username = options["username"]
        try:
            if options["remove"]:
                self.stdout.write(
                    f"{second_factor_take(username=username)} device(s) of {username} taken away"
                )
                return
            address = second_factor_give(username=username)
        except InputError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(
            f"{address}\n(shown only now: make a QR code of it, or type its secret into the device)"
        )
