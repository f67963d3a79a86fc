"""The exchange's sessions and trading days by rule (sessions.yaml)."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

from market.kernels import sessions
from market.kernels.calendar import CalendarRules
from market.kernels.sessions import SessionSpan, SessionTable
from traderai.common.config import load_config

CODES = {
    "morning": sessions.MORNING,
    "main": sessions.MAIN,
    "evening": sessions.EVENING,
    "weekend": sessions.WEEKEND,
}
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRule:
    """The hours of one session, or of an auction in it, in a span of days."""

    code: Literal["morning", "main", "evening", "weekend"]
    begin: str
    end: str
    since: str | None = None  # the first day
    until: str | None = None  # the last day

    def __post_init__(self) -> None:
        if not time.fromisoformat(self.begin) < time.fromisoformat(self.end):
            raise ValueError(f"{self.code}: end must lie after begin {self.begin}, was {self.end}")
        if not self.first <= self.last:
            raise ValueError(f"{self.code}: until must not lie before since {self.since}, was {self.until}")

    @property
    def first(self) -> date:
        """The first day."""
        return date.min if self.since is None else date.fromisoformat(self.since)

    @property
    def last(self) -> date:
        """The last day."""
        return date.max if self.until is None else date.fromisoformat(self.until)

    def is_within(self, session: SessionRule) -> bool:
        """Return whether an auction lies within a session's hours, on days of that session alone."""
        return (
            self.code == session.code
            and session.first <= self.first
            and self.last <= session.last
            and time.fromisoformat(session.begin) <= time.fromisoformat(self.begin)
            and time.fromisoformat(self.end) <= time.fromisoformat(session.end)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRule:
    """A span of days on which the exchange was closed."""

    since: str
    until: str
    reason: str

    def __post_init__(self) -> None:
        if not date.fromisoformat(self.since) <= date.fromisoformat(self.until):
            raise ValueError(f"until must not lie before since {self.since}, was {self.until}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarConfig:
    """The exchange's calendar by rule."""

    sessions: tuple[SessionRule, ...]
    auctions: tuple[SessionRule, ...]
    working_weekend_days: tuple[str, ...]
    weekend_format_days: tuple[str, ...]
    closures: tuple[ClosureRule, ...]
    holidays: tuple[str, ...]
    yearly_holidays: tuple[str, ...]

    def __post_init__(self) -> None:
        for day in self.working_weekend_days:
            if date.fromisoformat(day).weekday() < 5:
                raise ValueError(f"working_weekend_days must be Saturdays or Sundays, {day} is neither")
        for day in (*self.weekend_format_days, *self.holidays):
            date.fromisoformat(day)
        for day in self.yearly_holidays:
            date.fromisoformat(f"2024-{day}")
        for code in CODES:
            rules = sorted((rule for rule in self.sessions if rule.code == code), key=lambda rule: rule.first)
            for before, after in itertools.pairwise(rules):
                if before.last >= after.first:
                    raise ValueError(f"{code}: two rules hold on {after.since}; end the earlier one before")
        for auction in self.auctions:
            if not any(auction.is_within(session) for session in self.sessions):
                raise ValueError(
                    f"auctions: {auction.code} {auction.begin} to {auction.end} since {auction.since} must lie within "
                    "the hours and days of one of the sessions; split it by their days"
                )


@functools.cache
def calendar_config() -> CalendarConfig:
    """Return sessions.yaml."""
    return load_config("sessions.yaml", CalendarConfig)


@functools.cache
def session_table() -> SessionTable:
    """Return the sessions of sessions.yaml as the kernel reads them."""
    config = calendar_config()
    return SessionTable(
        spans=tuple(_span(rule) for rule in config.sessions),
        auctions=tuple(_span(rule) for rule in config.auctions),
        working_weekend_days=_day_numbers(config.working_weekend_days),
        weekend_format_days=_day_numbers(config.weekend_format_days),
    )


@functools.cache
def calendar_rules() -> CalendarRules:
    """Return the trading days of sessions.yaml as the kernel reads them."""
    config = calendar_config()
    holidays = [date.fromisoformat(day) for day in config.holidays]
    closed = dict.fromkeys(holidays, "Public holiday")
    for closure in config.closures:
        day, last = date.fromisoformat(closure.since), date.fromisoformat(closure.until)
        while day <= last:
            closed[day] = closure.reason
            day += timedelta(days=1)
    yearly = [date.fromisoformat(f"2024-{day}") for day in config.yearly_holidays]
    return CalendarRules(
        working_weekend_days=frozenset(date.fromisoformat(day) for day in config.working_weekend_days),
        weekend_format_days=frozenset(date.fromisoformat(day) for day in config.weekend_format_days),
        closed=closed,
        yearly_holidays=frozenset((day.month, day.day) for day in yearly),
        listed_years=frozenset(day.year for day in holidays),
    )


def _span(rule: SessionRule) -> SessionSpan:
    return SessionSpan(
        code=CODES[rule.code],
        first_day=rule.first.toordinal() - _EPOCH,
        end_day=rule.last.toordinal() - _EPOCH + 1,
        begin_s=_second(rule.begin),
        end_s=_second(rule.end),
    )


def _second(text: str) -> int:
    at = time.fromisoformat(text)
    return at.hour * 3600 + at.minute * 60


def _day_numbers(days: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(date.fromisoformat(day).toordinal() - _EPOCH for day in days)
