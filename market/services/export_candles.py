"""Backing raw candles up in the lake, comparing the backup with the database, and bringing it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from market.contracts import CandleOrigin, CandleWriteReport, Timeframe
from market.models import CandleSource, Instrument
from market.resampling_config import resampling_config
from market.selectors.candle_columns import candle_columns
from market.selectors.instruments import instrument_list
from market.services.candle_parts import (
    Manifest,
    Part,
    PartRows,
    manifest_read,
    manifest_write,
    part_content_sha256,
    part_decode,
    part_name,
    part_rows,
    part_span,
    part_write,
    parts_discard,
)
from market.services.candle_write import candles_write
from market.services.instruments_write import instruments_write
from market.services.resample import reports_sum
from market.sources.records import InstrumentRecord
from traderai.common.arrays import I64
from traderai.common.clock import MOSCOW
from traderai.common.errors import ConflictError, InvariantError, NotFoundError
from traderai.common.lake import Lake, lake_at
from traderai.common.progress import Progress, silent
from traderai.jobs.services import advisory_lock

_LOCK = "market candles export"
_SAVE_EVERY_PARTS = 200
_SUNDAY = 6
_MONTHS = """
SELECT i.secid, c.timeframe_min, date_trunc('month', c.begin AT TIME ZONE 'Europe/Moscow')::date, count(*)
FROM market_candle c JOIN market_instrument i ON i.id = c.instrument_id
WHERE c.source_id = ANY(%s) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What one export did; parts written and kept add up to the parts of the database."""

    parts_written: int = 0
    parts_kept: int = 0
    parts_removed: int = 0  # objects that no longer count
    rows: int = 0  # of all parts
    rows_written: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """How the backup stands against the database; a whole one has no findings."""

    parts: int
    rows: int
    findings: tuple[str, ...]  # "10m/SBER/2024-08: missing", ...


def candles_export(*, now: datetime, recent_only: bool = False, progress: Progress = silent) -> ExportReport:
    """Bring the lake's backup of raw candles up to date: months of each series, years of daily and longer bars.

    Raw are the candles that were not resampled here. `recent_only` reads those of the last `recheck_days` and those
    whose number has changed; without it everything is read and compared.

    Repeating: writes the parts that have changed, none if nothing has. A run that was killed is simply run again;
    until the manifest names a new object the old one counts.
    Raises: ConflictError while another export runs.
    """
    with advisory_lock(_LOCK) as held:
        if not held:
            raise ConflictError("another export of candles is running; wait for its end")
        lake = lake_at(settings.LAKE_URL)
        before = manifest_read(lake)
        counts = _counts()
        wanted = {
            name
            for name, rows in counts.items()
            if not recent_only or name not in before.parts or before.parts[name].rows != rows
            or part_span(name)[3] > now - timedelta(days=resampling_config().recheck_days)
        }  # fmt: skip
        started = replace(
            _with_facts(before, now),
            parts={name: before.parts[name] for name in counts if name in before.parts},
        )
        manifest = _write_parts(lake, started, sorted(wanted), progress)
        manifest_write(lake, manifest)
        removed = parts_discard(lake, before.parts.values(), manifest.parts.values())
    written = [part for name, part in manifest.parts.items() if before.parts.get(name) != part]
    return ExportReport(
        parts_written=len(written),
        parts_kept=len(manifest.parts) - len(written),
        parts_removed=removed,
        rows=sum(part.rows for part in manifest.parts.values()),
        rows_written=sum(part.rows for part in written),
    )


def candles_export_due(*, now: datetime) -> ExportReport | None:
    """Bring the backup up to date once a Moscow day; None where that has been done or is being done.

    On Sundays everything is compared: old bars that were restated, or taken over by a higher source, are as many
    as before.

    Repeating: does nothing until the next day.
    """
    exported_at = manifest_read(lake_at(settings.LAKE_URL)).exported_at
    if exported_at and _moscow_day(datetime.fromisoformat(exported_at)) >= _moscow_day(now):
        return None
    try:
        return candles_export(now=now, recent_only=_moscow_day(now).weekday() != _SUNDAY)
    except ConflictError:
        return None


def export_verify(*, progress: Progress = silent) -> VerifyReport:
    """Read every object of the backup and compare its candles with the database's.

    Repeating: reads only.
    """
    lake = lake_at(settings.LAKE_URL)
    manifest, counts = manifest_read(lake), _counts()
    ids, sources = _ids(), _raw_sources()
    findings = [f"{name}: not exported" for name in sorted(set(counts) - set(manifest.parts))]
    for done, (name, part) in enumerate(sorted(manifest.parts.items())):
        progress(done, len(manifest.parts), name)
        found = _finding(lake, name, part, ids, sources)
        if found:
            findings.append(f"{name}: {found}")
    return VerifyReport(
        parts=len(manifest.parts),
        rows=sum(part.rows for part in manifest.parts.values()),
        findings=tuple(findings),
    )


def export_restore(*, secids: Sequence[str] | None = None, progress: Progress = silent) -> CandleWriteReport:
    """Write the backup's candles into the database, each under the source and rank that it had.

    Instruments that are missing are made from what the manifest tells of them; the others stay.

    Repeating: changes nothing; candles of higher sources stay.
    Raises: NotFoundError or InvariantError for an object that is missing or corrupt.
    """
    lake = lake_at(settings.LAKE_URL)
    manifest = manifest_read(lake)
    known = {facts.secid for facts in instrument_list(active_only=False)}
    missing = [facts for secid, facts in manifest.instruments.items() if secid not in known]
    instruments_write(records=tuple(InstrumentRecord(**facts, terms_told=False) for facts in missing))
    ids = {facts.secid: facts.id for facts in instrument_list(active_only=False)}
    total = CandleWriteReport()
    names = [name for name in sorted(manifest.parts) if secids is None or name.split("/")[1] in secids]
    for done, name in enumerate(names):
        progress(done, len(names), name)
        part, (secid, timeframe, _, _) = manifest.parts[name], part_span(name)
        rows = part_decode(lake.read(part.key, sha256=part.sha256))
        kind = manifest.instruments[secid]["kind"]
        for origin, board, chosen in _groups(rows, manifest):
            written = candles_write(
                instrument_id=ids[secid],
                timeframe=timeframe,
                columns=rows.columns.take(chosen),
                origin=origin,
                board=board,
                marks_trading_days=kind != "index" and timeframe is not Timeframe.W1,
            )
            total = reports_sum(total, written)
    return total


def _write_parts(lake: Lake, manifest: Manifest, names: list[str], progress: Progress) -> Manifest:
    ids, sources = _ids(), _raw_sources()
    parts = dict(manifest.parts)
    written = 0
    for done, name in enumerate(names):
        progress(done, len(names), name)
        rows, wall_s = _stored(name, ids, sources)
        if not wall_s.size:
            parts.pop(name, None)
            continue
        known = parts.get(name)
        if known and known.content_sha256 == part_content_sha256(rows) and _is_whole(lake, known):
            continue
        parts[name] = part_write(lake, name, rows, wall_s)
        written += 1
        if written % _SAVE_EVERY_PARTS == 0:
            # What is done stays done if this run is killed.
            manifest_write(lake, replace(manifest, parts=parts, exported_at=""))
    return replace(manifest, parts=parts)


def _is_whole(lake: Lake, part: Part) -> bool:
    try:
        lake.read(part.key, sha256=part.sha256)
    except (NotFoundError, InvariantError):
        return False
    return True


def _stored(name: str, ids: dict[str, int], sources: dict[int, str]) -> tuple[PartRows, I64]:
    secid, timeframe, since, until = part_span(name)
    stored = candle_columns(
        instrument_id=ids.get(secid, 0),
        timeframe=timeframe,
        since=since,
        as_of=until,
        source_ids=tuple(sources),
    )
    return part_rows(stored, sources), stored.wall_s


def _finding(lake: Lake, name: str, part: Part, ids: dict[str, int], sources: dict[int, str]) -> str:
    try:
        exported = part_decode(lake.read(part.key, sha256=part.sha256))
    except NotFoundError:
        return "missing"
    except InvariantError:
        return "corrupt"
    rows, _ = _stored(name, ids, sources)
    if part_content_sha256(rows) == part_content_sha256(exported):
        return ""
    return f"differs ({len(exported.columns)} rows exported, {len(rows.columns)} in the database)"


def _counts() -> dict[str, int]:
    """Return by part how many raw candles the database holds."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, [list(_raw_sources())])
        for secid, minutes, month, rows in cursor.fetchall():
            name = part_name(secid, Timeframe.of_minutes(minutes), month)
            counts[name] = counts.get(name, 0) + rows
    return counts


def _ids() -> dict[str, int]:
    return dict(Instrument.objects.values_list("secid", "pk"))


def _raw_sources() -> dict[int, str]:
    """Return the names of the sources whose candles cannot be made again."""
    raw = CandleSource.objects.exclude(kind=CandleSource.Kind.RESAMPLED)
    return dict(raw.values_list("pk", "name"))


def _with_facts(manifest: Manifest, now: datetime) -> Manifest:
    instruments: dict[str, dict[str, Any]] = {
        row["secid"]: dict(row)
        for row in Instrument.objects.values("secid", "name_ru", "name_en", "isin", "kind", "board")
    }
    sources: dict[str, dict[str, Any]] = {
        row.name: {"kind": row.kind, "priority": row.priority} for row in CandleSource.objects.all()
    }
    return replace(manifest, exported_at=now.isoformat(), instruments=instruments, sources=sources)


def _groups(rows: PartRows, manifest: Manifest) -> Iterator[tuple[CandleOrigin, str, I64]]:
    """Yield the rows of each source and board."""
    keys = list(zip(rows.source, rows.board, strict=True))
    for source, board in sorted(set(keys)):
        chosen = np.array([at for at, key in enumerate(keys) if key == (source, board)], dtype=np.int64)
        facts = manifest.sources[source]
        yield CandleOrigin(name=source, kind=facts["kind"], priority=facts["priority"]), board, chosen


def _moscow_day(moment: datetime) -> date:
    return moment.astimezone(MOSCOW).date()
