"""Build the feature store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from features.contracts import BuildReport
from features.management.commands.export_features import day_begin
from features.selectors.catalogue import feature_specs
from features.services.build import features_build
from features.spec import FeatureSpec
from market.contracts import Timeframe
from traderai.common import clock
from traderai.common.errors import TraderAIError

# The short report names so many shares of a family.
SHARES_NAMED: Final = 5


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
        specs = feature_specs(name=options["feature_set"])
        self._print(report, missing_lines(report, specs, in_full=options["verbosity"] > 1))
        if report.failed:
            raise CommandError(f"{len(report.failed)} instruments failed; their reasons stand above")

    def _draw(self, done: int, total: int, what: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done}/{total} {what:<12}", ending="")

    def _print(self, report: BuildReport, missing: Sequence[str]) -> None:
        self.stdout.write(
            f"{report.feature_set_key} {report.timeframe}: {report.instruments} instruments, "
            f"{report.months_built} months built ({report.rows} rows), {report.months_unchanged} unchanged, "
            f"{report.files_swept} old files swept, {report.seconds:.1f} s"
        )
        if not report.instruments:
            self.stdout.write(
                f"no share has {report.timeframe} candles; run manage.py ingest or manage.py resample first"
            )
        for key in report.corrupt:
            self.stdout.write(f"corrupt, rebuilt: {key}")
        for line in missing:
            self.stdout.write(line)
        for secid, reason in report.failed:
            self.stdout.write(f"{secid} failed: {reason}")


def missing_lines(report: BuildReport, specs: Sequence[FeatureSpec], *, in_full: bool = False) -> list[str]:
    """Return which columns have no value in the newest month, family by family, those of all shares first.

    The names of columns and of more than a few shares are told in full only where that is asked for.
    """
    missing = {secid: set(names) for secid, names in report.missing_columns}
    reaches_all = len(missing) == report.instruments_with_bars
    everywhere = set.intersection(*missing.values()) if missing and reaches_all else set()
    lines = []
    for family in dict.fromkeys(spec.family for spec in specs):
        names = [spec.name for spec in specs if spec.family == family]
        by_all = [name for name in names if name in everywhere]
        if by_all:
            told = f": {', '.join(by_all)}" if in_full else ""
            lines.append(f"{family}: {len(by_all)} of {len(names)} columns in no share{told}")
        own = {
            secid: [name for name in names if name in lacking - everywhere]
            for secid, lacking in missing.items()
        }
        lines += _own_lines(family, {secid: lacking for secid, lacking in own.items() if lacking}, in_full)
    if not lines:
        return []
    how = "" if in_full else " (names with -v 2)"
    return [f"no value in the newest month{how}:", *(f"  {line}" for line in lines)]


def _own_lines(family: str, own: Mapping[str, Sequence[str]], in_full: bool) -> list[str]:
    """Return what some shares lack of a family that others have."""
    if not own:
        return []
    if in_full:
        shares_of: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for secid, names in own.items():
            shares_of[tuple(names)].append(secid)
        return [f"{family} of {', '.join(secids)}: {', '.join(names)}" for names, secids in shares_of.items()]
    counts = sorted({len(names) for names in own.values()})
    columns = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    named = sorted(own)
    more = f" and {len(named) - SHARES_NAMED} more" if len(named) > SHARES_NAMED else ""
    of = (
        f"of {named[0]}"
        if len(named) == 1
        else f"in {len(named)} shares: {', '.join(named[:SHARES_NAMED])}{more}"
    )
    return [f"{family}: {columns} columns {of}"]
