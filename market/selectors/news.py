"""News, the verdicts on them and the alerts, as they were known at a moment. Light: the web process reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from django.db.models import Prefetch, Q, QuerySet

from market.contracts import AlertFacts, InstrumentFacts, NewsFacts, TriggerColumns, TriggerFacts
from market.kernels.news_windows import strongest_in_window
from market.models import NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.models.news import EVENT_TYPES
from market.news_config import news_scoring_config
from market.selectors.instruments import instrument_get
from traderai.common.arrays import I64
from traderai.common.clock import from_epoch_s, to_epoch_s

Scope = Literal["instrument", "sector", "market"]


def news_list(
    *, secid: str | None = None, as_of: datetime, since: datetime | None = None, limit: int = 50
) -> list[NewsFacts]:
    """Return the newest news known at `as_of`, of one share where it is named."""
    rows = NewsItem.objects.filter(known_at__lte=as_of).select_related("source").order_by("-known_at", "-pk")
    if since is not None:
        rows = rows.filter(known_at__gte=since)
    if secid is not None:
        rows = rows.filter(links__instrument=instrument_get(secid=secid).id)
    named = NewsLink.objects.filter(instrument__isnull=False).select_related("instrument")
    found = rows.prefetch_related(Prefetch("links", queryset=named))[:limit]
    return [
        NewsFacts(
            id=row.pk,
            source=row.source.code,
            title=row.title,
            url=row.url,
            language=row.language,
            published_at=row.published_at,
            known_at=row.known_at,
            secids=tuple(sorted(link.instrument.secid for link in row.links.all() if link.instrument)),
        )
        for row in found
    ]


def triggers_at(
    *, secid: str, as_of: datetime, window: timedelta, scorers: tuple[str, ...] | None = None
) -> list[TriggerFacts]:
    """Return the verdicts in force at a moment on a share, on its sector and on the market, the strongest first.

    In force is what became known in the window that ends at `as_of`. `scorers` None: those that are configured.
    """
    share = instrument_get(secid=secid)
    return triggers_many(instruments=[share], as_of=as_of, window=window, scorers=scorers)[share.secid]


def triggers_many(
    *,
    instruments: Sequence[InstrumentFacts],
    as_of: datetime,
    window: timedelta,
    scorers: tuple[str, ...] | None = None,
) -> dict[str, list[TriggerFacts]]:
    """Return by ticker what `triggers_at` returns, in one query."""
    sectors = {share.sector for share in instruments} - {""}
    about = Q(instrument__in=[share.id for share in instruments]) | Q(sector__in=sectors) | Q(is_market=True)
    rows = _verdicts(scorers).filter(about, known_at__lte=as_of, known_at__gt=as_of - window)
    ordered = list(rows.select_related("item").order_by("-score", "-known_at", "pk"))
    return {
        share.secid: [
            _trigger(row, as_of)
            for row in ordered
            if row.is_market or row.instrument_id == share.id or (row.sector and row.sector == share.sector)
        ]
        for share in instruments
    }


def trigger_columns(
    *,
    secid: str,
    moments_s: I64,
    window: timedelta,
    as_of: datetime,
    scope: Scope = "instrument",
    scorers: tuple[str, ...] | None = None,
) -> TriggerColumns:
    """Return the strongest verdict in force at each moment, in one query; later moments than `as_of` see `as_of`'s."""
    window_s = int(window.total_seconds())
    if moments_s.size == 0:
        return _columns(np.zeros(0, np.int64), [], moments_s)
    since = from_epoch_s(int(moments_s.min()) - window_s)
    until = min(as_of, from_epoch_s(int(moments_s.max()) + 1))
    about = _about(secid, scope)
    if about is None:
        return _columns(np.full(moments_s.shape, -1, np.int64), [], moments_s)
    rows = (
        _verdicts(scorers).filter(about, known_at__gt=since, known_at__lte=until).order_by("known_at", "pk")
    )
    # A verdict that is known within a second counts from the next one on.
    events = [
        (to_epoch_s(known_at) + bool(known_at.microsecond), score, direction, event_type)
        for known_at, score, direction, event_type in rows.values_list(
            "known_at", "score", "direction", "event_type"
        )
    ]
    known_s = np.array([event[0] for event in events], dtype=np.int64)
    strength = np.array([event[1] for event in events], dtype=np.float64)
    seen_s = np.minimum(moments_s, to_epoch_s(as_of))
    return _columns(strongest_in_window(seen_s, known_s, strength, window_s), events, seen_s)


def alerts_at(*, secid: str, as_of: datetime) -> list[AlertFacts]:
    """Return the alerts in force at a moment on a share, on its sector and on the market, the worst first."""
    share = instrument_get(secid=secid)
    about = Q(instrument=share.id) | Q(is_market=True)
    if share.sector:
        about |= Q(sector=share.sector)
    rows = RiskAlert.objects.filter(
        about, Q(ends_at__isnull=True) | Q(ends_at__gt=as_of), known_at__lte=as_of, starts_at__lte=as_of
    )
    order = {"critical": 0, "warning": 1, "info": 2}
    found = sorted(rows, key=lambda row: (order[row.severity], -row.starts_at.timestamp(), row.pk))
    return [
        AlertFacts(
            scope=_scope(row),
            severity=row.severity,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            known_at=row.known_at,
            cause=row.cause,
            source=row.source,
        )
        for row in found
    ]


def _trigger(row: NewsTrigger, as_of: datetime) -> TriggerFacts:
    return TriggerFacts(
        scope=_scope(row),
        at=row.at,
        known_at=row.known_at,
        score=row.score,
        direction=row.direction,
        event_type=row.event_type,
        scorer=row.scorer,
        why=tuple(row.why),
        # A text revised since has another title, which nobody knew at the moment asked about.
        title="" if row.item is None or row.item.known_at > as_of else row.item.title,
    )


def _verdicts(scorers: tuple[str, ...] | None) -> QuerySet[NewsTrigger]:
    """Rows of score 0 only say that a text was read."""
    return NewsTrigger.objects.filter(scorer__in=scorers or news_scoring_config().used, score__gt=0)


def _about(secid: str, scope: Scope) -> Q | None:
    if scope == "market":
        return Q(is_market=True)
    share = instrument_get(secid=secid)
    if scope == "instrument":
        return Q(instrument=share.id)
    return Q(sector=share.sector) if share.sector else None


def _columns(found: I64, events: list[tuple[int, float, int, str]], moments_s: I64) -> TriggerColumns:
    count, there = moments_s.size, found >= 0
    score, age_s = np.zeros(count), np.full(count, np.nan)
    direction, event_code = np.zeros(count, np.int8), np.full(count, -1, np.int8)
    if there.any():
        at = found[there]
        known_s = np.array([event[0] for event in events], dtype=np.int64)
        score[there] = np.array([event[1] for event in events])[at]
        direction[there] = np.array([event[2] for event in events], dtype=np.int8)[at]
        event_code[there] = np.array([EVENT_TYPES.index(event[3]) for event in events], dtype=np.int8)[at]
        age_s[there] = (moments_s[there] - known_s[at]).astype(np.float64)
    return TriggerColumns(score=score, direction=direction, event_code=event_code, age_s=age_s)


def _scope(row: NewsTrigger | RiskAlert) -> str:
    if row.is_market:
        return "market"
    return "sector" if row.sector else "instrument"
