"""When the bars of the tests begin; light, for processes that must begin quickly."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from traderai.common.clock import MOSCOW, to_epoch_s

BARS = 700
START = datetime(2024, 1, 9, 10, tzinfo=MOSCOW)


def hours(n: int) -> np.ndarray:
    """Return the begins of n hourly bars, nine on each weekday from 10:00 Moscow time."""
    begins, day = [], START
    while len(begins) < n:
        if day.weekday() < 5:
            begins += [to_epoch_s(day + timedelta(hours=h)) for h in range(9)]
        day += timedelta(days=1)
    return np.asarray(begins[:n], dtype=np.int64)
