"""Reading the feeds that are turned on: one that fails does not hold up the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from market.models import IngestionRun, NewsSource
from market.services.news_sources import news_sources_ensure
from market.services.news_write import news_write
from market.services.quarantine import rows_quarantine
from market.sources.rss import FeedMemory, RssFeed
from traderai.common import clock
from traderai.common.errors import TraderAIError

# What servers said about their feeds' versions; a new process asks for everything once.
_MEMORY: dict[str, FeedMemory] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsFeedsReport:
    """What one reading of the feeds brought."""

    feeds: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    failed: tuple[str, ...] = ()  # codes; the runs say why


def news_feeds_ingest(*, now: datetime) -> NewsFeedsReport:
    """Read every active RSS source and store what is new, each feed with a run of its own.

    Repeating: an unchanged feed changes nothing.
    """
    sources = [
        source
        for source in news_sources_ensure().values()
        if source.kind == NewsSource.Kind.RSS and source.active
    ]
    report, failed = NewsFeedsReport(feeds=len(sources)), []
    for source in sorted(sources, key=lambda one: one.code):
        run = IngestionRun.objects.create(kind="news", source=source.code, started_at=now)
        error = ""
        try:
            report = _one_feed(source, run, report, now)
        except TraderAIError as problem:
            error = f"{type(problem).__name__}: {problem}"[:4000]
            failed.append(source.code)
            _MEMORY.pop(source.code, None)
        IngestionRun.objects.filter(pk=run.pk).update(finished_at=clock.now(), error=error)
    return replace(report, failed=tuple(failed))


def _one_feed(
    source: NewsSource, run: IngestionRun, report: NewsFeedsReport, now: datetime
) -> NewsFeedsReport:
    feed = RssFeed(code=source.code, url=source.url, memory=_MEMORY.setdefault(source.code, FeedMemory()))
    new = changed = unchanged = quarantined = 0
    for page in feed.news(since=None, now=now):
        written = news_write(page=page, now=now)
        quarantined += rows_quarantine(
            run_id=run.pk, source=source.code, rows=[*page.rejected, *written.rejected]
        )
        new, changed, unchanged = new + written.new, changed + written.changed, unchanged + written.unchanged
    IngestionRun.objects.filter(pk=run.pk).update(
        rows_received=new + changed + unchanged + quarantined,
        rows_new=new,
        rows_changed=changed,
        rows_quarantined=quarantined,
    )
    return replace(
        report,
        new=report.new + new,
        changed=report.changed + changed,
        unchanged=report.unchanged + unchanged,
        quarantined=report.quarantined + quarantined,
    )
