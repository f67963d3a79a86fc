"""When the simulated market trades."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from market.simulator.config import SimulatorConfig
from traderai.common.arrays import I64

_MOSCOW_S = 3 * 3600  # Moscow has been at UTC+3 throughout the simulated years


def bar_begins(config: SimulatorConfig, *, closed_by_s: int) -> tuple[I64, I64, I64]:
    """Return (begin_s, hour, day number) of every hourly bar that has ended by a moment.

    Shapes: three arrays (n,)
    Units: seconds since 1970 UTC; Moscow hour; 0 for the first trading day
    """
    begins, hours, days = [], [], []
    day, number = date.fromisoformat(config.start), 0
    while (midnight_s := (day.toordinal() - 719_163) * 86_400 - _MOSCOW_S) < closed_by_s:
        if day.weekday() < 5 and f"{day:%m-%d}" not in config.holidays:
            for hour in sorted(config.hours):
                begins.append(midnight_s + hour * 3600)
                hours.append(hour)
                days.append(number)
            number += 1
        day += timedelta(days=1)
    begin_s = np.array(begins, dtype=np.int64)
    closed = begin_s + 3600 <= closed_by_s
    return (
        begin_s[closed],
        np.array(hours, dtype=np.int64)[closed],
        np.array(days, dtype=np.int64)[closed],
    )
