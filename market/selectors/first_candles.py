"""Reading the first candle after a moment, which is where an order enters."""

from __future__ import annotations

from datetime import datetime

from market.contracts import CandleFacts, Timeframe
from market.models import Candle


def first_candle(
    *, instrument_id: int, timeframe: Timeframe, since: datetime, as_of: datetime
) -> CandleFacts | None:
    """Return the first candle with trades that began at or after `since` and had closed at `as_of`, as traded."""
    rows = Candle.objects.filter(
        instrument_id=instrument_id,
        timeframe_min=timeframe.minutes,
        begin__gte=since,
        begin__lte=as_of - timeframe.duration,
        volume_shares__gt=0,
    )
    row = (
        rows.order_by("begin")
        .values("begin", "open", "high", "low", "close", "volume_shares", "value_rub")
        .first()
    )
    return None if row is None else CandleFacts(**row)
