"""Reading a span of the exchange's calendar at once, for those who join it to bars."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from market.contracts import SessionFacts
from market.models import CalendarDay, EconomicEvent, Session, TradingDay
from market.selectors.calendar import TOLD_BY_EXCHANGE
from traderai.common.arrays import I64
from traderai.common.clock import MOSCOW, to_epoch_s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventMoments:
    """When events of some kinds take place and since when that was known, by time; arrays have shape (n,)."""

    at_s: I64  # seconds since 1970 UTC
    known_s: I64


def traded_dates(*, since: date, until: date, is_simulated: bool, as_of: datetime) -> dict[date, date]:
    """Return by date of a span, `until` left out, the trading day of each date on which trading was seen.

    Dates after that of `as_of` in Moscow are left out.
    """
    rows = TradingDay.objects.filter(
        date__gte=since, date__lt=until, date__lte=as_of.astimezone(MOSCOW).date()
    )
    rows = rows.filter(is_simulated=True) if is_simulated else rows.filter(is_real=True)
    return dict(rows.order_by("date").values_list("date", "trading_date"))


def hours_told(*, since: date, until: date) -> dict[date, tuple[SessionFacts, ...]]:
    """Return the hours that the exchange itself tells of the open dates of a span, `until` left out.

    What the exchange plans for a date is public before it; dates of which it tells nothing are left out.
    """
    open_days = set(
        CalendarDay.objects.filter(
            date__gte=since, date__lt=until, source=TOLD_BY_EXCHANGE, is_open=True
        ).values_list("date", flat=True)
    )
    rows = Session.objects.filter(date__gte=since, date__lt=until, source=TOLD_BY_EXCHANGE).order_by(
        "begins_at"
    )
    found: defaultdict[date, list[SessionFacts]] = defaultdict(list)
    for row in rows:
        if row.date in open_days:
            found[row.date].append(SessionFacts(code=row.code, begins_at=row.begins_at, ends_at=row.ends_at))
    return {day: tuple(sessions) for day, sessions in found.items()}


def event_moments(
    *, kinds: tuple[str, ...], since: datetime, until: datetime, as_of: datetime
) -> EventMoments:
    """Return the events of some kinds from `since` to before `until` whose date was known at `as_of`."""
    rows = EconomicEvent.objects.filter(kind__in=kinds, at__gte=since, at__lt=until, known_at__lte=as_of)
    table = [(to_epoch_s(at), to_epoch_s(known_at)) for at, known_at in rows.values_list("at", "known_at")]
    both = np.array(sorted(table), dtype=np.int64).reshape(len(table), 2)
    return EventMoments(at_s=both[:, 0].copy(), known_s=both[:, 1].copy())
