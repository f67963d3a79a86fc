"""Reading where some shares stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from market.contracts import CloseFacts, Timeframe

_CLOSES = """
SELECT i.secid, bars.begin, bars.close
FROM market_instrument i
CROSS JOIN LATERAL (
    SELECT begin, close FROM market_candle
    WHERE instrument_id = i.id AND timeframe_min = %(timeframe_min)s AND begin <= %(newest)s
    ORDER BY begin DESC LIMIT 1
) AS bars
WHERE i.secid = ANY(%(secids)s)
"""


def closes_get(*, secids: Sequence[str], timeframe: Timeframe, as_of: datetime) -> dict[str, CloseFacts]:
    """Return by current ticker the last close, as traded, of the bars that had closed at `as_of`.

    Shares without bars are left out; those that are traded no more are not.
    """
    values: dict[str, Any] = {
        "secids": list(secids),
        "timeframe_min": timeframe.minutes,
        "newest": as_of - timeframe.duration,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSES, values)
        return {secid: CloseFacts(begin=begin, close=close) for secid, begin, close in cursor.fetchall()}
