"""Ingesting what are no candles: corporate actions, companies' figures, the economy, order flow, news, the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from market.configs import file_sources_config
from market.contracts import IngestReport
from market.selectors.tickers import ticker_holders
from market.services.actions_write import actions_write
from market.services.calendar_write import calendar_write
from market.services.flow_write import flow_write, order_book_write
from market.services.fundamentals_write import fundamentals_write
from market.services.ingest_run import RunLog, ingestion_run, scope_of
from market.services.macro_write import events_write, macro_write
from market.services.news_write import news_write
from market.services.write_report import RecordWriteReport
from market.sources.corporate_files import MANUAL
from market.sources.records import (
    ActionPage,
    CalendarSource,
    FlowSource,
    FundamentalsSource,
    MacroSource,
    NewsFeed,
    RecordPage,
    Source,
)


def ingest_actions(
    *, source: Source, secids: Sequence[str] | None = None, now: datetime, kind: str = "actions"
) -> IngestReport:
    """Bring splits and dividends, or the one of them that `kind` names.

    Repeating: changes nothing where the source says the same.
    """
    with ingestion_run(kind=kind, source=source.name, now=now, scope=scope_of(source, secids=secids)) as log:
        told = source.actions(secids=secids or source.default_secids())
        holders = ticker_holders()
        # Our own table tells of shares that this database may not hold: nothing is wrong with its rows.
        splits = [s for s in told.splits if s.source != MANUAL or s.secid in holders]
        page = ActionPage(
            splits=() if kind == "dividends" else tuple(splits),
            dividends=() if kind == "splits" else told.dividends,
            rejected=told.rejected,
        )
        written = actions_write(page=page, trust=file_sources_config().dividend_trust)
        log.add_records(
            place="corporate actions",
            received=len(page.splits) + len(page.dividends),
            written=RecordWriteReport(
                new=written.new,
                changed=written.changed,
                unchanged=written.unchanged,
                outside=written.outside,
                rejected=tuple(written.rejected),
            ),
            rejected=page.rejected,
            outside=0 if kind == "dividends" else len(told.splits) - len(splits),
        )
    return log.report


def ingest_fundamentals(
    *, source: FundamentalsSource, secids: Sequence[str] | None = None, now: datetime
) -> IngestReport:
    """Bring companies' figures. Repeating: changes nothing where the source says the same."""
    with ingestion_run(
        kind="fundamentals", source=_name(source), now=now, scope=scope_of(source, secids=secids)
    ) as log:
        _bring(log, source.fundamentals(secids=secids), lambda page: fundamentals_write(page=page))
    return log.report


def ingest_macro(*, source: MacroSource, now: datetime) -> IngestReport:
    """Bring the economy's series and scheduled events. Repeating: changes nothing where the source says the same."""
    with ingestion_run(kind="macro", source=_name(source), now=now, scope=scope_of(source)) as log:
        _bring(log, [source.macro()], lambda page: macro_write(page=page))
        _bring(log, [source.events()], lambda page: events_write(page=page))
    return log.report


def ingest_flow(*, source: FlowSource, secids: Sequence[str] | None = None, now: datetime) -> IngestReport:
    """Bring order flow and order-book figures. Repeating: changes nothing where the source says the same."""
    with ingestion_run(
        kind="flow", source=_name(source), now=now, scope=scope_of(source, secids=secids)
    ) as log:
        _bring(log, source.flow(secids=secids), lambda page: flow_write(page=page))
        _bring(log, source.order_books(secids=secids), lambda page: order_book_write(page=page))
    return log.report


def ingest_news(*, source: NewsFeed, since: datetime | None = None, now: datetime) -> IngestReport:
    """Bring news. Repeating: changes nothing where the source says the same."""
    with ingestion_run(kind="news", source=_name(source), now=now, scope=scope_of(source)) as log:
        _bring(log, source.news(since=since, now=now), lambda page: news_write(page=page, now=now))
    return log.report


def ingest_calendar(*, source: CalendarSource, since: date, until: date, now: datetime) -> IngestReport:
    """Bring the exchange's calendar of a span, `until` left out.

    Repeating: changes nothing where the source says the same.
    """
    with ingestion_run(kind="calendar", source=_name(source), now=now, scope=scope_of(source)) as log:
        _bring(log, [source.calendar(since=since, until=until)], lambda page: calendar_write(page=page))
    return log.report


def _bring(
    log: RunLog, pages: Iterable[RecordPage[Any]], write: Callable[[RecordPage[Any]], RecordWriteReport]
) -> None:
    for page in pages:
        written = write(page)
        log.add_records(
            place=page.place,
            received=len(page.records),
            written=written,
            rejected=page.rejected,
            outside=page.outside,
        )


def _name(source: object) -> str:
    """Return a source's name; the small protocols of records do not ask for one."""
    return str(getattr(source, "name", type(source).__name__))[:16]
