"""Build the feature store."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from features.catalog import FEATURES
from features.contracts import BuildReport
from features.management.commands.export_features import day_begin
from features.services.build import features_build
from market.contracts import Timeframe
from traderai.common import clock
from traderai.common.errors import TraderAIError


class Command(BaseCommand):
    """Build what is missing, changed or corrupt of a feature set; running it again builds nothing new."""

    help = "Build the features of stored candles, incrementally, and report what was built."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add what to build."""
        parser.add_argument("--feature-set", default="tech_v1")
        parser.add_argument("--timeframe", default="1h")
        parser.add_argument("--secids", nargs="+", help="only these instruments")
        parser.add_argument("--since", help="only months from this Moscow day's on (2024-01-31)")
        parser.add_argument("--rebuild", action="store_true", help="compute every month again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the build and print its report."""
        secids = options["secids"]
        try:
            report = features_build(
                feature_set=options["feature_set"],
                timeframe=Timeframe.parse(options["timeframe"]),
                secids=tuple(secids) if secids else None,
                since=day_begin(options["since"], "--since"),
                now=clock.now(),
                rebuild=options["rebuild"],
                progress=self._draw,
            )
        except TraderAIError as error:
            raise CommandError(error.detail) from error
        self._print(report)
        if report.failed:
            raise CommandError(f"{len(report.failed)} instruments failed; their reasons stand above")

    def _draw(self, done: int, total: int, what: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done}/{total} {what:<12}", ending="")

    def _print(self, report: BuildReport) -> None:
        self.stdout.write(
            f"{report.feature_set_key} {report.timeframe}: {report.instruments} instruments, "
            f"{report.months_built} months built ({report.rows} rows), {report.months_unchanged} unchanged, "
            f"{report.files_swept} old files swept, {report.seconds:.1f} s"
        )
        for key in report.corrupt:
            self.stdout.write(f"corrupt, rebuilt: {key}")
        for line in missing_lines(report):
            self.stdout.write(line)
        for secid, reason in report.failed:
            self.stdout.write(f"{secid} failed: {reason}")


def missing_lines(report: BuildReport) -> list[str]:
    """Return which columns have no value in a share's newest month: those that all shares lack once, by family."""
    missing = dict(report.missing_columns)
    if not missing:
        return []
    everywhere = (
        set.intersection(*map(set, missing.values()))
        if len(missing) == report.instruments_with_bars
        else set()
    )
    lines = []
    for family in dict.fromkeys(spec.family for spec in FEATURES):
        names = [spec.name for spec in FEATURES if spec.family == family and spec.name in everywhere]
        if names:
            lines.append(f"no share has a value of {family} in its newest month: {', '.join(names)}")
    derived = sorted(everywhere - {spec.name for spec in FEATURES})
    if derived:
        lines.append(f"no share has a value in its newest month of the set's own {', '.join(derived)}")
    for secid, columns in missing.items():
        own = [name for name in columns if name not in everywhere]
        if own:
            lines.append(f"{secid}: no value in the newest month of {', '.join(own)}")
    return lines
