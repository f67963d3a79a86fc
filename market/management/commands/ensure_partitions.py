"""`manage.py ensure_partitions`: make the candles' yearly partitions."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from market.services.partitions import default_partition_rows, partitions_ensure
from traderai.common import clock


class Command(BaseCommand):
    """Make the yearly partitions up to some years ahead."""

    help = "Make the yearly partitions of candles that are missing; a second run makes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare how far ahead."""
        parser.add_argument("--years-ahead", type=int, default=3)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make them and say which."""
        year = clock.now().year
        made = partitions_ensure(first_year=2000, last_year=year + options["years_ahead"])
        self.stdout.write(f"made {', '.join(made) if made else 'nothing: all are there'}")
        waiting = default_partition_rows()
        if waiting:
            self.stderr.write(f"{waiting} candles lie in the default partition: their years have none")
