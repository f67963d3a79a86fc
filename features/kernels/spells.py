"""What has happened since a day, a session or a week began, and in the one before.

A spell is a run of bars with the same number. The first spell of a series may have begun before the series does, so
nothing is said of it: a warm-up that begins in the middle of a day does not know that day's high.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.session import DAY_S
from market.kernels.calendar import WEEKEND_SESSIONS_FROM
from market.kernels.sessions import WEEKEND, moscow_offset_s
from traderai.common.arrays import F64, I8, I64

_HOUR_S = 3_600
_FRIDAY = 4
_WEEKEND_BARS_FROM_DAY = WEEKEND_SESSIONS_FROM.toordinal() - 719_163  # days since 1970


def moscow_day(begin_s: I64, *, bar_s: int) -> I64:
    """Return the Moscow date on which each bar begins.

    Shapes: begin_s (n,); returns (n,).
    Units:  days since 1970.
    Causal: out[t] reads the begin of bar t.
    """
    # Bars of a day begin at midnight, and summer time before 2011 is not in the offset: look at the morning instead.
    ahead = 6 * _HOUR_S if bar_s >= DAY_S else 0
    return np.asarray((begin_s + moscow_offset_s(begin_s) + ahead) // DAY_S, dtype=np.int64)


def week_spells(day: I64, session: I8, *, bar_s: int) -> I64:
    """Return the ISO week of each bar's trading day: a weekend session counts to the week after it.

    A session in the weekend's format belongs to the next regular day, which is in the next week for one on Friday,
    Saturday or Sunday. A bar of a day has no session; those of Saturday and Sunday count to the next week since
    weekend sessions exist (2025-03-01).

    Shapes: day (n,) from `moscow_day`, session (n,); returns (n,).
    Units:  weeks since 1970, beginning on Monday.
    Causal: out[t] reads bar t alone.
    """
    week = (day + 3) // 7
    weekday = day + 3 - 7 * week
    if bar_s >= DAY_S:
        ahead = (weekday > _FRIDAY) & (day >= _WEEKEND_BARS_FROM_DAY)
    else:
        ahead = (session == WEEKEND) & (weekday >= _FRIDAY)
    return week + ahead


def session_spells(day: I64, session: I8) -> I64:
    """Return a number that changes whenever a session begins.

    Shapes: day (n,) from `moscow_day`, session (n,); returns (n,).
    Units:  none: the Moscow date and the session's code in one number.
    Causal: out[t] reads bar t alone.
    """
    return day * 8 + session


def spell_first(values: F64, spell: I64) -> F64:
    """Return the first value of each bar's spell.

    Shapes: values, spell (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first spell.
    Causal: out[t] reads the first bar of t's spell.
    """
    return np.asarray(_spell_first(values, spell), dtype=np.float64)


def spell_highest(values: F64, spell: I64) -> F64:
    """Return the largest value of each bar's spell so far.

    Shapes: values, spell (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first spell.
    Causal: out[t] reads the bars of t's spell up to t.
    """
    return np.asarray(_spell_highest(values, spell), dtype=np.float64)


def previous_last(values: F64, spell: I64) -> F64:
    """Return the last value of the spell before each bar's.

    Shapes: values, spell (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first spell.
    Causal: out[t] reads the last bar of the spell before t's.
    """
    return np.asarray(_previous_last(values, spell), dtype=np.float64)


def previous_highest(values: F64, spell: I64) -> F64:
    """Return the largest value of the whole spell before each bar's.

    Shapes: values, spell (n,); returns (n,).
    Units:  those of the values.
    NaN:    the first two spells: the first may have begun before the series.
    Causal: out[t] reads the bars of the spell before t's.
    """
    return np.asarray(_previous_highest(values, spell), dtype=np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _spell_first(values: F64, spell: I64) -> F64:
    out = np.full(values.size, np.nan)
    first = np.nan
    for t in range(1, values.size):
        if spell[t] != spell[t - 1]:
            first = values[t]
        out[t] = first
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _spell_highest(values: F64, spell: I64) -> F64:
    out = np.full(values.size, np.nan)
    highest = np.nan
    for t in range(1, values.size):
        if spell[t] != spell[t - 1] or values[t] > highest:
            highest = values[t]
        out[t] = highest
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _previous_last(values: F64, spell: I64) -> F64:
    out = np.full(values.size, np.nan)
    last = np.nan
    for t in range(1, values.size):
        if spell[t] != spell[t - 1]:
            last = values[t - 1]
        out[t] = last
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _previous_highest(values: F64, spell: I64) -> F64:
    out = np.full(values.size, np.nan)
    highest = before = np.nan
    for t in range(1, values.size):
        if spell[t] != spell[t - 1]:
            before = highest
            highest = values[t]
        elif values[t] > highest:
            highest = values[t]
        out[t] = before
    return out
