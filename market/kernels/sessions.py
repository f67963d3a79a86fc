"""In which of the exchange's sessions a bar was traded, and whether it was an auction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traderai.common.arrays import I8, I64, Bools

OUTSIDE = -1
MORNING = 0
MAIN = 1
EVENING = 2
WEEKEND = 3

_DAY_S = 86_400
_HOUR_S = 3600
# Moscow was at UTC+4 all year round from 2011-03-27 to 2014-10-26 and has been at UTC+3 since.
_FOUR_HOURS_FROM_S = 1_301_180_400
_FOUR_HOURS_TILL_S = 1_414_274_400


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpan:
    """The hours of one session, or of an auction in it, in a span of days; a session's hours hold its auctions."""

    code: int
    first_day: int  # days since 1970
    end_day: int  # the first day on which it is no longer held so
    begin_s: int  # since midnight in Moscow
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTable:
    """The exchange's sessions by day."""

    spans: tuple[SessionSpan, ...]
    auctions: tuple[SessionSpan, ...] = ()  # within the session of their code
    working_weekend_days: tuple[int, ...] = ()  # Saturdays and Sundays that are traded as any other day
    weekend_format_days: tuple[int, ...] = ()  # holidays that are traded as a weekend is


def session_codes(begin_s: I64, table: SessionTable, *, bar_s: int = 60) -> I8:
    """Return the session of each bar: MORNING, MAIN, EVENING, WEEKEND, or OUTSIDE of all of them.

    A bar belongs to the session in which it begins; one that begins outside of every session belongs to the
    first that begins within it (the hour from 9:00 holds the main session's opening auction). A bar of a day or
    longer holds all sessions of its day and is called MAIN.

    Shapes: begin_s (n,) -> (n,)
    Units: seconds since 1970 UTC; bar_s seconds
    Causal: out[i] reads begin_s[i] alone
    Raises: ValueError if bar_s is not positive
    """
    if bar_s <= 0:
        raise ValueError(f"bar_s must be at least 1, was {bar_s}")
    if bar_s >= _DAY_S:
        return np.full(begin_s.shape, MAIN, dtype=np.int8)
    wall_s = begin_s + moscow_offset_s(begin_s)
    day, second = wall_s // _DAY_S, wall_s % _DAY_S
    weekend = is_weekend_format(day, table)
    codes = np.full(begin_s.shape, OUTSIDE, dtype=np.int8)
    starts = np.full(begin_s.shape, np.iinfo(np.int64).max, dtype=np.int64)
    for span in table.spans:
        held = _is_held(span, day, weekend)
        held &= (second < span.end_s) & (second + bar_s > span.begin_s)
        # A session that has begun stands before one that is to begin, an earlier one before a later one.
        start = np.where(second >= span.begin_s, np.int64(-1), np.int64(span.begin_s))
        first = held & (start < starts)
        codes[first] = span.code
        starts[first] = start[first]
    return codes


def auction_bars(begin_s: I64, table: SessionTable, *, bar_s: int = 60) -> Bools:
    """Return which bars lie wholly within an opening or closing auction.

    Longer bars hold an auction together with trading and are none: no auction takes more than ten minutes.

    Shapes: begin_s (n,) -> (n,)
    Units: seconds since 1970 UTC; bar_s seconds
    Causal: out[i] reads begin_s[i] alone
    Raises: ValueError if bar_s is not positive
    """
    if bar_s <= 0:
        raise ValueError(f"bar_s must be at least 1, was {bar_s}")
    wall_s = begin_s + moscow_offset_s(begin_s)
    day, second = wall_s // _DAY_S, wall_s % _DAY_S
    weekend = is_weekend_format(day, table)
    inside = np.zeros(begin_s.shape, dtype=np.bool_)
    for span in table.auctions:
        if bar_s <= span.end_s - span.begin_s:
            within = (second >= span.begin_s) & (second + bar_s <= span.end_s)
            inside |= within & _is_held(span, day, weekend)
    return inside


def _is_held(span: SessionSpan, day: I64, weekend: Bools) -> Bools:
    """Return on which days a session or auction is held so."""
    return np.asarray((day >= span.first_day) & (day < span.end_day) & (weekend == (span.code == WEEKEND)))


def is_weekend_format(day: I64, table: SessionTable) -> Bools:
    """Return whether each day is traded, if at all, as a weekend is.

    Shapes: day (n,) -> (n,)
    Units: days since 1970
    """
    weekend = (day + 3) % 7 >= 5
    weekend &= ~np.isin(day, np.array(table.working_weekend_days, dtype=np.int64))
    return weekend | np.isin(day, np.array(table.weekend_format_days, dtype=np.int64))


def moscow_offset_s(moment_s: I64) -> I64:
    """Return how far Moscow's wall clock is ahead of UTC; before 2011-03-27 without summer time.

    Shapes: moment_s (n,) -> (n,)
    Units: seconds
    """
    later = (moment_s >= _FOUR_HOURS_FROM_S) & (moment_s < _FOUR_HOURS_TILL_S)
    return np.where(later, np.int64(4 * _HOUR_S), np.int64(3 * _HOUR_S))


def moscow_hours(moment_s: I64) -> I64:
    """Return the hour of each moment on Moscow's clock, 0 to 23.

    Shapes: moment_s (n,) -> (n,)
    Units: seconds since 1970 UTC
    """
    return np.asarray((moment_s + moscow_offset_s(moment_s)) % _DAY_S // _HOUR_S)
