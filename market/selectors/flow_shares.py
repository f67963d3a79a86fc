"""Which shares have order flow or order-book figures: most have none, and need not be asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

_SPAN = timedelta(minutes=5)
# Ordered and limited, so that each share costs one look into the index.
_FIRST_SPANS = """
SELECT i.secid FROM market_instrument i CROSS JOIN LATERAL (
    SELECT begin FROM market_tradestatistic
    WHERE instrument_id = i.id AND begin <= %(newest)s ORDER BY begin LIMIT 1
) AS first
UNION
SELECT i.secid FROM market_instrument i CROSS JOIN LATERAL (
    SELECT begin FROM market_orderbookstatistic
    WHERE instrument_id = i.id AND begin <= %(newest)s ORDER BY begin LIMIT 1
) AS first
"""


def flow_secids(*, as_of: datetime) -> frozenset[str]:
    """Return the tickers of which at least one span of order flow or of the order book had ended at `as_of`."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_SPANS, {"newest": as_of - _SPAN})
        return frozenset(secid for (secid,) in cursor.fetchall())
