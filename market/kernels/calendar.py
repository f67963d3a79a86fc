"""Trading days by rule: weekends, holidays, closures, weekend sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WEEKEND_SESSIONS_FROM = date(2025, 3, 1)
_LONGEST_PAUSE_DAYS = 60  # the closure of 2022 took 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRules:
    """What decides by rule whether a day is traded."""

    working_weekend_days: frozenset[date]
    weekend_format_days: frozenset[date]
    closed: Mapping[date, str]  # the reason by day
    yearly_holidays: frozenset[tuple[int, int]]  # (month, day), in years that `closed` does not list
    listed_years: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledDay:
    """A day as rules, the exchange's calendar or candles have it."""

    day: date
    is_open: bool
    trading_date: (
        date | None
    )  # the trading day it belongs to; weekend sessions belong to the next regular one
    reason: str  # why it is closed or special
    source: str


def day_by_rule(day: date, rules: CalendarRules) -> RuledDay:
    """Return what the rules say of a day."""
    closed = _closed_reason(day, rules)
    if closed:
        return RuledDay(day=day, is_open=False, trading_date=None, reason=closed, source="rules")
    if _is_regular(day, rules):
        reason = "Working weekend day" if day.weekday() >= 5 else ""
        return RuledDay(day=day, is_open=True, trading_date=day, reason=reason, source="rules")
    if day < WEEKEND_SESSIONS_FROM:
        return RuledDay(day=day, is_open=False, trading_date=None, reason="Weekend", source="rules")
    return RuledDay(
        day=day,
        is_open=True,
        trading_date=next_regular_day(day, rules),
        reason="Weekend session",
        source="rules",
    )


def next_regular_day(day: date, rules: CalendarRules) -> date:
    """Return the first regular trading day after a day.

    Raises: ValueError if the rules know none within two months.
    """
    for ahead in range(1, _LONGEST_PAUSE_DAYS):
        candidate = day + timedelta(days=ahead)
        if _is_regular(candidate, rules) and not _closed_reason(candidate, rules):
            return candidate
    raise ValueError(f"a trading day must follow within {_LONGEST_PAUSE_DAYS} days of {day}; check the rules")


def day_merged(
    day: date,
    rules: CalendarRules,
    *,
    told: RuledDay | None,
    seen: Mapping[date, date],
    seen_around: bool,
) -> RuledDay:
    """Return what is known of a day: candles go before the exchange's calendar, that before the rules.

    `told` is the exchange's word; `seen` maps days on which shares were traded to their trading days;
    `seen_around` says that trading was seen shortly before and shortly after, so that none seen means none.
    """
    ruled = day_by_rule(day, rules)
    if day in seen:
        if told is not None and told.is_open:
            return told
        trading_date = ruled.trading_date if ruled.is_open else seen[day]
        return RuledDay(
            day=day, is_open=True, trading_date=trading_date, reason=ruled.reason, source="candles"
        )
    if told is not None:
        return told
    if ruled.is_open and seen_around:
        return RuledDay(
            day=day, is_open=False, trading_date=None, reason="No trading was seen", source="candles"
        )
    return ruled


def _is_regular(day: date, rules: CalendarRules) -> bool:
    if day in rules.weekend_format_days:
        return False
    return day.weekday() < 5 or day in rules.working_weekend_days


def _closed_reason(day: date, rules: CalendarRules) -> str:
    if day in rules.closed:
        return rules.closed[day]
    if day.year not in rules.listed_years and (day.month, day.day) in rules.yearly_holidays:
        return "Public holiday"
    return ""
