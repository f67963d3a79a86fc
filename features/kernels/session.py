"""The clock of the session, on circles so that midnight and Sunday have no edge."""

from __future__ import annotations

import numpy as np

from traderai.common.arrays import F64, I64

# Moscow has stayed at UTC+3 since 2014-10-26; earlier bars would be an hour off and are outside our data.
MOSCOW_OFFSET_S = 3 * 3600
DAY_S = 86_400


def moscow_seconds(begin_s: I64) -> I64:
    """Return Moscow wall-clock seconds since 1970 of UTC epoch seconds.

    Shapes: begin_s (n,); returns (n,).
    Units:  seconds.
    """
    return begin_s + MOSCOW_OFFSET_S


def minute_of_day_angle(begin_s: I64) -> F64:
    """Return the Moscow time of day at which each bar begins, as an angle.

    Shapes: begin_s (n,); returns (n,).
    Units:  radians, 0 at midnight, a full turn a day.
    Causal: out[t] reads the begin of bar t.
    """
    return 2.0 * np.pi * (moscow_seconds(begin_s) % DAY_S) / DAY_S


def day_of_week_angle(begin_s: I64) -> F64:
    """Return the Moscow day of week on which each bar begins, as an angle.

    Shapes: begin_s (n,); returns (n,).
    Units:  radians, 0 on Monday, a full turn a week.
    Causal: out[t] reads the begin of bar t.
    """
    weekday = (moscow_seconds(begin_s) // DAY_S + 3) % 7
    return np.asarray(2.0 * np.pi * weekday / 7.0, dtype=np.float64)
