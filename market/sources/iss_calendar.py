"""The exchange's calendar as ISS tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from market.iss.client import IssClient, Row
from market.iss.parse import MOEX_ISS
from market.sources.records import CalendarRecord, RecordPage, RejectedRow
from traderai.common.clock import MOSCOW
from traderai.common.errors import InputError, InvariantError, TransientError

_DAYS = ("tradedate", "stock_workday", "stock_trade_session_date", "stock_reason")
_SESSIONS = ("tradedate", "tradingsession", "boardid", "secid", "time_from", "time_till")
_CODES = {0: "morning", 1: "main", 2: "evening", 5: "weekend"}
_REASONS = {"H": "holiday", "W": "weekend session", "N": "", "T": "trading day moved to a day off"}
_BOARD = "TQBR"

Sessions = dict[date, tuple[tuple[str, datetime, datetime], ...]]


async def calendar_page(client: IssClient, *, since: date, until: date) -> RecordPage[CalendarRecord]:
    """Return the days of a span with their sessions, `until` left out.

    ISS answers some only with a subscription. Without the days this is an error; without the times of sessions
    the days come alone, and a rejected row says why.

    Raises: TransientError, InvariantError or InputError when ISS does not tell the days.
    """
    told: list[tuple[str, Row]] = []
    for first, last in _years(since, until):
        params: dict[str, str | int] = {
            "from": first.isoformat(), "till": last.isoformat(), "show_all_days": 1, "iss.only": "off_days",
        }  # fmt: skip
        async for place, rows in client.pages(
            "/calendars", "off_days", params=params, required=_DAYS, key=("tradedate",)
        ):
            told += [(place, row) for row in rows]
    sessions, rejected = await _sessions(client, since=since, until=until)
    records: list[CalendarRecord] = []
    outside = 0
    for place, row in told:
        found = _day(row, sessions, place)
        if found is None or (isinstance(found, CalendarRecord) and not since <= found.day < until):
            outside += 1
        elif isinstance(found, CalendarRecord):
            records.append(found)
        else:
            rejected.append(found)
    return RecordPage(place="calendars", records=tuple(records), rejected=tuple(rejected), outside=outside)


def _day(row: Row, sessions: Sessions, place: str) -> CalendarRecord | RejectedRow | None:
    """Return what a row tells, None where ISS has no data for the day."""
    if row.get("stock_workday") is None:
        return None
    try:
        day = date.fromisoformat(str(row["tradedate"])[:10])
        is_open = bool(int(row["stock_workday"]))
        told = row["stock_trade_session_date"]
        trading_date = date.fromisoformat(str(told)[:10]) if told else day
        if trading_date < day:
            raise ValueError("a day cannot belong to a trading day before it")
    except (KeyError, ValueError, TypeError):
        return RejectedRow(place=place, reason="no_calendar_day", raw=row)
    return CalendarRecord(
        day=day,
        is_open=is_open,
        trading_date=trading_date if is_open else None,
        reason=_REASONS.get(str(row.get("stock_reason") or "N"), str(row.get("stock_reason"))),
        source=MOEX_ISS,
        sessions=sessions.get(day, ()) if is_open else (),
    )


async def _sessions(client: IssClient, *, since: date, until: date) -> tuple[Sessions, list[RejectedRow]]:
    """Return the sessions of the main board by day, from the first to the last minute of their periods."""
    path = "/calendars/stock/session"
    periods: list[tuple[date, str, datetime, datetime]] = []
    rejected: list[RejectedRow] = []
    try:
        for first, last in _years(since, until):
            params: dict[str, str | int] = {"from": first.isoformat(), "till": last.isoformat()}
            async for place, rows in client.pages(
                path, "session_schedule", params=params, required=_SESSIONS
            ):
                for row in rows:
                    try:
                        periods += _period(row)
                    except (ValueError, TypeError):
                        rejected.append(RejectedRow(place=place, reason="no_session", raw=row))
    except (TransientError, InvariantError, InputError) as error:
        raw = {"error": error.detail, "since": since.isoformat(), "until": until.isoformat()}
        return {}, [RejectedRow(place=path, reason="sessions_not_available", raw=raw)]
    return _merged(periods), rejected


def _period(row: Row) -> list[tuple[date, str, datetime, datetime]]:
    """Return a period of the main board's day, nothing for other boards and for single securities."""
    if row["boardid"] != _BOARD or row["secid"] or row["tradingsession"] not in _CODES:
        return []
    day = date.fromisoformat(str(row["tradedate"])[:10])
    begin, end = (
        datetime.combine(day, time.fromisoformat(str(row[name])), tzinfo=MOSCOW)
        for name in ("time_from", "time_till")
    )
    if end <= begin:
        raise ValueError("a session must end after it begins")
    return [(day, _CODES[row["tradingsession"]], begin, end)]


def _merged(periods: Iterable[tuple[date, str, datetime, datetime]]) -> Sessions:
    spans: dict[date, dict[str, tuple[datetime, datetime]]] = defaultdict(dict)
    for day, code, begin, end in periods:
        first, last = spans[day].get(code, (begin, end))
        spans[day][code] = (min(first, begin), max(last, end))
    return {
        day: tuple(sorted(((code, *span) for code, span in found.items()), key=lambda one: one[1]))
        for day, found in spans.items()
    }


def _years(since: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield the span cut by calendar years, as ISS wants it; both days are included."""
    first = since
    while first < until:
        last = min(date(first.year, 12, 31), until - timedelta(days=1))
        yield first, last
        first = last + timedelta(days=1)
