"""News with the verdicts on them, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from market.models import NewsItem, NewsLink, NewsTrigger
from market.news_config import news_scoring_config
from market.selectors.instruments import instrument_get

_SIMULATOR: Final = "simulator"  # the source whose news are of the market that does not exist
Place = tuple[datetime, int]  # when an item was known, and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsQuestion:
    """Which news; None: all of them."""

    secid: str | None = None
    since: datetime | None = None
    min_score: float | None = None  # of the strongest verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsVerdict:
    """What one scorer says of a text, about one target."""

    scope: str  # instrument, sector or market
    secid: str | None
    sector: str | None
    score: float  # 0 to 100
    direction: int  # -1, 0 or 1
    event_type: str
    scorer: str
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRow:
    """One text with the verdicts on it, the strongest first; those of score 0 trigger nothing and are left out."""

    id: int
    source: str
    title: str
    url: str
    language: str
    published_at: datetime
    known_at: datetime
    is_simulated: bool
    secids: tuple[str, ...]
    triggers: tuple[NewsVerdict, ...]

    @property
    def strongest(self) -> NewsVerdict | None:
        """The verdict that weighs most, None where nothing was triggered."""
        return self.triggers[0] if self.triggers else None

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return self.known_at, self.id


def news_page(
    *, question: NewsQuestion, as_of: datetime, after: Place | None = None, limit: int
) -> tuple[NewsRow, ...]:
    """Return the newest `limit` texts known at `as_of`, those after a place where one is given.

    Verdicts are those of the configured scorers, as known at `as_of`. About a share is what names it or has a verdict on it.
    Raises: NotFoundError for a share that we do not hold.
    """
    verdicts = NewsTrigger.objects.filter(
        scorer__in=news_scoring_config().used, score__gt=0, known_at__lte=as_of
    )
    rows = NewsItem.objects.filter(known_at__lte=as_of)
    if question.secid is not None:
        share = instrument_get(secid=question.secid).id
        named = NewsLink.objects.filter(item=OuterRef("pk"), instrument=share)
        judged = verdicts.filter(item=OuterRef("pk"), instrument=share)
        rows = rows.filter(Exists(named) | Exists(judged))
    if question.since is not None:
        rows = rows.filter(known_at__gte=question.since)
    if question.min_score is not None:
        rows = rows.filter(Exists(verdicts.filter(item=OuterRef("pk"), score__gte=question.min_score)))
    if after is not None:
        moment, number = after
        rows = rows.filter(Q(known_at__lte=moment), Q(known_at__lt=moment) | Q(pk__lt=number))
    return _read(rows.order_by("-known_at", "-pk")[:limit], verdicts)


def _read(rows: QuerySet[NewsItem], verdicts: QuerySet[NewsTrigger]) -> tuple[NewsRow, ...]:
    named = NewsLink.objects.filter(instrument__isnull=False).select_related("instrument")
    found = list(rows.select_related("source").prefetch_related(Prefetch("links", queryset=named)))
    by_item: dict[int, list[NewsVerdict]] = {row.pk: [] for row in found}
    told = verdicts.filter(item__in=list(by_item)).select_related("instrument")
    for one in told.order_by("-score", "-known_at", "pk"):
        by_item[one.item_id or 0].append(_verdict(one))
    return tuple(
        NewsRow(
            id=row.pk,
            source=row.source.code,
            title=row.title,
            url=row.url,
            language=row.language,
            published_at=row.published_at,
            known_at=row.known_at,
            is_simulated=row.source.code == _SIMULATOR,
            secids=tuple(sorted(link.instrument.secid for link in row.links.all() if link.instrument)),
            triggers=tuple(by_item[row.pk]),
        )
        for row in found
    )


def _verdict(row: NewsTrigger) -> NewsVerdict:
    return NewsVerdict(
        scope="market" if row.is_market else "sector" if row.sector else "instrument",
        secid=None if row.instrument is None else row.instrument.secid,
        sector=row.sector or None,
        score=row.score,
        direction=row.direction,
        event_type=row.event_type,
        scorer=row.scorer,
        known_at=row.known_at,
    )
