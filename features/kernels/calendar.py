"""Distances in the exchange's calendar, on day numbers (days since 1970) and moments (seconds since 1970 UTC)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np

from traderai.common.arrays import F64, I64

EXPIRY_MONTHS: Final = (3, 6, 9, 12)
# Rows of `session_clock`.
SINCE_OPEN, TO_CLOSE, SESSION_FRAC, DAY_FRAC = range(4)
_EPOCH: Final = date(1970, 1, 1).toordinal()
_THURSDAY: Final = 3


def days_left_in_month(day: I64, trading: I64) -> F64:
    """Return how many trading days of the month are still to come after each day.

    Shapes: day (n,); trading (k,), the planned trading days, rising; returns (n,).
    Units:  trading days, 0 on the last one.
    Causal: out[t] reads day t and what was planned for its month.
    """
    month_end = (
        (day.astype("datetime64[D]").astype("datetime64[M]") + 1).astype("datetime64[D]").astype(np.int64)
    )
    left = np.searchsorted(trading, month_end) - np.searchsorted(trading, day, side="right")
    return np.asarray(left, dtype=np.float64)


def index_futures_expiries(*, first_day: int, last_day: int) -> I64:
    """Return the last trading days of the quarterly futures on the RTS and MOEX indices within a span.

    It is the third Thursday of March, June, September and December; no holiday falls on the 15th to 21st of those.

    Shapes: returns (k,), rising.
    Units:  day numbers.
    Source: Moscow Exchange, Futures settlement (moex.com/s1227); the rule holds from 2016 on, until then it was the
        15th (moex.com/n9841, moex.com/n10799).
    """
    found = []
    for year in range(_date(first_day).year, _date(last_day).year + 1):
        for month in EXPIRY_MONTHS:
            first = date(year, month, 1)
            number = first.toordinal() - _EPOCH + (_THURSDAY - first.weekday()) % 7 + 14
            if first_day <= number <= last_day:
                found.append(number)
    return np.array(found, dtype=np.int64)


def days_to_next(day: I64, marks: I64) -> F64:
    """Return how many days are left to the next marked day.

    Shapes: day (n,); marks (k,), rising; returns (n,).
    Units:  calendar days, 0 on a marked day.
    NaN:    where no marked day follows.
    Causal: out[t] reads day t and the marks.
    """
    at = np.searchsorted(marks, day)
    out = np.full(day.size, np.nan)
    found = at < marks.size
    out[found] = marks[at[found]] - day[found]
    return out


def days_since_before(day: I64, marks: I64) -> F64:
    """Return how many days ago the last marked day before each day was.

    Shapes: day (n,); marks (k,), rising; returns (n,).
    Units:  calendar days, 1 or more.
    NaN:    where no marked day lies before.
    Causal: out[t] reads day t and the marks before it.
    """
    at = np.searchsorted(marks, day) - 1
    out = np.full(day.size, np.nan)
    found = at >= 0
    out[found] = day[found] - marks[at[found]]
    return out


def days_since_closure(day: I64, traded: I64, planned: I64, closed: frozenset[int], *, longest: int) -> F64:
    """Return how many trading days ago trading resumed after planned trading days without any.

    A pause within a week is a closure; a longer one only if it holds a day of `closed`, else nobody knows whether
    there was no trading or there are no data.

    Shapes: day (n,); traded (k,), the days on which trading was seen, rising; planned (m,), rising; returns (n,).
    Units:  trading days, 0 on the day of resumption, at most `longest`.
    NaN:    without `longest` trading days seen since, unless a closure was; after a pause that nobody knows of.
    Causal: out[t] reads the days up to day t.
    """
    # A day without a plan, such as a weekend session, counts for no trading day.
    count = np.searchsorted(np.intersect1d(traded, planned), np.append(traded, 0), side="right")[:-1]
    since = np.full(traded.size, np.nan)
    anchor, known = (int(count[0]) if traded.size else 0), False
    for k in range(traded.size):
        before = traded[k - 1] if k else traded[k] - 1
        missed = planned[(planned > before) & (planned < traded[k])]
        if missed.size:
            anchor = int(count[k])
            known = bool(traded[k] - before <= 7 or closed.intersection(missed.tolist()))
        ago = int(count[k]) - anchor
        since[k] = min(ago, longest) if known or ago >= longest else np.nan
    at = np.searchsorted(traded, day, side="right") - 1
    return np.where(at >= 0, np.append(since, np.nan)[at], np.nan)


def session_clock(moment_s: I64, opens_s: I64, closes_s: I64) -> F64:
    """Return where moments of one date stand in its sessions as they were planned.

    The session of a moment is the last one that opened before it; a moment after its close stands at the close.

    Shapes: moment_s (n,); opens_s, closes_s (k,), rising; returns (4, n): seconds since the session's open, seconds
        to its close, share of the session, share of the date's hours from the first open to the last close.
    Units:  seconds; shares 0 to 1.
    NaN:    before the first session, and on a date without any.
    Causal: out[:, t] reads moment t and the plan of the date.
    """
    out = np.full((4, moment_s.size), np.nan)
    if opens_s.size == 0:
        return out
    at = np.searchsorted(opens_s, moment_s) - 1
    rows = at >= 0
    at = at[rows]
    until = np.minimum(moment_s[rows], closes_s[at])
    out[SINCE_OPEN, rows] = until - opens_s[at]
    out[TO_CLOSE, rows] = closes_s[at] - until
    out[SESSION_FRAC, rows] = (until - opens_s[at]) / (closes_s[at] - opens_s[at])
    out[DAY_FRAC, rows] = (until - opens_s[0]) / (closes_s[-1] - opens_s[0])
    return out


def halted_min(begin_s: I64, opens_s: I64, closes_s: I64, *, bar_s: int, least_s: int) -> F64:
    """Return for how long trading has been halted on one date so far.

    A halt is a stretch of `least_s` or more within a session, after a bar of that session, in which no bar of any
    share begins; the hours before a session's first bar are none, they may lie outside of what is stored.

    Shapes: begin_s (n,), the begins of the bars of all shares on the date, each once, rising; opens_s, closes_s (k,);
        returns (n,).
    Units:  minutes, 0 without a halt.
    Causal: out[t] reads the bars up to t and the plan of the date.
    """
    out = np.zeros(begin_s.size)
    if opens_s.size == 0 or begin_s.size < 2:
        return out
    ended = begin_s[:-1] + bar_s
    at = np.searchsorted(opens_s, ended - 1, side="right") - 1
    resumed = np.minimum(begin_s[1:], closes_s[np.maximum(at, 0)])
    pause = np.where(at >= 0, resumed - ended, 0)
    out[1:] = np.cumsum(np.where(pause >= least_s, pause, 0)) / 60.0
    return out


def days_to_known(moment_s: I64, day: I64, at_s: I64, at_day: I64, known_s: I64) -> F64:
    """Return how many days are left to the next event whose date is known.

    Shapes: moment_s, day (n,); at_s, at_day, known_s (k,); returns (n,).
    Units:  calendar days, 0 on the event's date before it takes place.
    NaN:    where no later event is known.
    Causal: out[t] reads the events whose date was known at moment t.
    """
    nearest = np.full(moment_s.size, np.inf)
    for event in range(at_s.size):
        ahead = (at_s[event] > moment_s) & (known_s[event] <= moment_s)
        nearest[ahead] = np.minimum(nearest[ahead], at_day[event] - day[ahead])
    return np.where(np.isfinite(nearest), nearest, np.nan)


def days_since_held(moment_s: I64, day: I64, at_s: I64, at_day: I64) -> F64:
    """Return how many days ago the last event took place.

    Shapes: moment_s, day (n,); at_s, at_day (k,), rising; returns (n,).
    Units:  calendar days, 0 on the event's date once it has taken place.
    NaN:    where none has.
    Causal: out[t] reads the events up to moment t.
    """
    at = np.searchsorted(at_s, moment_s, side="right") - 1
    out = np.full(moment_s.size, np.nan)
    held = at >= 0
    out[held] = day[held] - at_day[at[held]]
    return out


def meeting_day(to_days: F64, since_days: F64, *, least_gap_days: int) -> F64:
    """Return whether a day holds a scheduled meeting of a board that never meets twice within `least_gap_days`.

    Not every meeting need be known. A day is surely without one soon after a meeting and soon before one; between two
    known meetings it is where no third can lie between them.

    Shapes: to_days, since_days (n,), of known meetings; returns (n,).
    Units:  1 or 0.
    NaN:    where an unknown meeting may be held.
    Causal: out[t] reads row t of its inputs.
    """
    since = np.where(np.isnan(since_days), np.inf, since_days)
    to = np.where(np.isnan(to_days), np.inf, to_days)
    without = (since < least_gap_days) | (to < least_gap_days) | (since + to < 2 * least_gap_days)
    return np.where((to == 0) | (since == 0), 1.0, np.where(without, 0.0, np.nan))


def _date(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
