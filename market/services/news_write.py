"""Storing news: each text once, with the first moment at which a decision may use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from market.models import Instrument, NewsItem, NewsLink, NewsSource
from market.news_config import news_sources_config
from market.selectors.tickers import ticker_at, ticker_holders
from market.services.news_sources import SIMULATED, news_sources_ensure
from market.services.write_report import RecordWriteReport
from market.sources.records import NewsRecord, RecordPage, RejectedRow
from traderai.common.clock import MOSCOW

_COMPARED = ("title", "body", "url", "language", "published_at", "modified_at")
_CLOCK_SKEW = timedelta(minutes=10)


def news_write(*, page: RecordPage[NewsRecord], now: datetime) -> RecordWriteReport:
    """Store a page of news with links to the shares that a trusted source names.

    An archive's item is known at its publication plus the source's delay; a live one not before it was fetched. A
    revised item (its text or its times differ) replaces the stored one and is known at its modification, and where
    that is not told, now: what the old text said stays in the verdicts on it.

    Repeating: the same page changes nothing.
    """
    sources = news_sources_ensure()
    good, rejected = _checked(page, sources, now)
    with transaction.atomic():
        known = _stored(good)
        new, changed = [], []
        for record in good:
            source = sources[record.source]
            old = known.get((source.pk, record.external_id))
            if old is None:
                new.append(_row(record, source, _known_at(record, source, now)))
            elif _differs(old, record):
                changed.append(_revised(old, record, source, now))
        NewsItem.objects.bulk_create(new, batch_size=1000)
        NewsItem.objects.bulk_update(changed, [*_COMPARED, "fetched_at", "known_at"], batch_size=500)
        _link(good, sources, items=(*new, *changed))
    return RecordWriteReport(
        new=len(new),
        changed=len(changed),
        unchanged=len(good) - len(new) - len(changed),
        outside=page.outside,
        rejected=rejected,
    )


def _checked(
    page: RecordPage[NewsRecord], sources: dict[str, NewsSource], now: datetime
) -> tuple[list[NewsRecord], tuple[RejectedRow, ...]]:
    good: dict[tuple[str, str], NewsRecord] = {}
    rejected = []
    for record in page.records:
        reason = _fault(record, sources, now)
        if reason:
            raw = {"source": record.source, "id": record.external_id, "title": record.title[:300]}
            raw |= {"published_at": record.published_at.isoformat()}
            rejected.append(
                RejectedRow(place=f"{page.place} {record.external_id}"[:300], reason=reason, raw=raw)
            )
        else:
            good[record.source, record.external_id] = _trimmed(record)
    repeated = len(page.records) - len(rejected) - len(good)
    rejected += [RejectedRow(place=page.place, reason="same_id_twice", raw={"rows": repeated})] * repeated
    return list(good.values()), tuple(rejected)


def _fault(record: NewsRecord, sources: dict[str, NewsSource], now: datetime) -> str:
    if record.source not in sources:
        return "unknown_news_source"
    if not 0 < len(record.external_id) <= 120 or record.external_id != _storable(record.external_id):
        return "bad_external_id"
    if not record.title.replace("\x00", "").strip():
        return "no_title"
    if record.published_at.tzinfo is None:
        return "time_without_zone"
    # A later date would hide the item until then, and it is wrong anyway.
    if record.published_at > now + _CLOCK_SKEW:
        return "published_in_future"
    return ""


def _trimmed(record: NewsRecord) -> NewsRecord:
    return replace(
        record,
        title=_storable(record.title).strip(),
        body=_storable(record.body),
        url=_storable(record.url)[:500],
        language=record.language[:2],
    )


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL and no half of a surrogate pair, which texts cut inside an emoji hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _stored(records: Sequence[NewsRecord]) -> dict[tuple[int, str], NewsItem]:
    rows = NewsItem.objects.select_for_update().filter(
        source__code__in={record.source for record in records},
        external_id__in=[record.external_id for record in records],
    )
    return {(row.source_id, row.external_id): row for row in rows}


def _row(record: NewsRecord, source: NewsSource, known_at: datetime) -> NewsItem:
    return NewsItem(
        source=source,
        external_id=record.external_id,
        fetched_at=record.fetched_at,
        known_at=known_at,
        **{name: getattr(record, name) for name in _COMPARED},
    )


def _known_at(record: NewsRecord, source: NewsSource, now: datetime) -> datetime:
    told_at = max(record.published_at, record.modified_at or record.published_at)
    known_at = told_at + timedelta(seconds=source.delay_s)
    if source.kind == NewsSource.Kind.FILE:
        return known_at
    return max(known_at, min(record.fetched_at, now))


def _differs(old: NewsItem, record: NewsRecord) -> bool:
    return any(getattr(old, name) != getattr(record, name) for name in _COMPARED)


def _revised(old: NewsItem, record: NewsRecord, source: NewsSource, now: datetime) -> NewsItem:
    told = record.modified_at is not None and record.modified_at != old.modified_at
    known_at = _known_at(record, source, now)
    if not told:
        known_at = max(known_at, now)
    for name in _COMPARED:
        setattr(old, name, getattr(record, name))
    old.fetched_at = record.fetched_at
    # Never earlier than it was: nobody can have known the new text before the old one.
    old.known_at = max(known_at, old.known_at)
    return old


def _link(
    records: Sequence[NewsRecord], sources: dict[str, NewsSource], *, items: Iterable[NewsItem]
) -> None:
    """Link what was written to the shares that its source names, each as of the day of publication."""
    trusted = {source.code for source in news_sources_config().sources if source.trusts_tickers}
    told = {
        (sources[one.source].pk, one.external_id): one.tickers for one in records if one.source in trusted
    }
    wanted = [(item, told.get((item.source_id, item.external_id), ())) for item in items]
    if not any(tickers for _, tickers in wanted):
        return
    holders = ticker_holders()
    simulated = set(Instrument.objects.filter(is_simulated=True).values_list("pk", flat=True))
    simulator = sources[SIMULATED].pk
    links = []
    for item, tickers in wanted:
        day = item.published_at.astimezone(MOSCOW).date()
        spans = [ticker_at(holders, secid=ticker.upper(), day=day) for ticker in tickers]
        ids = sorted({span.instrument_id for span in spans if span is not None})
        # What does not exist and what does never speak of each other.
        links += [
            NewsLink(item=item, instrument_id=instrument_id)
            for instrument_id in ids
            if (item.source_id == simulator) == (instrument_id in simulated)
        ]
    NewsLink.objects.bulk_create(links, ignore_conflicts=True, batch_size=1000)
