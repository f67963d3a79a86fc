"""Missing bars: days, sessions and stretches in which a share that trades has none."""

from __future__ import annotations

import numpy as np

from market.kernels.quality import trailing_median
from market.kernels.sessions import WEEKEND, SessionTable, is_weekend_format
from traderai.common.arrays import F64, I8, I64, Bools

SESSIONS = 4
"""Codes 0 to 3 are sessions (`market.kernels.sessions`); everything else is outside."""


def bars_by_day(day: I64, session: I8) -> tuple[I64, I64]:
    """Return the days that have bars, and how many in each session and outside of all (last column).

    Shapes: day (n,), rising, session (n,) -> (k,) and (k, SESSIONS + 1)
    """
    days, where = np.unique(day, return_inverse=True)
    column = np.where((session >= 0) & (session < SESSIONS), session, SESSIONS)
    counts = np.bincount(where * (SESSIONS + 1) + column, minlength=days.size * (SESSIONS + 1))
    return days, counts.reshape(days.size, SESSIONS + 1)


def usual_bars(days: I64, counts: F64, *, window: int, minimum: int) -> F64:
    """Return how many bars each day should have by the same share's like days before it.

    Like days are workdays for a workday, and days of the weekend for one of those.

    Shapes: days (k,), rising, counts (k,) -> (k,)
    Units: days since 1970; bars
    NaN: a NaN count is left out; NaN where fewer than `minimum` of the `window` days are known
    Causal: day i depends on earlier days alone
    """
    usual = np.full(days.size, np.nan)
    weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    for like in (weekend, ~weekend):
        usual[like] = trailing_median(counts[like], window=window, minimum=minimum)
    return usual


def presence_before(present: Bools, *, window: int) -> F64:
    """Return on which part of the `window` days before each one there were bars, NaN in the first `window` days.

    Shapes: present (k,) -> (k,)
    Causal: day i depends on days i - window to i - 1 alone
    """
    sums = np.concatenate([[0], np.cumsum(present)])
    share = np.full(present.size, np.nan)
    if present.size > window:
        share[window:] = (sums[window:-1] - sums[: -window - 1]) / window
    return share


def absent_runs(present: Bools, *, window: int, regular_frac: float) -> I64:
    """Return the runs of days without bars of a share that traded regularly before and traded again.

    Shapes: present (k,), over the market's days -> (r, 2): first day of the run, first day after it
    Units: positions in `present`
    """
    edges = np.diff(np.concatenate([[1], present.astype(np.int8), [1]]))
    first, after = np.flatnonzero(edges == -1), np.flatnonzero(edges == 1)
    regular = presence_before(present, window=window)
    inside = (after < present.size) & (first > 0)
    first, after = first[inside], after[inside]
    with np.errstate(invalid="ignore"):
        missed = regular[first] >= regular_frac
    return np.column_stack([first[missed], after[missed]]).astype(np.int64)


def longest_gaps(begin_s: I64, day: I64, session: I8, *, step_s: int) -> tuple[I64, I64]:
    """Return for each day the longest stretch without a bar inside one session, and the bar after which it lies.

    The time between two sessions, and bars outside of all, count for nothing.

    Shapes: begin_s, day, session (n,), rising -> (k,) seconds and (k,) positions, days in their order
    Units: seconds; a bar that follows at once leaves a gap of 0
    """
    if begin_s.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    same = (np.diff(day) == 0) & (np.diff(session) == 0) & (session[:-1] >= 0)
    gap_s = np.append(np.where(same, np.diff(begin_s) - step_s, 0), 0)
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    longest = np.maximum.reduceat(gap_s, starts)
    sizes = np.diff(np.append(starts, day.size))
    is_longest = gap_s == np.repeat(longest, sizes)
    position = np.where(is_longest, np.arange(day.size), day.size)
    return longest, np.minimum.reduceat(position, starts)


def days_behind(newest_day: int, market_days: I64) -> int:
    """Return how many of the market's days lie after a day.

    Shapes: market_days (m,), rising
    """
    return int(market_days.size - np.searchsorted(market_days, newest_day, side="right"))


def grid_bars(days: I64, table: SessionTable, *, bar_s: int) -> I64:
    """Return how many bars each session of each day has room for.

    Shapes: days (k,) -> (k, SESSIONS)
    Units: days since 1970; seconds
    """
    weekend = is_weekend_format(days, table)
    room = np.zeros((days.size, SESSIONS), dtype=np.int64)
    for span in table.spans:
        held = (days >= span.first_day) & (days < span.end_day) & (weekend == (span.code == WEEKEND))
        # An auction that begins inside a bar opens that bar.
        room[held, span.code] = -(-span.end_s // bar_s) - span.begin_s // bar_s
    return room
