"""News, the verdicts on them and the alerts of a whole span and of every target at once: one query each.

Nothing here looks at when something was published or happened: what counts is when it was known. A text that was
revised has been known twice; the verdicts on its earlier reading stay, and so does the moment of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.db.models.functions import Cast, Ceil, Coalesce, Extract

from market.contracts import LinkedText
from market.kernels.news_arrays import (
    OPEN_END_S,
    SEVERITIES,
    AlertArrays,
    ByTarget,
    Target,
    VerdictArrays,
    alert_arrays,
    by_target,
    verdict_arrays,
)
from market.kernels.news_events import EVENT_TYPES
from market.models import NewsItem, NewsLink, NewsTrigger, RiskAlert
from market.news_config import news_scoring_config
from market.services.news_sources import SIMULATED
from traderai.common.arrays import I64
from traderai.common.clock import from_epoch_s

_READING: Final = "known "  # how the key of a scorer's reading of a stored text begins
_CHUNK: Final = 2000


def news_moments(*, since_s: int, until_s: int, as_of: datetime, simulated: bool) -> I64:
    """Return when each text became known, in rising order; a revision of a text is one more.

    Shapes: returns (n,), moments in (since_s, until_s], none of them after `as_of`.
    Units: seconds since 1970 UTC, rounded up.
    """
    world = Q(source__code=SIMULATED) if simulated else ~Q(source__code=SIMULATED)
    now_known = NewsItem.objects.filter(world, _known_within(since_s, until_s, as_of))
    earlier = _readings(simulated).filter(
        _known_within(since_s, until_s, as_of),
        external_id__startswith=_READING,
        known_at__lt=F("item__known_at"),
    )
    moments = [*_moments(now_known), *_moments(earlier, distinct=("item_id", "known_s"))]
    return np.sort(np.array(moments, dtype=np.int64))


def news_read_moments(
    *, since_s: int, until_s: int, as_of: datetime, simulated: bool, scorers: tuple[str, ...] | None = None
) -> I64:
    """Return when each text became known that a scorer has read, silent or not, and each pushed verdict.

    `scorers` None: those that are configured. Shapes and units as `news_moments`.
    """
    known = _known_within(since_s, until_s, as_of) & Q(scorer__in=scorers or news_scoring_config().used)
    pushed = NewsTrigger.objects.filter(known, _world(simulated), item__isnull=True)
    read = _readings(simulated).filter(known)
    moments = [*_moments(pushed), *_moments(read, distinct=("item_id", "known_s"))]
    return np.sort(np.array(moments, dtype=np.int64))


def news_verdicts(
    *, since_s: int, until_s: int, as_of: datetime, simulated: bool, scorers: tuple[str, ...] | None = None
) -> ByTarget[VerdictArrays]:
    """Return the verdicts that became known in (since_s, until_s] and not after `as_of`, by target.

    `scorers` None: those that are configured.
    """
    rows = NewsTrigger.objects.filter(
        _world(simulated),
        _known_within(since_s, until_s, as_of),
        scorer__in=scorers or news_scoring_config().used,
        score__gt=0,  # rows of score 0 only say that a text was read
    )
    found = rows.annotate(known_s=_whole_s("known_at")).values_list(
        "instrument_id", "sector", "is_market", "known_s", "score", "direction", "event_type"
    )
    # Ordered by what they say, never by their keys: a scorer that reads anew writes new rows.
    return by_target(
        ((_target(*row[:3]), (*row[3:6], EVENT_TYPES.index(row[6]))) for row in found.iterator(_CHUNK)),
        verdict_arrays,
    )


def news_alerts(*, since_s: int, until_s: int, as_of: datetime, simulated: bool) -> ByTarget[AlertArrays]:
    """Return the alerts known by `until_s` and `as_of` that became known or were in force after `since_s`.

    Simulated: the alerts on simulated shares; those on sectors and the market are the real market's.
    """
    world = Q(instrument__is_simulated=True)
    rows = RiskAlert.objects.filter(
        world if simulated else Q(instrument__isnull=True) | ~world,
        Q(known_at__gt=from_epoch_s(since_s))
        | Q(ends_at__isnull=True)
        | Q(ends_at__gt=from_epoch_s(since_s)),
        known_at__lte=min(as_of, from_epoch_s(until_s)),
    )
    found = rows.annotate(
        known_s=_whole_s("known_at"),
        starts_s=_whole_s("starts_at"),
        ends_s=Coalesce(_whole_s("ends_at"), OPEN_END_S),
    ).values_list("instrument_id", "sector", "is_market", "known_s", "starts_s", "ends_s", "severity")
    return by_target(
        ((_target(*row[:3]), (*row[3:6], SEVERITIES.index(row[6]) + 1)) for row in found.iterator(_CHUNK)),
        alert_arrays,
    )


def news_texts(*, since_s: int, until_s: int, as_of: datetime, simulated: bool) -> Iterator[LinkedText]:
    """Yield the texts linked to instruments that became known in (since_s, until_s] and not after `as_of`.

    In the order of the items, so that the links of one text come one after another.
    """
    rows = NewsLink.objects.filter(
        Q(item__source__code=SIMULATED) if simulated else ~Q(item__source__code=SIMULATED),
        _known_within(since_s, until_s, as_of, of="item__known_at"),
        instrument__isnull=False,
    ).order_by("item_id", "instrument_id")
    named = rows.annotate(known_s=_whole_s("item__known_at")).values_list(
        "instrument_id", "item_id", "known_s", "item__title", "item__body"
    )
    for instrument_id, item_id, known_s, title, body in named.iterator(_CHUNK):
        if instrument_id is not None:
            text = f"{title}\n{body}"
            yield LinkedText(instrument_id=instrument_id, item_id=item_id, known_s=known_s, text=text)


def _known_within(since_s: int, until_s: int, as_of: datetime, *, of: str = "known_at") -> Q:
    until = min(as_of, from_epoch_s(until_s))
    return Q(**{f"{of}__gt": from_epoch_s(since_s), f"{of}__lte": until})


def _whole_s(column: str) -> Cast:
    """Seconds since 1970 UTC, rounded up: what is known within a second counts from the next one on."""
    return Cast(Ceil(Extract(column, "epoch", tzinfo=UTC)), BigIntegerField())


def _moments(rows: QuerySet[Any], *, distinct: tuple[str, ...] = ()) -> Iterator[int]:
    moments = rows.annotate(known_s=_whole_s("known_at"))
    if distinct:
        return (row[-1] for row in moments.values_list(*distinct).distinct().iterator(_CHUNK))
    return iter(moments.values_list("known_s", flat=True).iterator(_CHUNK))


def _world(simulated: bool) -> Q:
    """Simulated texts speak of simulated shares alone, and a pushed verdict is of the market of its target."""
    ours = Q(item__source__code=SIMULATED) | Q(item__isnull=True, instrument__is_simulated=True)
    return ours if simulated else ~ours


def _readings(simulated: bool) -> QuerySet[NewsTrigger]:
    rows = NewsTrigger.objects.filter(item__isnull=False).order_by()
    if simulated:
        return rows.filter(item__source__code=SIMULATED)
    return rows.exclude(item__source__code=SIMULATED)


def _target(instrument_id: int | None, sector: str, is_market: bool) -> Target:
    if is_market:
        return None
    return sector if instrument_id is None else instrument_id
