"""Features of the exchange's calendar: one table of moments a month, the same for every share.

What lies ahead of a bar is the plan (rules without the closures that nobody foresaw); what lies behind is what was
seen. So neither a closure nor a halt is known before it has happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np

from features.kernels import calendar
from features.kernels.session import DAY_S
from features.sources.base import BuildScope, MonthScope
from features.spec import FeatureSpec
from market.calendar_config import calendar_config, calendar_rules, session_table
from market.kernels.calendar import CalendarRules, day_by_rule
from market.selectors.calendar import sessions_by_rule
from market.selectors.calendar_told import event_moments, hours_told, traded_dates
from traderai.common.arrays import F64, I64, Bools
from traderai.common.clock import MOSCOW, from_epoch_s, midnight, to_epoch_s

# The fixed stretch around a month: 60 trading days and the closure of 2022 lie within the days before.
STRETCH_BEFORE_DAYS: Final = 150
STRETCH_AFTER_DAYS: Final = 45  # a week's bar ends in the next month, and counts that month's days
CLOSURE_TRADING_DAYS: Final = 60
EXPIRIES_FROM_DAY: Final = (date(2016, 1, 1) - date(1970, 1, 1)).days
MEETINGS_AHEAD_DAYS: Final = 365
# The Bank of Russia's scheduled meetings have been 35 days or more apart since 2016.
MEETING_GAP_DAYS: Final = 35
# They have never been further apart than 56 days: after more, one has been held that we do not know of.
DECISION_DAYS_MAX: Final = 63
HALT_LEAST_S: Final = 30 * 60
HALT_LEAST_SHARES: Final = 10
_WEEK_S: Final = 7 * DAY_S
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MEETING: Final = ("key_rate_meeting",)
_DECISION: Final = ("key_rate_meeting", "key_rate_change")


class CalendarSource:
    """Columns of the calendar."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        self._kernels = tuple(spec.kernel for spec in specs)
        self._bar_s = 60 * scope.timeframe.minutes
        first, last = _date_at(scope.since_s), _date_at(scope.until_s)
        since, until = first - timedelta(days=STRETCH_BEFORE_DAYS), last + timedelta(days=STRETCH_AFTER_DAYS)
        traded = traded_dates(since=since, until=until, is_simulated=scope.is_simulated, as_of=scope.as_of)
        self._traded = {_number(day): _number(of) for day, of in traded.items()}
        self._told = {} if scope.is_simulated else hours_told(since=since, until=until)
        begin = midnight(since)
        end = midnight(last) + timedelta(days=MEETINGS_AHEAD_DAYS + 10)
        self._meetings = event_moments(kinds=_MEETING, since=begin, until=end, as_of=scope.as_of)
        self._decisions = event_moments(kinds=_DECISION, since=begin, until=end, as_of=scope.as_of)

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars.

        Shapes: (rows, k), in the order of the specs.
        NaN:    hours on bars of a day or longer; days of years whose holidays the rules do not list.
        Causal: row t reads the plan and what was seen up to its bar's end.
        """
        minute = {
            secid: (part.bars.begin_s[part.start :] - month.begin_s) // 60
            for secid, part in month.bars.items()
        }
        seen = np.zeros((month.end_s - month.begin_s) // 60 + 1, dtype=np.bool_)
        for minutes in minute.values():
            seen[minutes] = True
        begin_s = month.begin_s + 60 * np.flatnonzero(seen)
        columns = self._columns(month, begin_s)
        table = (
            np.column_stack([columns[name] for name in self._kernels]) if begin_s.size else np.empty((0, 0))
        )
        row = np.cumsum(seen) - 1
        return {secid: table[row[minutes]] for secid, minutes in minute.items() if minutes.size}

    def _columns(self, month: MonthScope, begin_s: I64) -> dict[str, F64]:
        known_s = begin_s + self._bar_s
        days = _Days(month, known_s)
        if self._bar_s < _WEEK_S:  # a day whose bars came after this source had read the calendar
            for day in np.unique(days.day).tolist():
                self._traded.setdefault(day, _trading_day(day))
        columns = self._day_columns(days) | self._bank_columns(known_s, days.day)
        hours = np.full((4, begin_s.size), np.nan)
        halted = np.full(begin_s.size, np.nan)
        if self._bar_s < DAY_S:
            wide = _wide_from(month, days)
            for day in np.unique(days.day):
                rows = np.flatnonzero(days.day == day)
                opens_s, closes_s = self._sessions(int(day))
                hours[:, rows] = calendar.session_clock(known_s[rows], opens_s, closes_s)
                minutes = calendar.halted_min(
                    begin_s[rows], opens_s, closes_s, bar_s=self._bar_s, least_s=HALT_LEAST_S
                )
                halted[rows] = np.where(begin_s[rows] >= wide.get(int(day), np.inf), minutes, np.nan)
        return columns | _clock_columns(hours) | {"halt_day_min": halted}

    def _sessions(self, day: int) -> tuple[I64, I64]:
        """Return when the sessions of a date open and close, as planned."""
        at = _date(day)
        sessions = self._told.get(at) or sessions_by_rule(
            at, session_table(), weekend_format=self._traded.get(day, day) != day
        )
        spans = [(to_epoch_s(one.begins_at), to_epoch_s(one.ends_at)) for one in sessions]
        both = np.array(sorted(spans), dtype=np.int64).reshape(len(spans), 2)
        return both[:, 0], both[:, 1]

    def _day_columns(self, days: _Days) -> dict[str, F64]:
        marked = np.array(sorted(self._traded), dtype=np.int64)
        traded = marked[(marked >= days.first) & (marked <= days.last)]
        planned = np.array(
            [day for day in range(days.first, days.last + 1) if _is_planned(day)], dtype=np.int64
        )
        unique, back = np.unique(days.day, return_inverse=True)
        of = np.array([self._traded.get(int(day), -1) for day in unique], dtype=np.int64)
        weekend = np.where(of < 0, np.nan, of != unique)
        closure = calendar.days_since_closure(
            unique, traded, planned, _closed_days(), longest=CLOSURE_TRADING_DAYS
        )
        month_end = calendar.days_left_in_month(unique, planned)
        expiries = calendar.index_futures_expiries(first_day=days.first, last_day=days.last + 100)
        expiry = calendar.days_to_next(unique, expiries)
        return {
            "weekend_session": weekend[back] if self._bar_s < _WEEK_S else np.full(back.size, np.nan),
            "month_end_days": np.where(_is_listed(unique), month_end, np.nan)[back],
            "futures_expiry_days": np.where(unique >= EXPIRIES_FROM_DAY, expiry, np.nan)[back],
            "pause_days": calendar.days_since_before(unique, traded)[back],
            "closure_since_days": np.where(_is_listed(np.full(unique.size, days.first)), closure, np.nan)[
                back
            ],
        }

    def _bank_columns(self, known_s: I64, day: I64) -> dict[str, F64]:
        at_s, told_s = self._meetings.at_s, self._meetings.known_s
        to_days = calendar.days_to_known(known_s, day, at_s, _days_of(at_s), told_s)
        since_days = calendar.days_since_held(known_s, day, at_s, _days_of(at_s))
        decided_s = self._decisions.at_s
        decision = calendar.days_since_held(known_s, day, decided_s, _days_of(decided_s))
        return {
            "cb_meeting_day": calendar.meeting_day(to_days, since_days, least_gap_days=MEETING_GAP_DAYS),
            "cb_meeting_to_days": np.where(to_days <= MEETINGS_AHEAD_DAYS, to_days, np.nan),
            "cb_decision_since_days": np.where(decision <= DECISION_DAYS_MAX, decision, np.nan),
        }


class _Days:
    """The dates of a month's moments, and the stretch of days around them."""

    def __init__(self, month: MonthScope, known_s: I64) -> None:
        begin, end = _number(_date_at(month.begin_s)), _number(_date_at(month.end_s))
        self.first, self.last = begin - STRETCH_BEFORE_DAYS, end + STRETCH_AFTER_DAYS
        self._begin = begin
        self._midnight_s = np.array([_midnight_s(day) for day in range(begin, end + 10)], dtype=np.int64)
        self.day = self.of(known_s - 1)

    def of(self, moment_s: I64) -> I64:
        """Return the Moscow dates of moments from the month's begin to a week after its end."""
        return self._begin - 1 + np.searchsorted(self._midnight_s, moment_s, side="right")


def _wide_from(month: MonthScope, days: _Days) -> dict[int, int]:
    """Return by date the begin of the bar with which enough shares had traded to tell a halt from a quiet share."""
    firsts: defaultdict[int, list[int]] = defaultdict(list)
    for part in month.bars.values():
        begin_s = part.bars.begin_s[part.start :]
        dates, at = np.unique(days.of(begin_s), return_index=True)
        for day, first in zip(dates.tolist(), begin_s[at].tolist(), strict=True):
            firsts[day].append(first)
    return {
        day: sorted(moments)[HALT_LEAST_SHARES - 1]
        for day, moments in firsts.items()
        if len(moments) >= HALT_LEAST_SHARES
    }


def _clock_columns(hours: F64) -> dict[str, F64]:
    since_open, to_close = (
        2.0 * np.pi * hours[row] / DAY_S for row in (calendar.SINCE_OPEN, calendar.TO_CLOSE)
    )
    return {
        "since_open_sin": np.sin(since_open),
        "since_open_cos": np.cos(since_open),
        "to_close_sin": np.sin(to_close),
        "to_close_cos": np.cos(to_close),
        "session_frac": hours[calendar.SESSION_FRAC],
        "day_frac": hours[calendar.DAY_FRAC],
    }


def _is_listed(day: I64) -> Bools:
    """Return whether the rules list the holidays of each day's year."""
    years = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return np.isin(years, sorted(calendar_rules().listed_years))


@cache
def _foreseen() -> CalendarRules:
    """Return the rules with the holidays alone: a closure is in nobody's plan."""
    holidays = {date.fromisoformat(day): "Public holiday" for day in calendar_config().holidays}
    return replace(calendar_rules(), closed=holidays)


@cache
def _is_planned(day: int) -> bool:
    ruled = day_by_rule(_date(day), _foreseen())
    return ruled.is_open and ruled.trading_date == ruled.day


@cache
def _trading_day(day: int) -> int:
    """Return the trading day of a date with trading, by rule."""
    ruled = day_by_rule(_date(day), _foreseen())
    return day if ruled.trading_date is None else _number(ruled.trading_date)


@cache
def _closed_days() -> frozenset[int]:
    """Return the days of the closures that nobody foresaw."""
    return frozenset(_number(day) for day in calendar_rules().closed if day not in _foreseen().closed)


@cache
def _midnight_s(day: int) -> int:
    return to_epoch_s(midnight(_date(day)))


def _days_of(moment_s: I64) -> I64:
    return np.array([_number(_date_at(moment)) for moment in moment_s.tolist()], dtype=np.int64)


def _date_at(moment_s: int) -> date:
    return from_epoch_s(moment_s).astimezone(MOSCOW).date()


def _number(day: date) -> int:
    return day.toordinal() - _EPOCH


def _date(number: int) -> date:
    return date.fromordinal(number + _EPOCH)
