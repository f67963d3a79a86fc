"""The parts of what the exchange tells from day to day, each brought by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Max

from market.contracts import IngestReport
from market.models import NewsItem, NewsSource
from market.selectors.instruments import instrument_list
from market.services.calendar_write import calendar_write
from market.services.ingest import ingest_actions, ingest_instruments
from market.services.ingest_run import ingestion_run
from market.services.instruments_write import instruments_write
from market.services.news_sources import news_sources_ensure
from market.services.news_write import news_write
from market.services.reference_write import (
    boards_write,
    index_members_write,
    index_weights_write,
    terms_write,
)
from market.services.ticker_changes import ticker_changes_write
from market.services.write_report import RecordWriteReport
from market.sources.iss import IssSource
from market.sources.records import InstrumentRecord, NewsRecord, RecordPage
from market.sources.rss import RssFeed
from traderai.common.clock import MOSCOW

Part = Callable[[IssSource], IngestReport]
_REREAD = timedelta(hours=1)  # notices are dated by the minute and may appear out of order
_CALENDAR_BACK = timedelta(days=30)


def records_ingest(
    *,
    kind: str,
    source: str,
    pages: Iterable[RecordPage[Any]],
    write: Callable[[RecordPage[Any]], RecordWriteReport],
    now: datetime,
) -> IngestReport:
    """Bring records of one kind page by page, each page whole or not at all, as a run of its own.

    Repeating: changes nothing where the source says the same.
    """
    with ingestion_run(kind=kind, source=source, now=now) as log:
        for page in pages:
            written = write(page)
            log.add_records(
                place=page.place,
                received=len(page.records),
                written=written,
                rejected=page.rejected,
                outside=page.outside,
            )
    return log.report


def reference_parts(*, now: datetime) -> dict[str, Part]:
    """Return the parts of reference data, in the order in which they need each other.

    Boards come first: a ticker is taken for replaced only once its board has ended. What is not held yet gets its
    boards and its former tickers the next day.
    """
    bring = partial(records_ingest, source="iss", now=now)
    today = now.astimezone(MOSCOW).date()
    # The exchange publishes its calendar by the year.
    since, until = today - _CALENDAR_BACK, date(today.year + 1, 1, 1)
    return {
        "boards": lambda iss: bring(
            kind="boards", pages=[iss.boards(secids=_held())], write=lambda page: boards_write(page=page)
        ),
        "tickers": lambda iss: bring(
            kind="tickers", pages=[iss.ticker_changes()], write=lambda page: ticker_changes_write(page=page, now=now)
        ),
        "indices": lambda iss: bring(kind="indices", pages=[_indices(iss)], write=_indices_write),
        "instruments": lambda iss: ingest_instruments(source=iss, secids=_secids(iss), now=now),
        "terms": lambda iss: bring(
            kind="terms", pages=[iss.terms(secids=_secids(iss))], write=lambda page: terms_write(page=page)
        ),
        "actions": lambda iss: ingest_actions(source=iss, secids=_secids(iss), now=now),
        "members": lambda iss: bring(
            kind="index_members", pages=[iss.index_members()], write=lambda page: index_members_write(page=page)
        ),
        "weights": lambda iss: bring(
            kind="index_weights", pages=[iss.index_weights()], write=lambda page: index_weights_write(page=page)
        ),
        "calendar": lambda iss: bring(
            kind="calendar",
            pages=[iss.calendar(since=since, until=until)],
            write=lambda page: calendar_write(page=page),
        ),
    }  # fmt: skip


def notice_parts(*, now: datetime) -> dict[str, Part]:
    """Return the exchange's notices as a part, nothing where staff has switched them off."""
    sources = [
        one for one in news_sources_ensure().values() if one.kind == NewsSource.Kind.ISS and one.active
    ]
    return {one.code: partial(_notices, one, now) for one in sources}


def feed_parts(*, now: datetime) -> dict[str, Callable[[], IngestReport]]:
    """Return the feeds that are switched on as parts."""
    feeds = [one for one in news_sources_ensure().values() if one.kind == NewsSource.Kind.RSS and one.active]
    return {one.code: partial(_feed, one, now) for one in feeds}


def _notices(source: NewsSource, now: datetime, iss: IssSource) -> IngestReport:
    return _news(source, iss.news(since=_since(source), now=now), now=now)


def _feed(source: NewsSource, now: datetime) -> IngestReport:
    feed = RssFeed(code=source.code, url=source.url)
    # All of it: items come late, dated by when they were begun, and what is stored already changes nothing.
    return _news(source, feed.news(since=None, now=now), now=now)


def _news(source: NewsSource, pages: Iterable[RecordPage[NewsRecord]], *, now: datetime) -> IngestReport:
    return records_ingest(
        kind="news",
        source=source.code[:16],
        pages=pages,
        write=lambda page: news_write(page=page, now=now),
        now=now,
    )


def _since(source: NewsSource) -> datetime | None:
    newest = NewsItem.objects.filter(source=source).aggregate(at=Max("published_at"))["at"]
    return None if newest is None else newest - _REREAD


def _secids(source: IssSource) -> Sequence[str]:
    """Return what we hold and what the universe names."""
    return sorted({*_held(), *source.default_secids()})


def _held() -> list[str]:
    return [facts.secid for facts in instrument_list() if not facts.is_simulated and facts.kind != "index"]


def _indices(source: IssSource) -> RecordPage[InstrumentRecord]:
    page = source.indices()
    return RecordPage(place="indices", records=page.records, rejected=page.rejected)


def _indices_write(page: RecordPage[InstrumentRecord]) -> RecordWriteReport:
    written = instruments_write(records=page.records)
    return RecordWriteReport(new=written.new, changed=written.changed, unchanged=written.unchanged)
