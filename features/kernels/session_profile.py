"""How a bar compares with the same time of earlier days."""

from __future__ import annotations

import numpy as np
from numba import njit

from features.kernels.session import DAY_S
from market.kernels.sessions import WEEKEND, moscow_offset_s
from traderai.common.arrays import F64, I8, I64

_MINUTES = DAY_S // 60


def minute_slots(begin_s: I64, session: I8) -> I64:
    """Return the Moscow minute of the day at which each bar begins; weekend sessions have minutes of their own.

    Shapes: begin_s, session (n,); returns (n,).
    Units:  minutes since midnight, 1,440 more in weekend sessions.
    Causal: out[t] reads the begin and the session of bar t.
    """
    minute = (begin_s + moscow_offset_s(begin_s)) % DAY_S // 60
    return np.asarray(minute + _MINUTES * (session == WEEKEND), dtype=np.int64)


def against_slot_mean(values: F64, slots: I64, *, days: int, least: int) -> F64:
    """Return each value over the mean of the values of the same slot on earlier days.

    Shapes: values, slots (n,); returns (n,).
    Units:  ratio: 1 is what is usual at that time.
    NaN:    while the slot has been seen less than `least` times, and where the mean is zero.
    Causal: out[t] reads value t and the last `days` values of t's slot before it, at most one a day.
    Raises: ValueError unless 1 <= least <= days.
    """
    if not 1 <= least <= days:
        raise ValueError(f"least must be within 1 to {days} days, was {least}")
    return _against_slot_mean(np.ascontiguousarray(values), slots, days, least)


@njit(nogil=True, cache=True)
def _against_slot_mean(values: F64, slots: I64, days: int, least: int) -> F64:
    out = np.full(values.size, np.nan)
    seen = np.zeros(2 * _MINUTES, dtype=np.int64)
    kept = np.zeros((2 * _MINUTES, days))
    for t in range(values.size):
        slot = slots[t]
        count = min(seen[slot], days)
        if count >= least:
            total = 0.0
            for i in range(count):
                total += kept[slot, i]
            if total > 0.0:
                out[t] = values[t] * count / total
        kept[slot, seen[slot] % days] = values[t]
        seen[slot] += 1
    return out
