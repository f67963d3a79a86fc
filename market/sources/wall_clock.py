"""Moscow wall-clock times, as the exchange writes them, and moments."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import numpy as np
import numpy.typing as npt

from traderai.common.arrays import I64
from traderai.common.clock import MOSCOW

_DAY_S = 86_400


def moscow_to_epoch_s(wall: npt.NDArray[np.datetime64[Any]]) -> I64:
    """Return seconds since 1970 UTC of naive Moscow times; NaT is a ValueError.

    Moscow has been at UTC+3 since 2014-10-26, and at UTC+4 or with summer time before: the offset is looked up
    once for each day, at noon (clocks change in the small hours of Sundays).
    """
    if np.isnat(wall).any():
        raise ValueError("a wall-clock time must not be missing")
    wall_s = wall.astype("datetime64[s]").astype(np.int64)
    days, where = np.unique(wall_s // _DAY_S, return_inverse=True)
    offsets = np.array([_offset_s(int(day)) for day in days], dtype=np.int64)
    return wall_s - (offsets[where] if days.size else 0)


def _offset_s(day: int) -> int:
    noon = datetime.combine(date.fromordinal(719_163 + day), time(12), tzinfo=MOSCOW)
    offset = noon.utcoffset()
    assert offset is not None  # noqa: S101  # MOSCOW is a time zone
    return int(offset.total_seconds())
