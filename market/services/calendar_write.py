"""Writing the exchange's calendar: what it says itself, and what candles and rules make of the rest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import date, datetime

from django.db import transaction

from market.calendar_config import session_table
from market.contracts import CalendarDayFacts
from market.kernels.calendar import WEEKEND_SESSIONS_FROM
from market.models import CalendarDay, Session, TradingDay
from market.selectors.calendar import TOLD_BY_EXCHANGE, calendar_days, sessions_by_rule
from market.services.write_report import RecordWriteReport
from market.sources.records import CalendarRecord, RecordPage, RejectedRow
from traderai.common.errors import InputError

_FIELDS = ("is_open", "trading_date", "reason", "source")
Spans = tuple[tuple[str, datetime, datetime], ...]


def calendar_write(*, page: RecordPage[CalendarRecord]) -> RecordWriteReport:
    """Store what the exchange says of days and their sessions; it stands above rules and below candles.

    A record that calls a day closed on which candles show trading is refused.

    Repeating: the same records change nothing.
    """
    rejected = []
    told: dict[date, tuple[CalendarDayFacts, Spans]] = {}
    with transaction.atomic():
        days = [record.day for record in page.records]
        traded = set(TradingDay.objects.filter(is_real=True, date__in=days).values_list("date", flat=True))
        for record in page.records:
            reason = "told_twice" if record.day in told else _misfit(record, traded)
            if reason:
                raw = {name: str(value) for name, value in asdict(record).items()}
                rejected.append(RejectedRow(place=page.place, reason=reason, raw=raw))
                continue
            facts = CalendarDayFacts(
                day=record.day,
                is_open=record.is_open,
                trading_date=record.trading_date,
                reason=record.reason[:200],
                source=TOLD_BY_EXCHANGE,
            )
            told[record.day] = (facts, tuple(sorted(record.sessions, key=lambda span: span[1])))
        counts = _store(list(told.values()))
    return _report(counts, rejected)


def calendar_build(*, since: date, until: date) -> RecordWriteReport:
    """Store each day of a span, `until` left out, as candles, the exchange and the rules have it together.

    The trading days that candles have shown are told again which trading day they belong to: that of a weekend
    before a holiday is known here only.

    Repeating: changes nothing while candles, the exchange's word and the rules stay.
    """
    if not since < until:
        raise InputError(f"until must lie after since {since}, was {until}", field="until")
    with transaction.atomic():
        found = calendar_days(since=since, until=until)
        _, sessions = _stored([facts.day for facts in found])
        days = []
        for facts in found:
            told = sessions.get(facts.day, ()) if facts.source == TOLD_BY_EXCHANGE else ()
            days.append((facts, told or _by_rule(facts)))
        counts = _store(days)
        _align_trading_days(found)
    return _report(counts, [])


def _report(counts: dict[str, int], rejected: list[RejectedRow]) -> RecordWriteReport:
    return RecordWriteReport(
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        rejected=tuple(rejected),
    )


def _misfit(record: CalendarRecord, traded: set[date]) -> str:
    """Return why a record cannot be so, "" if it can."""
    codes = [code for code, _, _ in record.sessions]
    if record.is_open != (record.trading_date is not None):
        return "open_without_trading_date" if record.is_open else "closed_with_trading_date"
    if record.trading_date is not None and record.trading_date < record.day:
        return "trading_date_before_day"
    if len(set(codes)) < len(codes) or not set(codes) <= set(Session.Code.values):
        return "bad_sessions"
    if any(ends_at <= begins_at for _, begins_at, ends_at in record.sessions):
        return "bad_sessions"
    return "traded_on_closed_day" if not record.is_open and record.day in traded else ""


def _stored(days: list[date]) -> tuple[dict[date, CalendarDay], dict[date, Spans]]:
    rows = {row.date: row for row in CalendarDay.objects.select_for_update().filter(date__in=days)}
    sessions: dict[date, list[tuple[str, datetime, datetime]]] = defaultdict(list)
    for one in Session.objects.filter(date__in=days).order_by("begins_at"):
        sessions[one.date].append((one.code, one.begins_at, one.ends_at))
    return rows, {day: tuple(spans) for day, spans in sessions.items()}


def _by_rule(facts: CalendarDayFacts) -> Spans:
    if not facts.is_open:
        return ()
    by_rule = sessions_by_rule(facts.day, session_table(), weekend_format=facts.trading_date != facts.day)
    return tuple((session.code, session.begins_at, session.ends_at) for session in by_rule)


def _store(days: list[tuple[CalendarDayFacts, Spans]]) -> dict[str, int]:
    """Write days and their sessions where they are new or differ; return how many were which."""
    rows, sessions = _stored([facts.day for facts, _ in days])
    fresh: list[CalendarDay] = []
    changed: list[CalendarDay] = []
    spans_of: dict[date, tuple[str, Spans]] = {}
    for facts, spans in days:
        row = rows.get(facts.day)
        wanted = CalendarDay(
            date=facts.day,
            is_open=facts.is_open,
            trading_date=facts.trading_date,
            reason=facts.reason,
            source=facts.source,
        )
        same = row is not None and all(getattr(row, name) == getattr(wanted, name) for name in _FIELDS)
        if same and sessions.get(facts.day, ()) == spans:
            continue
        (fresh if row is None else changed).append(wanted)
        spans_of[facts.day] = (facts.source, spans)
    CalendarDay.objects.bulk_create(fresh, batch_size=1000)
    CalendarDay.objects.bulk_update(changed, _FIELDS, batch_size=1000)
    Session.objects.filter(date__in=spans_of).delete()
    Session.objects.bulk_create(
        (
            Session(date=day, code=code, begins_at=begins_at, ends_at=ends_at, source=source)
            for day, (source, spans) in spans_of.items()
            for code, begins_at, ends_at in spans
        ),
        batch_size=1000,
    )
    return {
        "new": len(fresh),
        "changed": len(changed),
        "unchanged": len(days) - len(fresh) - len(changed),
    }


def _align_trading_days(found: tuple[CalendarDayFacts, ...]) -> None:
    told = {facts.day: facts.trading_date for facts in found if facts.day >= WEEKEND_SESSIONS_FROM}
    rows = TradingDay.objects.select_for_update().filter(is_real=True, date__in=told)
    for row in rows:
        trading_date = told[row.date]
        if trading_date is not None and row.trading_date != trading_date:
            TradingDay.objects.filter(pk=row.pk).update(trading_date=trading_date)
