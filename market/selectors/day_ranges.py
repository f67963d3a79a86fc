"""Reading between which prices shares were traded on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from market.contracts import Timeframe
from traderai.common.clock import midnight

# The coarsest bars first: one of a day says what a thousand of a minute say.
_LOOKED_IN = (Timeframe.D1, Timeframe.H1, Timeframe.M10, Timeframe.M1)
_RANGES = """
SELECT asked.place, bars.low, bars.high
FROM unnest(%(ids)s::int8[], %(since)s::timestamptz[], %(until)s::timestamptz[])
     WITH ORDINALITY AS asked(id, since, until, place)
CROSS JOIN LATERAL (
    SELECT min(low) AS low, max(high) AS high FROM market_candle
    WHERE instrument_id = asked.id AND timeframe_min = %(timeframe_min)s
      AND begin >= asked.since AND begin < asked.until AND begin <= %(newest)s
) AS bars
WHERE bars.low IS NOT NULL
"""


def day_ranges(
    *, asked: Iterable[tuple[int, date]], as_of: datetime
) -> dict[tuple[int, date], tuple[float, float]]:
    """Return the lowest and the highest price, as traded, of each (instrument id, Moscow day) with candles.

    Only candles that had closed at `as_of` count: of a day that is not over the range is that so far.
    """
    found: dict[tuple[int, date], tuple[float, float]] = {}
    missing = sorted(set(asked))
    for timeframe in _LOOKED_IN:
        if not missing:
            break
        values: dict[str, Any] = {
            "ids": [instrument_id for instrument_id, _ in missing],
            "since": [midnight(day) for _, day in missing],
            "until": [midnight(day + timedelta(days=1)) for _, day in missing],
            "timeframe_min": timeframe.minutes,
            "newest": as_of - timeframe.duration,
        }
        with connection.cursor() as cursor:
            cursor.execute(_RANGES, values)
            for place, low, high in cursor.fetchall():
                found[missing[place - 1]] = (low, high)
        missing = [each for each in missing if each not in found]
    return found
