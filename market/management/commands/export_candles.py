"""`manage.py export_candles`: back raw candles up in the lake."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from market.services.export_candles import candles_export, export_restore, export_verify
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Write, check or bring back the backup of raw candles."""

    help = "Back raw candles up in the lake as Parquet; a second run writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what to do with the backup."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--verify", action="store_true", help="compare the backup with the database")
        what.add_argument("--restore", action="store_true", help="write the backup into the database")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it and print the account."""
        started = clock.monotonic_s()
        try:
            if options["verify"]:
                self._verify()
            elif options["restore"]:
                self._restore()
            else:
                self._export()
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{clock.monotonic_s() - started:.1f} s")

    def _export(self) -> None:
        report = candles_export(now=clock.now())
        self.stdout.write(
            f"{settings.LAKE_URL}: {report.rows} candles in {report.parts_written + report.parts_kept} parts; "
            f"written {report.parts_written} parts ({report.rows_written} candles), unchanged {report.parts_kept}, "
            f"objects removed {report.parts_removed}"
        )

    def _verify(self) -> None:
        report = export_verify()
        for finding in report.findings:
            self.stdout.write(finding)
        self.stdout.write(f"{report.parts} parts with {report.rows} candles, {len(report.findings)} findings")
        if report.findings:
            raise CommandError("the backup does not equal the database; run export_candles")

    def _restore(self) -> None:
        report = export_restore()
        self.stdout.write(
            f"new {report.new}, changed {report.changed}, unchanged {report.unchanged}, outranked {report.outranked}"
        )
