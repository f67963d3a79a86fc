"""The table of news sources, laid down from news_sources.yaml."""

from __future__ import annotations

from datetime import date

from market.models import NewsSource
from market.news_config import NewsSourceConfig, news_sources_config

SIMULATED = "simulator"  # the source whose news are of the market that does not exist, and of it alone


def news_sources_ensure() -> dict[str, NewsSource]:
    """Return the sources by code; those of the configuration that are missing are made.

    Repeating changes nothing: what staff set in the admin stays.
    """
    known = {source.code: source for source in NewsSource.objects.all()}
    missing = [config for config in news_sources_config().sources if config.code not in known]
    if missing:
        NewsSource.objects.bulk_create([_row(config) for config in missing], ignore_conflicts=True)
        known = {source.code: source for source in NewsSource.objects.all()}
    return known


def _row(config: NewsSourceConfig) -> NewsSource:
    return NewsSource(
        code=config.code,
        kind=config.kind,
        url=config.url,
        language=config.language,
        trust_frac=config.trust_frac,
        delay_s=config.delay_s,
        covers_from=date.fromisoformat(config.covers_from) if config.covers_from else None,
        covers_till=date.fromisoformat(config.covers_till) if config.covers_till else None,
        active=config.active,
    )
