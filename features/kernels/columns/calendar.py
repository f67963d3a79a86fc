"""The clock and the calendar. Columns of own bars: called with the window and the feature's parameters."""

from __future__ import annotations

from typing import Final

import numpy as np

from features.kernels import session
from features.kernels.columns.column import Column

COLUMNS: Final[dict[str, Column]] = {
    "minute_sin": lambda w: np.sin(session.minute_of_day_angle(w.begin_s)),
    "minute_cos": lambda w: np.cos(session.minute_of_day_angle(w.begin_s)),
    "weekday_sin": lambda w: np.sin(session.day_of_week_angle(w.begin_s)),
    "weekday_cos": lambda w: np.cos(session.day_of_week_angle(w.begin_s)),
}
