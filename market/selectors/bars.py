"""Reading bars as arrays, adjusted forward for the splits known at the moment asked for."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from market.contracts import Bars, Timeframe
from market.selectors.bars_many import bars_load_many
from market.selectors.instruments import instrument_get


def bars_load(*, secid: str, timeframe: Timeframe, as_of: datetime, since: datetime | None = None) -> Bars:
    """Return the bars that had closed at `as_of`, with the splits and dividends known then.

    `since` leaves out bars that begin earlier; it changes no other number, prices stay on the same scale. An
    index has bars on days without trading in shares, and a weekly bar begins on its Monday whatever the day: they
    belong to the next day with trading. A dividend counts if it was known when its first bar had
    ended: one that became known later leaves its gap in the prices.

    Raises: NotFoundError for a ticker that we do not hold; InvariantError for a bar without a trading day.
    """
    instrument = instrument_get(secid=secid)
    loaded = bars_load_many(
        instruments=(instrument,), timeframe=timeframe, as_of=as_of, since_by_id={instrument.id: since}
    )
    return loaded[instrument.secid]


def newest_bars(*, timeframe: Timeframe) -> dict[str, datetime]:
    """Return by ticker the begin of the newest stored candle; instruments without candles are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.secid, c.begin FROM market_instrument i CROSS JOIN LATERAL ("
            "SELECT begin FROM market_candle WHERE instrument_id = i.id AND timeframe_min = %s "
            "ORDER BY begin DESC LIMIT 1) c",
            [timeframe.minutes],
        )
        return dict(cursor.fetchall())
