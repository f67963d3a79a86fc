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


COLUMNS: Final[dict[str, Column]] = {
    "minute_sin": lambda w: np.sin(session.minute_of_day_angle(w.begin_s, bar_s=w.bar_s)),
    "minute_cos": lambda w: np.cos(session.minute_of_day_angle(w.begin_s, bar_s=w.bar_s)),
    "weekday_sin": lambda w: np.sin(session.day_of_week_angle(shared.moscow_day(w))),
    "weekday_cos": lambda w: np.cos(session.day_of_week_angle(shared.moscow_day(w))),
    "session_morning": lambda w: _belongs(w, sessions.MORNING),
    "session_main": lambda w: _belongs(w, sessions.MAIN),
    "session_evening": lambda w: _belongs(w, sessions.EVENING),
}
