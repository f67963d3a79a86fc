"""Reading bars as arrays, adjusted forward for the splits known at the moment asked for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection

from market.calendar_config import session_table
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.kernels.adjustment import dividends_by_bar, split_factors
from market.kernels.sessions import session_codes
from market.models import CorporateAction, TradingDay
from market.selectors.instruments import instrument_get
from traderai.common.arrays import F64, I64
from traderai.common.errors import InvariantError

_BARS = """
SELECT extract(epoch FROM begin)::bigint,
       (begin AT TIME ZONE 'Europe/Moscow')::date - DATE '1970-01-01',
       open, high, low, close, volume_shares, coalesce(value_rub, close * volume_shares)
FROM market_candle
WHERE instrument_id = %(instrument_id)s AND timeframe_min = %(timeframe_min)s
  AND begin <= %(newest)s AND (%(since)s::timestamptz IS NULL OR begin >= %(since)s)
ORDER BY begin
"""


def bars_load(*, secid: str, timeframe: Timeframe, as_of: datetime, since: datetime | None = None) -> Bars:
    """Return the bars that had closed at `as_of`, with the splits and dividends known then.

    `since` leaves out bars that begin earlier; it changes no other number, prices stay on the same scale. An
    index has bars on days without trading in shares, and a weekly bar begins on its Monday whatever the day: they
    belong to the next day with trading.

    Raises: NotFoundError for a ticker that we do not hold; InvariantError for a bar without a trading day.
    """
    instrument = instrument_get(secid=secid)
    values: dict[str, Any] = {
        "instrument_id": instrument.id,
        "timeframe_min": timeframe.minutes,
        "newest": as_of - timeframe.duration,
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BARS, values)
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 8)
    days = rows[:, 1].astype(np.int64)
    trading_date, ordinal = _trading_days(days, instrument, timeframe)
    splits, (ex_days, amounts_rub) = _actions(instrument.id, as_of)
    factor = split_factors(trading_date, *splits)
    goes_from = trading_date
    if timeframe is Timeframe.W1:
        # A week's bar holds the gap of each of its days, not of its first trading day alone.
        goes_from, ex_days = _mondays(days), _mondays(ex_days)
    # A dividend whose ex-date lies before the first bar handed out did not start with that bar.
    inside = ex_days > _day_before(instrument.id, timeframe, since, goes_from)
    prices = rows[:, 2:6] * factor[:, None]
    begin_s = rows[:, 0].astype(np.int64)
    return Bars(
        secid=instrument.secid,
        timeframe=timeframe,
        begin_s=begin_s,
        open=prices[:, 0].copy(),
        high=prices[:, 1].copy(),
        low=prices[:, 2].copy(),
        close=prices[:, 3].copy(),
        volume_shares=rows[:, 6] / factor,
        turnover_rub=rows[:, 7].copy(),
        split_factor=factor,
        dividend_rub=factor * dividends_by_bar(goes_from, ex_days[inside], amounts_rub[inside]),
        trading_day=ordinal,
        session=session_codes(begin_s, session_table(), bar_s=60 * timeframe.minutes),
    )


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


def _trading_days(days: I64, instrument: InstrumentFacts, timeframe: Timeframe) -> tuple[I64, I64]:
    """Return each bar's trading date (days since 1970) and that date's ordinal in the calendar."""
    kept = TradingDay.objects.filter(is_real=True)
    if instrument.is_simulated:
        kept = TradingDay.objects.filter(is_simulated=True)
    calendar = np.array(
        [
            [_day_number(day), _day_number(trading)]
            for day, trading in kept.values_list("date", "trading_date")
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    calendar = calendar[np.argsort(calendar[:, 0])]
    at = np.searchsorted(calendar[:, 0], days)
    if instrument.kind == "index" or timeframe is Timeframe.W1:
        # Behind the newest day with trading in shares, the bar's own day stands for the next one.
        inside = at < len(calendar)
        trading_date: I64 = days.copy()
        trading_date[inside] = calendar[at[inside], 1]
        ordinals = np.searchsorted(np.unique(np.concatenate([calendar[:, 1], trading_date])), trading_date)
        return trading_date, ordinals.astype(np.int64)
    if (at >= len(calendar)).any() or (calendar[np.minimum(at, len(calendar) - 1), 0] != days).any():
        raise InvariantError(
            "each bar must have its trading day, one has none; write candles by market.services.candle_write"
        )
    trading_date = calendar[at, 1]
    return trading_date, np.searchsorted(np.unique(calendar[:, 1]), trading_date).astype(np.int64)


def _actions(instrument_id: int, as_of: datetime) -> tuple[tuple[I64, F64], tuple[I64, F64]]:
    """Return (ex-days, figures) of the splits and of the dividends known at `as_of`."""
    rows = CorporateAction.objects.filter(instrument_id=instrument_id, known_at__lte=as_of).order_by(
        "ex_date", "source"
    )
    # Two sources that tell of one split tell of one split; two dividends of one day are two payments.
    splits = {
        _day_number(row.ex_date): row.shares_after_per_before or 0.0 for row in rows if row.kind == "split"
    }
    dividends = [(_day_number(row.ex_date), row.amount_rub or 0.0) for row in rows if row.kind == "dividend"]
    return _columns(list(splits.items())), _columns(dividends)


def _columns(pairs: list[tuple[int, float]]) -> tuple[I64, F64]:
    return np.array([day for day, _ in pairs], dtype=np.int64), np.array(
        [x for _, x in pairs], dtype=np.float64
    )


def _day_number(day: Any) -> int:
    return int(day.toordinal()) - 719_163


def _mondays(days: I64) -> I64:
    return days - (days - _day_number(date(1970, 1, 5))) % 7


def _day_before(instrument_id: int, timeframe: Timeframe, since: datetime | None, goes_from: I64) -> int:
    """Return the trading date (of a week its Monday) of the stored bar before the first one handed out.

    Without such a bar it is the day before the first bar's: dividends from before the history are not its own.
    """
    if not len(goes_from):
        return 0
    if since is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT CASE WHEN %s THEN date_trunc('week', c.begin AT TIME ZONE 'Europe/Moscow')::date "
                "ELSE t.trading_date END FROM market_candle c LEFT JOIN market_tradingday t "
                "ON t.date = (c.begin AT TIME ZONE 'Europe/Moscow')::date "
                "WHERE c.instrument_id = %s AND c.timeframe_min = %s AND c.begin < %s "
                "ORDER BY c.begin DESC LIMIT 1",
                [timeframe is Timeframe.W1, instrument_id, timeframe.minutes, since],
            )
            found = cursor.fetchone()
        if found is not None and found[0] is not None:
            return _day_number(found[0])
    return int(goes_from[0]) - 1
