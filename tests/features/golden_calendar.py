"""The clock and the calendar a second time: date by date from the rows of the database, and from the rules as told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias

from market.calendar_config import calendar_config
from market.models import EconomicEvent, TradingDay
from market.selectors.calendar import sessions_of
from tests.features.golden import Frame, Slow
from traderai.common.clock import MOSCOW

NAN = math.nan
Values: TypeAlias = list[float]
ONE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class CalendarWorld:
    """One share's bars among those of all shares, by their begins; what the calendar says is read from its rows."""

    begins: list[datetime]
    minutes: int
    everybody: dict[str, list[datetime]]

    @cached_property
    def traded(self) -> dict[date, date]:
        """Dates with trading and their trading days."""
        return dict(TradingDay.objects.filter(is_real=True).values_list("date", "trading_date"))

    @cached_property
    def rows(self) -> list[EconomicEvent]:
        """All events in the order of their time."""
        return list(EconomicEvent.objects.order_by("at"))

    def events(self, *kinds: str) -> list[EconomicEvent]:
        """Events of some kinds in the order of their time."""
        return [event for event in self.rows if event.kind in kinds]

    @cached_property
    def by_day(self) -> dict[date, dict[str, list[datetime]]]:
        """The begins of all shares' bars by date."""
        found: dict[date, dict[str, list[datetime]]] = {}
        for secid, begins in self.everybody.items():
            for begin in begins:
                found.setdefault(begin.astimezone(MOSCOW).date(), {}).setdefault(secid, []).append(begin)
        return found

    @cached_property
    def _sessions(self) -> dict[date, list[tuple[datetime, datetime]]]:
        return {}

    def sessions(self, day: date) -> list[tuple[datetime, datetime]]:
        """Open and close of each session of a date."""
        if day not in self._sessions:
            self._sessions[day] = [(one.begins_at, one.ends_at) for one in sessions_of(day=day)]
        return self._sessions[day]


def planned(day: date) -> bool:
    """Return whether a date was to be traded as a regular day, by what was announced."""
    config, text = calendar_config(), day.isoformat()
    workday = day.weekday() < 5 or text in config.working_weekend_days
    return workday and text not in {*config.holidays, *config.weekend_format_days}


def _listed(year: int) -> bool:
    return any(day.startswith(str(year)) for day in calendar_config().holidays)


def _dated(of: Callable[[CalendarWorld, date, datetime], float]) -> Callable[[CalendarWorld], Values]:
    """Return a column of the date and the moment at which each bar has ended."""

    def slow(world: CalendarWorld) -> Values:
        out = []
        for begin in world.begins:
            end = begin + timedelta(minutes=world.minutes)
            out.append(of(world, (end - timedelta(seconds=1)).astimezone(MOSCOW).date(), end))
        return out

    return slow


def _weekend(world: CalendarWorld, day: date, end: datetime) -> float:
    return NAN if world.minutes > 1440 else float(world.traded[day] != day)


def _month_end(world: CalendarWorld, day: date, end: datetime) -> float:
    ahead = [day + n * ONE for n in range(1, 32)]
    left = sum(planned(one) for one in ahead if (one.year, one.month) == (day.year, day.month))
    return float(left) if _listed(day.year) else NAN


def _expiry(world: CalendarWorld, day: date, end: datetime) -> float:
    ahead = 0
    while True:
        one = day + ahead * ONE
        if one.month % 3 == 0 and one.weekday() == 3 and 15 <= one.day <= 21:
            return float(ahead) if day.year >= 2016 else NAN
        ahead += 1


def _span(world: CalendarWorld, day: date, end: datetime) -> list[date]:
    """Return the traded dates up to a day that its month may read."""
    month = (end - timedelta(minutes=world.minutes)).astimezone(MOSCOW).date().replace(day=1)
    return sorted(one for one in world.traded if month - 150 * ONE <= one <= day)


def _pause(world: CalendarWorld, day: date, end: datetime) -> float:
    before = [one for one in _span(world, day, end) if one < day]
    return float((day - before[-1]).days) if before else NAN


def _closure(world: CalendarWorld, day: date, end: datetime) -> float:
    span, since = _span(world, day, end), 0
    shut = [
        (date.fromisoformat(one.since), date.fromisoformat(one.until)) for one in calendar_config().closures
    ]
    if not span or not _listed(_first(world, end).year):
        return NAN
    for before, one in zip(span[-2::-1], span[:0:-1], strict=True):
        missed = [before + n * ONE for n in range(1, (one - before).days) if planned(before + n * ONE)]
        if missed:
            told = any(a <= day <= b for a, b in shut for day in missed)
            return float(min(since, 60)) if told or (one - before).days <= 7 or since >= 60 else NAN
        since += planned(one)
    return 60.0 if since >= 60 else NAN


def _first(world: CalendarWorld, end: datetime) -> date:
    return (end - timedelta(minutes=world.minutes)).astimezone(MOSCOW).date().replace(day=1) - 150 * ONE


def _hours(of: Callable[[float, float, float, float], float]) -> Callable[[CalendarWorld], Values]:
    """Return a column of minutes since the open, the session's length, since the day's open and the day's length."""

    def column(world: CalendarWorld, day: date, end: datetime) -> float:
        if world.minutes >= 1440:
            return NAN
        known = world.sessions(day)
        begun = [(opens, closes) for opens, closes in known if opens < end]
        if not begun:
            return NAN
        opens, closes = begun[-1]
        at = min(end, closes)
        return of(
            (at - opens) / timedelta(minutes=1),
            (closes - opens) / timedelta(minutes=1),
            (at - known[0][0]) / timedelta(minutes=1),
            (known[-1][1] - known[0][0]) / timedelta(minutes=1),
        )

    return _dated(column)


def _turn(minutes: float) -> float:
    return 2 * math.pi * minutes / 1440


def _halted(world: CalendarWorld) -> Values:
    if world.minutes >= 1440:
        return [NAN] * len(world.begins)
    length, out = timedelta(minutes=world.minutes), []
    for begin in world.begins:
        day = begin.astimezone(MOSCOW).date()
        today = {
            secid: [one for one in begins if one <= begin] for secid, begins in world.by_day[day].items()
        }
        if sum(bool(begins) for begins in today.values()) < 10:
            out.append(NAN)
            continue
        moments = sorted({one for begins in today.values() for one in begins})
        halted = timedelta()
        for before, after in itertools.pairwise(moments):
            over = before + length
            within = [closes for opens, closes in world.sessions(day) if opens < over]
            pause = min(after, within[-1]) - over if within else timedelta()
            halted += pause if pause >= timedelta(minutes=30) else timedelta()
        out.append(halted / timedelta(minutes=1))
    return out


def _to_meeting(world: CalendarWorld, day: date, end: datetime) -> float:
    ahead = [
        (event.at.astimezone(MOSCOW).date() - day).days
        for event in world.events("key_rate_meeting")
        if event.at > end and event.known_at <= end
    ]
    return float(min(ahead)) if ahead and min(ahead) <= 365 else NAN


def _since(world: CalendarWorld, day: date, end: datetime, *kinds: str) -> float:
    held = [event.at.astimezone(MOSCOW).date() for event in world.events(*kinds) if event.at <= end]
    return float((day - held[-1]).days) if held else NAN


def _since_decision(world: CalendarWorld, day: date, end: datetime) -> float:
    since = _since(world, day, end, "key_rate_meeting", "key_rate_change")
    return since if since <= 63 else NAN


def _meeting_day(world: CalendarWorld, day: date, end: datetime) -> float:
    to, since = _to_meeting(world, day, end), _since(world, day, end, "key_rate_meeting")
    if to == 0 or since == 0:
        return 1.0
    # A board that meets 35 days apart or more has no meeting today that we do not know of.
    sure = to < 35 or since < 35 or to + since < 70
    return 0.0 if sure else NAN


def _in_session(code: str) -> Slow:
    """Return whether bars are in a session, by the hours that have been the exchange's since 2022-09-12."""

    def slow(f: Frame) -> Any:
        if f["at"].diff().dt.total_seconds().min() >= 20 * 3600:
            return [NAN] * len(f)
        length = int(f["at"].diff().dt.total_seconds().min()) // 60
        return [float(_code_of(at, length) == code) for at in f["at"]]

    return slow


def _code_of(at: Any, length: int) -> str:
    minute, day = at.hour * 60 + at.minute, at.date()
    spans = [("main", 590, 1130 if not date(2022, 3, 24) <= day <= date(2022, 3, 30) else 840)]
    if date(2021, 12, 6) <= day <= date(2022, 2, 24) or day >= date(2025, 1, 27):
        spans.insert(0, ("morning", 410, 590))
    if date(2020, 6, 22) <= day <= date(2022, 2, 25) or day >= date(2022, 9, 12):
        spans.append(("evening", 1140, 1430))
    if at.day_of_week >= 5:
        return "weekend"
    for code, begin, end in spans:  # the one in which it begins, else the first to begin within it
        if begin <= minute < end:
            return code
    return next((code for code, begin, _ in spans if minute < begin < minute + length), "")


def _turned(of: Callable[[float], float], turns: Callable[[Any], float]) -> Slow:
    return lambda f: [of(2 * math.pi * turns(at)) for at in f["at"]]


def _of_day(at: Any) -> float:
    return float((at - at.normalize()).total_seconds() / 86_400)


def _of_week(at: Any) -> float:
    return (at.isoweekday() - 1) / 7


GOLDEN: dict[str, Slow] = {
    "minute_sin": _turned(math.sin, _of_day),
    "minute_cos": _turned(math.cos, _of_day),
    "weekday_sin": _turned(math.sin, _of_week),
    "weekday_cos": _turned(math.cos, _of_week),
    **{f"session_{code}": _in_session(code) for code in ("morning", "main", "evening")},
}
GOLDEN_JOINED: dict[str, Callable[[CalendarWorld], Values]] = {
    "weekend_session": _dated(_weekend),
    "since_open_sin": _hours(lambda since, length, day_since, day: math.sin(_turn(since))),
    "since_open_cos": _hours(lambda since, length, day_since, day: math.cos(_turn(since))),
    "to_close_sin": _hours(lambda since, length, day_since, day: math.sin(_turn(length - since))),
    "to_close_cos": _hours(lambda since, length, day_since, day: math.cos(_turn(length - since))),
    "session_frac": _hours(lambda since, length, day_since, day: since / length),
    "day_frac": _hours(lambda since, length, day_since, day: day_since / day),
    "month_end_days": _dated(_month_end),
    "futures_expiry_days": _dated(_expiry),
    "pause_days": _dated(_pause),
    "closure_since_days": _dated(_closure),
    "halt_day_min": _halted,
    "cb_meeting_day": _dated(_meeting_day),
    "cb_meeting_to_days": _dated(_to_meeting),
    "cb_decision_since_days": _dated(_since_decision),
}
