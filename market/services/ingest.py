"""Ingesting from a source: reference data, candles, corporate actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from market.configs import file_sources_config
from market.contracts import IngestReport, InstrumentFacts, Timeframe
from market.models import IngestionRun
from market.selectors.instruments import instrument_list
from market.services.actions_write import actions_write
from market.services.instruments_write import instruments_write
from market.services.quarantine import rows_quarantine
from market.services.series_ingest import series_ingest
from market.services.sources import source_open
from market.sources.records import CandleRequest, RejectedRow, Source
from traderai.common import clock
from traderai.common.progress import Progress, silent


def ingest_all(
    *,
    source: Source | str,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] = (Timeframe.H1,),
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    progress: Progress = silent,
) -> IngestReport:
    """Bring reference data, then candles, then corporate actions, whose days need the candles' calendar.

    Repeating: changes nothing where the source says the same; a run that was killed is simply run again.
    """
    opened = source_open(name=source) if isinstance(source, str) else source
    started = clock.monotonic_s()
    report = replace(ingest_instruments(source=opened, secids=secids, now=now), kind="all")
    report = report.plus(
        ingest_candles(
            source=opened,
            secids=secids,
            timeframes=timeframes,
            since=since,
            until=until,
            now=now,
            progress=progress,
        )
    )
    report = report.plus(ingest_actions(source=opened, secids=secids, now=now))
    return replace(report, seconds=clock.monotonic_s() - started)


def ingest_instruments(*, source: Source, secids: Sequence[str] | None = None, now: datetime) -> IngestReport:
    """Bring reference data. Repeating: changes nothing where the source says the same."""
    with _run(kind="instruments", source=source, now=now) as (run, reports):
        page = source.instruments(secids=secids or source.default_secids())
        written = instruments_write(records=page.records)
        quarantined = rows_quarantine(run_id=run.pk, source=source.name, rows=page.rejected)
        reports.append(
            IngestReport(
                kind="instruments",
                source=source.name,
                rows_received=len(page.records) + quarantined,
                rows_new=written.new,
                rows_changed=written.changed,
                rows_unchanged=written.unchanged,
                rows_quarantined=quarantined,
            )
        )
    return reports[-1]


def ingest_candles(
    *,
    source: Source,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] = (Timeframe.H1,),
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    progress: Progress = silent,
) -> IngestReport:
    """Bring candles of known instruments, page by page, each page whole or not at all.

    Repeating: changes nothing where the source says the same; what an interrupted run stored stays.
    """
    known = {facts.secid: facts for facts in instrument_list(active_only=False)}
    wanted = list(secids or source.default_secids())
    todo = [(secid, timeframe) for timeframe in timeframes for secid in wanted]
    with _run(kind="candles", source=source, now=now) as (run, reports):
        for done, (secid, timeframe) in enumerate(todo):
            progress(done, len(todo), f"{secid} {timeframe.value}")
            request = CandleRequest(secid=secid, timeframe=timeframe, now=now, since=since, until=until)
            reports.append(_one_series(source, known.get(secid), request, run))
        progress(len(todo), len(todo), "candles")
    return _sum("candles", source, reports)


def ingest_actions(*, source: Source, secids: Sequence[str] | None = None, now: datetime) -> IngestReport:
    """Bring splits and dividends. Repeating: changes nothing where the source says the same."""
    with _run(kind="actions", source=source, now=now) as (run, reports):
        page = source.actions(secids=secids or source.default_secids())
        written = actions_write(page=page, trust=file_sources_config().dividend_trust)
        quarantined = rows_quarantine(
            run_id=run.pk, source=source.name, rows=[*page.rejected, *written.rejected]
        )
        reports.append(
            IngestReport(
                kind="actions",
                source=source.name,
                rows_received=len(page.splits) + len(page.dividends) + len(page.rejected),
                rows_new=written.new,
                rows_changed=written.changed,
                rows_unchanged=written.unchanged,
                rows_outside=written.outside,
                rows_quarantined=quarantined,
            )
        )
    return reports[-1]


def _one_series(
    source: Source, instrument: InstrumentFacts | None, request: CandleRequest, run: IngestionRun
) -> IngestReport:
    if instrument is not None:
        return series_ingest(source=source, instrument=instrument, request=request, run_id=run.pk)
    unknown = RejectedRow(place=request.secid, reason="unknown_ticker", raw={"secid": request.secid})
    quarantined = rows_quarantine(run_id=run.pk, source=source.name, rows=[unknown])
    return IngestReport(
        kind="candles", source=source.name, rows_received=quarantined, rows_quarantined=quarantined
    )


def _sum(kind: str, source: Source, reports: Sequence[IngestReport]) -> IngestReport:
    total = IngestReport(kind=kind, source=source.name)
    for report in reports:
        total = total.plus(report)
    return total


@contextmanager
def _run(*, kind: str, source: Source, now: datetime) -> Iterator[tuple[IngestionRun, list[IngestReport]]]:
    """Record a run; the reports appended before an error count, and the error is kept."""
    run = IngestionRun.objects.create(kind=kind, source=source.name, started_at=now)
    reports: list[IngestReport] = []
    started = clock.monotonic_s()
    error = ""
    try:
        yield run, reports
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:4000]
        raise
    finally:
        total = _sum(kind, source, reports)
        seconds = clock.monotonic_s() - started
        restated = ", ".join(total.restated_series)
        IngestionRun.objects.filter(pk=run.pk).update(
            finished_at=clock.now(),
            detail=(f"{seconds:.1f} s" + (f"; restated: {restated}" if restated else ""))[:300],
            rows_received=total.rows_received,
            rows_new=total.rows_new,
            rows_changed=total.rows_changed,
            rows_quarantined=total.rows_quarantined,
            error=error,
        )
