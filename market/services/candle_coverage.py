"""Which span of a series a source has been asked for whole, so that an ingest goes on where one stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Max, Min, QuerySet

from market.contracts import CandleOrigin, Timeframe
from market.models import Candle, CandleCoverage, CorporateAction
from market.services.candle_sources import candle_source_ensure
from market.services.resample_span import spans_reopen
from traderai.common.arrays import I64, Bools
from traderai.common.clock import midnight, to_epoch_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of one origin."""

    instrument_id: int
    timeframe: Timeframe
    origin: CandleOrigin
    source_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A span of begins that has been asked for whole; `till` is left out."""

    since: datetime
    till: datetime
    started_at: datetime


def series_of(*, instrument_id: int, timeframe: Timeframe, origin: CandleOrigin) -> Series:
    """Return a series; its origin is made known to the database. Repeating changes nothing."""
    source_id = candle_source_ensure(origin=origin).pk
    return Series(instrument_id=instrument_id, timeframe=timeframe, origin=origin, source_id=source_id)


def coverage_get(*, series: Series) -> Covered | None:
    """Return what has been covered; bars stored before coverage was kept count as covered."""
    row = CandleCoverage.objects.filter(**_key(series)).first()
    if row is not None:
        return Covered(since=row.covered_from, till=row.covered_till, started_at=row.started_at)
    ends = _stored(series).aggregate(first=Min("begin"), last=Max("begin"))
    if ends["first"] is None:
        return None
    till = ends["last"] + series.timeframe.duration
    return Covered(since=ends["first"], till=till, started_at=till)


def coverage_set(*, series: Series, covered: Covered) -> None:
    """Record what has been covered. Repeating changes nothing."""
    CandleCoverage.objects.update_or_create(
        **_key(series),
        defaults={
            "covered_from": covered.since,
            "covered_till": covered.till,
            "started_at": covered.started_at,
        },
    )


def stored_bar(*, series: Series, covered: Covered, newest: bool) -> Candle | None:
    """Return the newest or the oldest stored bar of the covered span, None without one."""
    inside = _stored(series).filter(begin__gte=covered.since, begin__lt=covered.till)
    return inside.order_by("-begin" if newest else "begin").first()


def split_since(*, series: Series, covered: Covered, now: datetime) -> bool:
    """Return whether the share was split after its bars began to be fetched: then all of them are suspect."""
    days = CorporateAction.objects.filter(
        instrument_id=series.instrument_id, kind=CorporateAction.Kind.SPLIT
    ).values_list("ex_date", flat=True)
    return any(covered.started_at < midnight(day) <= now for day in days)


def coverage_extend(*, series: Series, covered: Covered) -> bool:
    """Widen what is covered, inside the transaction that stores the bars; return whether it is still ours.

    Repeating changes nothing. Where another run has begun the span anew meanwhile, its word stands.
    """
    row = CandleCoverage.objects.select_for_update().filter(**_key(series)).first()
    if row is None:
        coverage_set(series=series, covered=covered)
        return True
    if row.started_at != covered.started_at:
        return False
    CandleCoverage.objects.filter(pk=row.pk).update(
        covered_from=min(row.covered_from, covered.since), covered_till=max(row.covered_till, covered.till)
    )
    return True


def bars_forget(*, series: Series, since: datetime, till: datetime, told: Callable[[I64], Bools]) -> int:
    """Remove stored bars of a span that the source does not tell any more; return how many.

    To be called in a transaction: bars made from them are due again. Repeating changes nothing.
    """
    span = _stored(series).filter(begin__gte=since, begin__lt=till)
    begins = list(span.values_list("begin", flat=True))
    if not begins:
        return 0
    kept = told(np.array([to_epoch_s(begin) for begin in begins], dtype=np.int64))
    gone = [begin for begin, keep in zip(begins, kept.tolist(), strict=True) if not keep]
    if not gone:
        return 0
    spans_reopen(instrument_id=series.instrument_id, timeframe=series.timeframe, since=min(gone))
    return _stored(series).filter(begin__in=gone).delete()[0]


def windows_before(
    *, covered: Covered, since: datetime, timeframe: Timeframe
) -> list[tuple[datetime, datetime]]:
    """Return the span from `since` to the covered one in windows of some pages each, the newest first."""
    step = max(timedelta(days=1), 3000 * timeframe.duration)
    windows = []
    edge = covered.since
    while edge > since:
        begin = max(since, edge - step)
        windows.append((begin, edge))
        edge = begin
    return windows


def _key(series: Series) -> dict[str, Any]:
    return {
        "instrument_id": series.instrument_id,
        "timeframe_min": series.timeframe.minutes,
        "source_id": series.source_id,
    }


def _stored(series: Series) -> QuerySet[Candle]:
    return Candle.objects.filter(
        instrument_id=series.instrument_id,
        timeframe_min=series.timeframe.minutes,
        source_id=series.source_id,
    )
