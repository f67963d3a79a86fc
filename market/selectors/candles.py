"""Reading candles for people: rows as traded, closed bars only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from market.contracts import CandleFacts, LastClose, Timeframe
from market.models import Candle
from market.selectors.instruments import LATELY, instrument_get
from traderai.common.clock import from_epoch_s

_LAST_AFTER = """
SELECT i.id, i.secid, c.begin, c.close, day.turnover, before.close AS before,
       (SELECT array_agg(once.ratio) FROM (
            SELECT DISTINCT ON (a.ex_date) a.shares_after_per_before AS ratio FROM market_corporateaction a
            WHERE a.instrument_id = i.id AND a.kind = 'split' AND a.known_at <= %(as_of)s
              AND a.ex_date > (before.begin AT TIME ZONE 'Europe/Moscow')::date
              AND a.ex_date <= opened.trading_date
            ORDER BY a.ex_date, a.source DESC) AS once) AS splits
FROM market_instrument i
LEFT JOIN LATERAL (
    SELECT begin, close FROM market_candle
    WHERE instrument_id = i.id AND timeframe_min = %(timeframe_min)s
      AND begin > {after} AND begin <= %(newest)s
    ORDER BY begin DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
    SELECT trading_date FROM market_tradingday WHERE date = (c.begin AT TIME ZONE 'Europe/Moscow')::date LIMIT 1
) own ON true
LEFT JOIN LATERAL (
    SELECT own.trading_date, min(date)::timestamp AT TIME ZONE 'Europe/Moscow' AS at
    FROM market_tradingday WHERE trading_date = own.trading_date
) opened ON true
LEFT JOIN LATERAL (
    SELECT sum(coalesce(value_rub, close * volume_shares)) AS turnover FROM market_candle
    WHERE instrument_id = i.id AND timeframe_min = %(timeframe_min)s
      AND begin >= opened.at AND begin <= c.begin AND begin > {after} AND begin <= %(newest)s
) day ON true
LEFT JOIN LATERAL (
    SELECT begin, close FROM market_candle
    WHERE instrument_id = i.id AND timeframe_min = %(timeframe_min)s
      AND begin < opened.at AND begin > {after} AND begin <= %(newest)s
    ORDER BY begin DESC LIMIT 1
) before ON true
WHERE i.active {which}"""
# A day that is not whole in the last weeks has none before it there: its share is looked for in all years.
_LAST = f"""
WITH lately AS MATERIALIZED ({_LAST_AFTER.format(after="%(lately)s", which="")}),
ever AS ({_LAST_AFTER.format(after="%(ever)s", which="AND i.id = ANY(ARRAY(SELECT id FROM lately WHERE before IS NULL))")})
SELECT * FROM lately WHERE before IS NOT NULL UNION ALL SELECT * FROM ever
"""  # noqa: S608  # names of parameters are put in, no values
# In the order of the question; a bar that is not stored has no row.
_NEWEST_BEGINS = """
SELECT asked.place, bars.begin
FROM unnest(%(ids)s::int8[], %(until)s::timestamptz[]) WITH ORDINALITY AS asked(id, until, place)
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle
    WHERE instrument_id = asked.id AND timeframe_min = %(timeframe_min)s AND begin <= asked.until
    ORDER BY begin DESC LIMIT %(count)s
) AS bars
ORDER BY asked.place, bars.begin DESC
"""

_SPANS = """
SELECT wanted.id, first.begin, last.begin
FROM unnest(%(ids)s::int8[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle
    WHERE instrument_id = wanted.id AND timeframe_min = %(timeframe_min)s ORDER BY begin LIMIT 1
) AS first
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle
    WHERE instrument_id = wanted.id AND timeframe_min = %(timeframe_min)s ORDER BY begin DESC LIMIT 1
) AS last
"""

_NEWEST = """
SELECT max(c.begin) FROM market_instrument i
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle
    WHERE instrument_id = i.id AND timeframe_min = %(timeframe_min)s
      AND begin > %(after)s AND begin <= %(newest)s
    ORDER BY begin DESC LIMIT 1
) c
WHERE i.active AND i.kind <> 'index' AND i.is_simulated = %(simulated)s
"""
_OWN_NEWEST = """
SELECT max(begin) FROM market_candle
WHERE instrument_id = %(instrument_id)s AND timeframe_min = %(timeframe_min)s
  AND begin > %(after)s AND begin <= %(newest)s
"""
# Candles up to an hour begin at whole multiples of their length; longer ones follow Moscow's clock.
_GRID_MIN = 60
_EVER = from_epoch_s(-10_000_000_000)


def candle_list(
    *, secid: str, timeframe: Timeframe, as_of: datetime, since: datetime | None = None, limit: int = 500
) -> tuple[CandleFacts, ...]:
    """Return the newest `limit` candles that had closed at `as_of`, as traded, oldest first.

    Raises: NotFoundError for a ticker that we do not hold.
    """
    instrument = instrument_get(secid=secid)
    rows = Candle.objects.filter(
        instrument_id=instrument.id,
        timeframe_min=timeframe.minutes,
        begin__lte=as_of - timeframe.duration,
    )
    if since is not None:
        rows = rows.filter(begin__gte=since)
    newest = rows.order_by("-begin").values_list(
        "begin", "open", "high", "low", "close", "volume_shares", "value_rub"
    )[:limit]
    return tuple(
        CandleFacts(
            begin=begin, open=opened, high=high, low=low, close=close, volume_shares=volume, value_rub=value
        )
        for begin, opened, high, low, close, volume, value in reversed(newest)
    )


def last_begin(*, instrument_id: int, timeframe: Timeframe, as_of: datetime) -> datetime | None:
    """Return when the newest candle that had closed at `as_of` began, None without one."""
    return _newest(_OWN_NEWEST, timeframe, as_of, instrument_id=instrument_id)


def closed_after(*, instrument_id: int, timeframe: Timeframe, begin: datetime, as_of: datetime) -> bool:
    """Return whether a candle that began after a stored one's begin had closed at `as_of`."""
    newest = as_of - timeframe.duration
    if timeframe.minutes <= _GRID_MIN and newest < begin + timeframe.duration:
        return False  # the next one cannot have begun so early
    told: dict[str, Any] = {"timeframe_min": timeframe.minutes, "after": begin, "newest": newest}
    with connection.cursor() as cursor:
        cursor.execute(_OWN_NEWEST, {**told, "instrument_id": instrument_id})
        return cursor.fetchone()[0] is not None


def candle_spans(
    *, instrument_ids: Sequence[int], timeframe: Timeframe
) -> dict[int, tuple[datetime, datetime]]:
    """Return by instrument when its first and its newest stored candle begin; one without candles is left out."""
    values: dict[str, Any] = {"ids": list(instrument_ids), "timeframe_min": timeframe.minutes}
    with connection.cursor() as cursor:
        cursor.execute(_SPANS, values)
        return {instrument_id: (first, last) for instrument_id, first, last in cursor.fetchall()}


def market_newest(*, timeframe: Timeframe, as_of: datetime, simulated: bool) -> datetime | None:
    """Return when the newest candle of an active share of one world, real or simulated, began that had closed at `as_of`."""
    return _newest(_NEWEST, timeframe, as_of, simulated=simulated)


def _newest(query: str, timeframe: Timeframe, as_of: datetime, **values: int | bool) -> datetime | None:
    newest = as_of - timeframe.duration
    begin: datetime | None = None
    with connection.cursor() as cursor:
        for after in (newest - LATELY, _EVER):
            told: dict[str, Any] = {"timeframe_min": timeframe.minutes, "after": after, "newest": newest}
            cursor.execute(query, told | values)
            begin = cursor.fetchone()[0]
            if begin is not None:
                break
    return begin


def last_closes(*, timeframe: Timeframe, as_of: datetime) -> dict[str, LastClose]:
    """Return by ticker where each active share stood at `as_of`; shares without bars are left out.

    The close of the trading day before is in the shares of the last bar: a split in between is taken out.
    """
    newest = as_of - timeframe.duration
    told: dict[str, Any] = {"timeframe_min": timeframe.minutes, "as_of": as_of, "newest": newest}
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {**told, "lately": newest - LATELY, "ever": _EVER})
        rows = cursor.fetchall()
    return {
        secid: LastClose(
            close=close,
            previous_close=None if before is None else before / math.prod(splits or []),
            turnover_rub=turnover,
            begin=begin,
        )
        for _, secid, begin, close, turnover, before, splits in rows
        if turnover is not None
    }


def newest_begins(
    *, timeframe: Timeframe, asked: Sequence[tuple[int, datetime]], count: int
) -> tuple[tuple[datetime, ...], ...]:
    """Return the begins of the newest `count` bars of each (instrument id, begin) asked for, newest first.

    Bars that begin later are not seen: each answer is the one that was known when its own bar had closed.
    """
    values: dict[str, Any] = {
        "ids": [instrument_id for instrument_id, _ in asked],
        "until": [until for _, until in asked],
        "timeframe_min": timeframe.minutes,
        "count": count,
    }
    found: list[list[datetime]] = [[] for _ in asked]
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_BEGINS, values)
        for place, begin in cursor.fetchall():
            found[place - 1].append(begin)
    return tuple(tuple(begins) for begins in found)
