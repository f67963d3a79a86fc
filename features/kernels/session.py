"""The clock of the session, on circles so that midnight and Sunday have no edge."""

from __future__ import annotations

import numpy as np

from market.kernels.sessions import moscow_offset_s
from traderai.common.arrays import F64, I64

DAY_S = 86_400


def moscow_seconds(begin_s: I64) -> I64:
    """Return Moscow wall-clock seconds since 1970 of UTC epoch seconds; before 2011-03-27 without summer time.

    Shapes: begin_s (n,); returns (n,).
    Units:  seconds.
    Causal: out[t] reads position t alone.
    """
    return begin_s + moscow_offset_s(begin_s)


def minute_of_day_angle(begin_s: I64, *, bar_s: int) -> F64:
    """Return the Moscow time of day at which each bar begins, as an angle.

    Shapes: begin_s (n,); returns (n,).
    Units:  radians, 0 at midnight, a full turn a day; 0 for bars of a day or longer, which begin at midnight whatever
        the clock of their year was. Summer time before 2011 is left out: no shorter bars are so old.
    Causal: out[t] reads the begin of bar t.
    """
    if bar_s >= DAY_S:
        return np.zeros(begin_s.size)
    return 2.0 * np.pi * ((begin_s + moscow_offset_s(begin_s)) % DAY_S) / DAY_S


def day_of_week(day: I64) -> I64:
    """Return the day of the week of each date.

    Shapes: day (n,), days since 1970; returns (n,).
    Units:  0 on Monday to 6 on Sunday.
    Causal: out[t] reads date t.
    """
    return (day + 3) % 7


def day_of_week_angle(weekday: I64) -> F64:
    """Return days of the week as angles.

    Shapes: weekday (n,), 0 on Monday; returns (n,).
    Units:  radians, 0 on Monday, a full turn a week.
    Causal: out[t] reads position t alone.
    """
    return np.asarray(2.0 * np.pi * weekday / 7.0, dtype=np.float64)
