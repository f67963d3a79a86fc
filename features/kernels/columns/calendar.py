"""The clock and the calendar. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.kernels import session
from features.kernels.columns import shared
from features.kernels.columns.column import Column
from features.kernels.window import Window
from market.kernels import sessions
from traderai.common.arrays import F64


def _belongs(w: Window, code: int) -> F64:
    # The market calls a bar of a day or longer MAIN, whatever it holds.
    return (
        np.where(w.session == code, 1.0, 0.0) if w.bar_s < session.DAY_S else np.full(w.session.size, np.nan)
    )


def _minute(w: Window) -> F64:
    return w.once("minute_angle", lambda: session.minute_of_day_angle(w.begin_s, bar_s=w.bar_s))


def _weekday(w: Window) -> F64:
    return w.once("weekday", lambda: session.day_of_week(shared.moscow_day(w)).astype(np.float64))


# Sines of seven angles, not of as many as there are bars.
_WEEKDAY_ANGLES: Final = session.day_of_week_angle(np.arange(7))

COLUMNS: Final[dict[str, Column]] = {
    "minute_sin": lambda w: np.sin(_minute(w)),
    "minute_cos": lambda w: np.cos(_minute(w)),
    "weekday_sin": lambda w: np.sin(_WEEKDAY_ANGLES)[_weekday(w).astype(np.int64)],
    "weekday_cos": lambda w: np.cos(_WEEKDAY_ANGLES)[_weekday(w).astype(np.int64)],
    "session_morning": lambda w: _belongs(w, sessions.MORNING),
    "session_main": lambda w: _belongs(w, sessions.MAIN),
    "session_evening": lambda w: _belongs(w, sessions.EVENING),
}
