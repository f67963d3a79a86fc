"""Reading the first candle after a moment, which is where an order enters."""

from __future__ import annotations

import math
from datetime import datetime

from market.contracts import CandleFacts, Timeframe
from market.models import Candle


def first_candle(
    *,
    instrument_id: int,
    timeframe: Timeframe,
    since: datetime,
    as_of: datetime,
    low_at_most: float = math.inf,
    high_at_least: float = 0.0,
) -> CandleFacts | None:
    """Return the first candle with trades that began at or after `since` and had closed at `as_of`, as traded.

    With a bound the first that reached down, or up, to it.
    """
    rows = Candle.objects.filter(
        instrument_id=instrument_id,
        timeframe_min=timeframe.minutes,
        begin__gte=since,
        begin__lte=as_of - timeframe.duration,
        volume_shares__gt=0,
        low__lte=low_at_most,
        high__gte=high_at_least,
    )
    columns = ("begin", "open", "high", "low", "close", "volume_shares", "value_rub")
    row = rows.order_by("begin").values(*columns).first()
    return None if row is None else CandleFacts(**row)
