"""Ingesting from a source: everything it has, or one kind of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from market.contracts import CandleOrigin, FileAccount, IngestReport, InstrumentFacts, Timeframe
from market.selectors.instruments import instrument_list
from market.selectors.tickers import ticker_holders
from market.services.ingest_files import FileCandlesRequest, file_candles_ingest
from market.services.ingest_records import (
    ingest_actions,
    ingest_calendar,
    ingest_flow,
    ingest_fundamentals,
    ingest_macro,
    ingest_news,
)
from market.services.ingest_reference import (
    index_instruments_write,
    ingest_instruments,
    reference_ingest,
)
from market.services.ingest_run import RunLog, ingestion_run, scope_of
from market.services.resample_due import candles_resample
from market.services.series_ingest import series_ingest
from market.services.sources import source_open
from market.sources.file_rules import FoundFile
from market.sources.files import INDEX_READERS, FilesSource
from market.sources.iss import IssSource
from market.sources.records import CandlePage, CandleRequest, RejectedRow, Source
from market.sources.simulator import SimulatorSource
from traderai.common import clock
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, InvariantError, NotReadyError, TraderAIError
from traderai.common.progress import Progress, silent

__all__ = [
    "CandlesWanted",
    "candles_ingest",
    "everything_ingest",
    "indices_ingest",
    "ingest_actions",
    "ingest_all",
    "ingest_calendar",
    "ingest_candles",
    "ingest_flow",
    "ingest_fundamentals",
    "ingest_indices",
    "ingest_instruments",
    "ingest_macro",
    "ingest_news",
    "kind_ingest",
    "reference_ingest",
]

METHOD_OF = {
    "indices": "index_candles", "fundamentals": "fundamentals", "macro": "macro", "flow": "flow", "news": "news",
    "calendar": "calendar",
}  # fmt: skip
"""The method by which a source has a kind; instruments, candles and actions every source has."""

SOURCE_CLASSES: dict[str, type] = {"iss": IssSource, "files": FilesSource, "simulator": SimulatorSource}
_CALENDAR_AHEAD = timedelta(days=400)
# From so many new rows on the statistics of before say nothing of the table.
_ROWS_FOR_STATISTICS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesWanted:
    """Which candles are asked for, and how; None asks for what the source has, or for 1h where that has no bounds."""

    secids: Sequence[str] | None = None
    timeframes: Sequence[Timeframe] | None = None
    since: datetime | None = None
    until: datetime | None = None
    now: datetime
    refetch: bool = False  # ask anew for what has been asked for before
    resample: bool = False  # make the longer bars of what has changed

    def scope(self, source: Any) -> dict[str, Any]:
        """Return what makes runs comparable; not since when: a scheduled run asks for a later day each time."""
        timeframes = [timeframe.value for timeframe in self.timeframes or ()]
        return scope_of(source, secids=self.secids) | {
            "timeframes": timeframes,
            "bounded": self.until is not None,
        }


def ingest_all(
    *,
    source: Source | str,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    progress: Progress = silent,
) -> IngestReport:
    """Bring everything the source has. Repeating: changes nothing where the source says the same."""
    opened = source_open(name=source) if isinstance(source, str) else source
    wanted = CandlesWanted(secids=secids, timeframes=timeframes, since=since, until=until, now=now)
    return everything_ingest(source=opened, wanted=wanted, progress=progress)


def everything_ingest(*, source: Any, wanted: CandlesWanted, progress: Progress = silent) -> IngestReport:
    """Bring everything the source has: reference data first, actions after candles, whose calendar dates them.

    Repeating: changes nothing where the source says the same; a run that was killed is simply run again.
    """
    started = clock.monotonic_s()
    instruments = ingest_instruments(source=source, secids=wanted.secids, now=wanted.now)
    reference = reference_ingest(source=source, secids=wanted.secids, now=wanted.now)
    report = replace(instruments, kind="all").plus(reference)
    if reference.rows_new or reference.rows_changed:
        # Shares that changed their ticker are one instrument now, which is described by its new name.
        report = report.plus(ingest_instruments(source=source, secids=wanted.secids, now=wanted.now))
    report = report.plus(candles_ingest(source=source, wanted=wanted, progress=progress))
    if source_has(source, "indices"):
        report = report.plus(indices_ingest(source=source, wanted=wanted, progress=progress))
    for kind in ("actions", "fundamentals", "macro", "flow", "news"):
        if source_has(source, kind):
            report = report.plus(kind_ingest(kind=kind, source=source, wanted=wanted))
    return replace(report, seconds=clock.monotonic_s() - started)


def kind_ingest(*, kind: str, source: Any, wanted: CandlesWanted) -> IngestReport:
    """Bring one kind of records that are no candles.

    Repeating: changes nothing where the source says the same.
    Raises: InputError if the source has nothing of the kind; it names the sources that do.
    """
    require(source, kind)
    now, secids = wanted.now, wanted.secids
    if kind == "fundamentals":
        return ingest_fundamentals(source=source, secids=secids, now=now)
    if kind == "macro":
        return ingest_macro(source=source, now=now)
    if kind == "flow":
        return ingest_flow(source=source, secids=secids, now=now)
    if kind == "news":
        return ingest_news(source=source, since=wanted.since, now=now)
    if kind == "calendar":
        today = now.astimezone(MOSCOW).date()
        first = wanted.since.astimezone(MOSCOW).date() if wanted.since else date(today.year, 1, 1)
        last = wanted.until.astimezone(MOSCOW).date() if wanted.until else today + _CALENDAR_AHEAD
        return ingest_calendar(source=source, since=first, until=last, now=now)
    return ingest_actions(source=source, secids=secids, now=now, kind=kind)


def source_has(source: object, kind: str) -> bool:
    """Return whether a source has a kind."""
    return hasattr(source, METHOD_OF.get(kind, "name"))


def require(source: Any, kind: str) -> None:
    """Refuse a kind that a source has nothing of.

    Raises: InputError
    """
    if source_has(source, kind):
        return
    having = [name for name, made in SOURCE_CLASSES.items() if hasattr(made, METHOD_OF[kind])]
    raise InputError(
        f"the source {source.name} has no {kind}; {', '.join(having) or 'no source'} has: name it with --source",
        code="kind_not_in_source",
        field="source",
    )


def ingest_candles(
    *,
    source: Source,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    progress: Progress = silent,
) -> IngestReport:
    """Bring candles of known instruments. Repeating: changes nothing where the source says the same."""
    wanted = CandlesWanted(secids=secids, timeframes=timeframes, since=since, until=until, now=now)
    return candles_ingest(source=source, wanted=wanted, progress=progress)


def candles_ingest(*, source: Any, wanted: CandlesWanted, progress: Progress = silent) -> IngestReport:
    """Bring candles of known instruments, page by page, each page whole or not at all.

    Repeating: changes nothing where the source says the same; what an interrupted run stored stays.
    """
    with ingestion_run(kind="candles", source=source.name, now=wanted.now, scope=wanted.scope(source)) as log:
        if isinstance(source, FilesSource):
            _of_files(source, source.candle_files(), wanted, log, progress)
        else:
            _of_series(source, wanted.secids or source.default_secids(), wanted, log, progress)
    if log.report.rows_new >= _ROWS_FOR_STATISTICS:
        # PostgreSQL plans by statistics that it gathers some time later: the first readers would wait for minutes.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE market_candle")
    return log.report


def ingest_indices(
    *, source: Any, secids: Sequence[str] | None = None, now: datetime, progress: Progress = silent
) -> IngestReport:
    """Bring indices and their candles. Repeating: changes nothing where the source says the same."""
    return indices_ingest(source=source, wanted=CandlesWanted(secids=secids, now=now), progress=progress)


def indices_ingest(*, source: Any, wanted: CandlesWanted, progress: Progress = silent) -> IngestReport:
    """Bring indices (and funds that files keep with them) and their candles; `secids` picks some of them.

    Their bars mark no trading days: an index may be told on a day without trading in shares.

    Repeating: changes nothing where the source says the same.
    Raises: InputError if the source has no indices
    """
    require(source, "indices")
    with ingestion_run(kind="indices", source=source.name, now=wanted.now, scope=wanted.scope(source)) as log:
        page = source.indices()
        records = tuple(r for r in page.records if not wanted.secids or r.secid in wanted.secids)
        if records:
            chosen = replace(wanted, secids=[record.secid for record in records])
            index_instruments_write(log=log, page=replace(page, records=records))
            if isinstance(source, FilesSource):
                _of_files(source, source.candle_files(*INDEX_READERS), chosen, log, progress)
            else:
                asked = replace(chosen, timeframes=wanted.timeframes or (Timeframe.D1,))
                _of_series(_IndexFeed(source), chosen.secids or (), asked, log, progress)
    return log.report


class _IndexFeed:
    """A source's index candles as a feed of candles."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.name: str = source.name
        self.origin: CandleOrigin | None = getattr(source, "origin", None)

    def candles(self, *, request: CandleRequest) -> Generator[CandlePage, None, None]:
        """Yield one index's candles in pages."""
        yield from self.source.index_candles(request=request)


def _of_files(
    source: FilesSource, files: Sequence[FoundFile], wanted: CandlesWanted, log: RunLog, progress: Progress
) -> None:
    touched = file_candles_ingest(
        source=source,
        files=files,
        request=FileCandlesRequest(
            secids=wanted.secids,
            timeframes=wanted.timeframes,
            since=wanted.since,
            until=wanted.until,
            now=wanted.now,
        ),
        log=log,
        progress=progress,
    )
    if wanted.resample:
        _resample(touched, wanted.now)


def _of_series(
    source: Any, secids: Sequence[str], wanted: CandlesWanted, log: RunLog, progress: Progress
) -> None:
    known = {facts.secid: facts for facts in instrument_list(active_only=False)}
    holders = ticker_holders()
    todo = [(secid, timeframe) for timeframe in wanted.timeframes or (Timeframe.H1,) for secid in secids]
    touched: dict[str, datetime | None] = {}
    broken: list[TraderAIError] = []
    for done, (secid, timeframe) in enumerate(todo):
        progress(done, len(todo), f"{secid} {timeframe.value}")
        request = CandleRequest(
            secid=secid, timeframe=timeframe, now=wanted.now, since=wanted.since, until=wanted.until
        )
        facts = known.get(secid) or (known.get(holders[secid][-1].secid) if secid in holders else None)
        if facts is None:
            unknown = RejectedRow(place=secid, reason="unknown_ticker", raw={"secid": secid})
            reasons = log.quarantine([unknown])
            log.add_account(FileAccount(place=secid, kind=log.kind, rows_received=1, quarantined=reasons))
            continue
        before = log.report
        try:
            _one_series(source, facts, request, wanted, log)
        except (InputError, InvariantError, NotReadyError) as error:
            # What is wrong with this series (its layout, say) need not be wrong with the others.
            broken.append(type(error)(f"{secid} {timeframe.value}: {error.detail}", code=error.code))
        if (log.report.rows_new, log.report.rows_changed) != (before.rows_new, before.rows_changed):
            touched[facts.secid] = wanted.since
    progress(len(todo), len(todo), log.kind)
    if wanted.resample:
        _resample(touched, wanted.now)
    if broken:
        raise type(broken[0])("; ".join(error.detail for error in broken), code=broken[0].code)


def _one_series(
    source: Any, facts: InstrumentFacts, request: CandleRequest, wanted: CandlesWanted, log: RunLog
) -> None:
    """Bring a series; what was stored before an error counts."""
    total = IngestReport(kind=log.kind, source=source.name)
    pages: list[IngestReport] = []
    try:
        series_ingest(
            source=source,
            instrument=facts,
            request=request,
            run_id=log.run_id,
            refetch=wanted.refetch,
            on_page=pages.append,
        )
    finally:
        for page in pages:
            total = total.plus(page)
        log.add(replace(total, by_file=(_account(f"{request.secid} {request.timeframe.value}", total),)))


def _resample(touched: Mapping[str, datetime | None], now: datetime) -> None:
    """Make the longer bars of the series that a run has changed, from the first change on."""
    for secid, since in touched.items():
        candles_resample(secids=[secid], since=since, now=now)


def _account(place: str, report: IngestReport) -> FileAccount:
    return FileAccount(
        place=place,
        kind=report.kind,
        rows_received=report.rows_received,
        rows_new=report.rows_new,
        rows_changed=report.rows_changed,
        rows_unchanged=report.rows_unchanged,
        rows_outranked=report.rows_outranked,
        rows_disagreeing=report.rows_disagreeing,
        rows_unclosed=report.rows_unclosed,
        outside={"not_asked_for": report.rows_outside} if report.rows_outside else {},
        quarantined={"see_quarantine": report.rows_quarantined} if report.rows_quarantined else {},
    )
