"""Reading the exchange's calendar: what candles show, what the exchange says, what the rules expect."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, timedelta

from market.calendar_config import CODES, calendar_rules, session_table
from market.contracts import CalendarDayFacts, SessionFacts
from market.kernels.calendar import RuledDay, day_merged
from market.kernels.sessions import WEEKEND, SessionTable
from market.models import CalendarDay, Session, TradingDay
from traderai.common.clock import MOSCOW, midnight
from traderai.common.errors import InputError

# Trading seen this close before and after a day says that a day without any was closed.
SEEN_AROUND = timedelta(days=7)
TOLD_BY_EXCHANGE = "iss"
_NAMES = {number: code for code, number in CODES.items()}
_EPOCH = date(1970, 1, 1).toordinal()


def calendar_days(*, since: date, until: date) -> tuple[CalendarDayFacts, ...]:
    """Return what is known of each date of a span, `until` left out."""
    told = {
        row.date: RuledDay(
            day=row.date,
            is_open=row.is_open,
            trading_date=row.trading_date,
            reason=row.reason,
            source=row.source,
        )
        for row in CalendarDay.objects.filter(date__gte=since, date__lt=until, source=TOLD_BY_EXCHANGE)
    }
    near = TradingDay.objects.filter(
        is_real=True, date__gte=since - SEEN_AROUND, date__lt=until + SEEN_AROUND
    )
    seen = dict(near.values_list("date", "trading_date"))
    dates, rules, found = sorted(seen), calendar_rules(), []
    for ahead in range((until - since).days):
        day = since + timedelta(days=ahead)
        merged = day_merged(day, rules, told=told.get(day), seen=seen, seen_around=_seen_around(dates, day))
        found.append(
            CalendarDayFacts(
                day=day,
                is_open=merged.is_open,
                trading_date=merged.trading_date,
                reason=merged.reason,
                source=merged.source,
            )
        )
    return tuple(found)


def trading_days(*, since: date, until: date) -> tuple[date, ...]:
    """Return the trading days of a span, `until` left out; a weekend session adds none of its own."""
    days = calendar_days(since=since - timedelta(days=14), until=until)
    found = {facts.trading_date for facts in days if facts.trading_date is not None}
    return tuple(sorted(day for day in found if since <= day < until))


def trading_date_of(*, day: date) -> date:
    """Return the trading day that a date belongs to; a closed date belongs to the next one."""
    facts = calendar_days(since=day, until=day + timedelta(days=1))[0]
    return facts.trading_date or trading_days_ahead(day=day, n=1)[0]


def trading_day_after(*, day: date, n: int) -> date:
    """Return the n-th trading day after the one that a date belongs to; n = 0 returns that one itself.

    A closed date belongs to the trading day before it: one day after a holiday is the next trading day.

    Raises: InputError if n is negative.
    """
    if n < 0:
        raise InputError(f"n must be at least 0, was {n}", field="n")
    facts = calendar_days(since=day, until=day + timedelta(days=1))[0]
    base = facts.trading_date or day
    if n == 0:
        return facts.trading_date or _last_before(day)
    return trading_days_ahead(day=base, n=n)[-1]


def trading_days_ahead(*, day: date, n: int) -> tuple[date, ...]:
    """Return the n trading days that follow a date, the nearest first."""
    found: tuple[date, ...] = ()
    until = day + timedelta(days=1)
    while len(found) < n:
        # A weekend session at the end of a span names a trading day behind it.
        since, until = until, until + timedelta(days=2 * n + 30)
        found += tuple(one for one in trading_days(since=since, until=until) if one not in found)
    return found[:n]


def sessions_of(*, day: date) -> tuple[SessionFacts, ...]:
    """Return the sessions of a date, as the exchange tells them or by rule; none on a closed one."""
    facts = calendar_days(since=day, until=day + timedelta(days=1))[0]
    if not facts.is_open:
        return ()
    told = Session.objects.filter(date=day, source=TOLD_BY_EXCHANGE).order_by("begins_at")
    if facts.source == TOLD_BY_EXCHANGE and told:
        return tuple(
            SessionFacts(code=row.code, begins_at=row.begins_at, ends_at=row.ends_at) for row in told
        )
    return sessions_by_rule(day, session_table(), weekend_format=facts.trading_date != day)


def is_trading(*, at: datetime) -> bool:
    """Return whether a moment lies within a session, auctions included."""
    day = at.astimezone(MOSCOW).date()
    return any(session.begins_at <= at < session.ends_at for session in sessions_of(day=day))


def sessions_by_rule(day: date, table: SessionTable, *, weekend_format: bool) -> tuple[SessionFacts, ...]:
    """Return the sessions that the table gives an open date, the earliest first."""
    number, start = day.toordinal() - _EPOCH, midnight(day)
    spans = [
        span
        for span in table.spans
        if span.first_day <= number < span.end_day and (span.code == WEEKEND) == weekend_format
    ]
    return tuple(
        SessionFacts(
            code=_NAMES[span.code],
            begins_at=start + timedelta(seconds=span.begin_s),
            ends_at=start + timedelta(seconds=span.end_s),
        )
        for span in sorted(spans, key=lambda span: span.begin_s)
    )


def _seen_around(dates: list[date], day: date) -> bool:
    at, after = bisect_left(dates, day), bisect_right(dates, day)
    before_near = at > 0 and dates[at - 1] >= day - SEEN_AROUND
    return before_near and after < len(dates) and dates[after] <= day + SEEN_AROUND


def _last_before(day: date) -> date:
    return trading_days(since=day - timedelta(days=60), until=day)[-1]
