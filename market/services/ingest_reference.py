"""Ingesting reference data: instruments, replaced tickers, boards, lots, indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from market.contracts import CandleWriteReport, IngestReport
from market.selectors.tickers import ticker_holders
from market.services.ingest_files import unknown_ticker
from market.services.ingest_run import RunLog, ingestion_run, scope_of
from market.services.instruments_write import instruments_write
from market.services.reference_write import (
    boards_write,
    index_members_write,
    index_weights_write,
    terms_write,
    ticker_changes_write,
)
from market.services.write_report import RecordWriteReport
from market.sources.files import FilesSource
from market.sources.records import InstrumentPage, RecordPage, Source


def ingest_instruments(*, source: Source, secids: Sequence[str] | None = None, now: datetime) -> IngestReport:
    """Bring the reference data of instruments.

    Repeating: changes nothing where the source says the same.
    Raises: InputError for a ticker that neither the files nor the database know; nothing is written then.
    """
    wanted = secids or source.default_secids()
    with ingestion_run(
        kind="instruments", source=source.name, now=now, scope=scope_of(source, secids=secids)
    ) as log:
        page = source.instruments(secids=wanted)
        if isinstance(source, FilesSource):
            refuse_unknown(page)
        _instruments(log, page)
    return log.report


def reference_ingest(*, source: Any, secids: Sequence[str] | None = None, now: datetime) -> IngestReport:
    """Bring what a source knows beside instruments: replaced tickers, boards, lots, indices' members and weights.

    Boards come before changes of tickers: they tell a replaced ticker from one whose share was traded on.

    Repeating: changes nothing where the source says the same.
    """
    with ingestion_run(
        kind="reference", source=source.name, now=now, scope=scope_of(source, secids=secids)
    ) as log:
        if hasattr(source, "ticker_changes"):
            _reference(log, source, secids or source.default_secids(), now)
    return log.report


def index_instruments_write(*, log: RunLog, page: InstrumentPage) -> None:
    """Store indices and funds as instruments. Repeating: changes nothing."""
    _instruments(log, page)


def refuse_unknown(page: InstrumentPage) -> None:
    """Refuse tickers that neither the source nor the database know; a former ticker is known.

    Raises: InputError
    """
    holders = ticker_holders()
    known = [*holders, *(record.secid for record in page.records)]
    for row in page.rejected:
        if row.reason == "unknown_ticker" and row.raw["secid"] not in holders:
            raise unknown_ticker(str(row.raw["secid"]), known)


def _instruments(log: RunLog, page: InstrumentPage) -> None:
    written: CandleWriteReport = instruments_write(records=page.records)
    log.add_records(
        place="instruments",
        received=len(page.records),
        written=RecordWriteReport(new=written.new, changed=written.changed, unchanged=written.unchanged),
        rejected=page.rejected,
    )


def _reference(log: RunLog, source: Any, secids: Sequence[str], now: datetime) -> None:
    steps: list[tuple[Callable[[], RecordPage[Any]], Callable[[RecordPage[Any]], RecordWriteReport]]] = [
        (lambda: source.boards(secids=secids), lambda page: boards_write(page=page)),
        (source.ticker_changes, lambda page: ticker_changes_write(page=page, now=now)),
        (lambda: source.terms(secids=secids), lambda page: terms_write(page=page)),
        (source.index_members, lambda page: index_members_write(page=page)),
        (source.index_weights, lambda page: index_weights_write(page=page)),
    ]
    for read, write in steps:
        page = read()
        written = write(page)
        if page.records or page.rejected or page.outside:
            log.add_records(
                place=page.place,
                received=len(page.records),
                written=written,
                rejected=page.rejected,
                outside=page.outside,
            )
