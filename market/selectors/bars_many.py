"""Reading the bars of many instruments in one query: a million bars take about two seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection

from market.contracts import Bars, InstrumentFacts, Timeframe
from market.models import CorporateAction
from market.selectors.bar_arrays import (
    NO_BARS,
    ActionArrays,
    TradingCalendar,
    bars_of,
    day_number,
    moscow_dates,
    sessions_of,
)
from market.selectors.instruments import LATELY
from traderai.common.clock import from_epoch_s

_SIGNATURE = b"PGCOPY\n"
_HEADER_BYTES = 19  # signature, flags and the length of an empty extension
_ID_BYTES = 14  # how many columns, the length of the first, and the first: the instrument's id
# One row an instrument with each column whole: the driver's work for each row of a COPY is more than the database's.
# Put together share by share: grouped afterwards, all candles would first be held in memory, which takes twice the time.
# `earliest` says nothing new, but is known when the query is planned: partitions of other years are left alone.
_BARS = """
COPY (
    SELECT wanted.id::int8, bars.*
    FROM unnest(%(ids)s::int8[], %(since)s::timestamptz[]) AS wanted(id, since) CROSS JOIN LATERAL (
        SELECT string_agg(timestamptz_send(begin), ''), string_agg(float8send(open), ''),
               string_agg(float8send(high), ''), string_agg(float8send(low), ''),
               string_agg(float8send(close), ''), string_agg(float8send(volume_shares), ''),
               string_agg(float8send(coalesce(value_rub, close * volume_shares)), '')
        FROM market_candle
        WHERE instrument_id = wanted.id AND timeframe_min = %(timeframe_min)s
          AND begin >= wanted.since AND begin >= %(earliest)s AND begin <= %(newest)s AND begin < %(until)s
        HAVING count(*) > 0
    ) AS bars
) TO STDOUT (FORMAT BINARY)
"""
_PRICES = ("open", "high", "low", "close", "volume", "turnover")  # the columns after the begin
_YEAR_2000_S = 946_684_800  # PostgreSQL counts microseconds from 2000
# The trading date (of a week its Monday) of the stored bar before the first one handed out.
_DAY_BEFORE = """
SELECT wanted.id, before.day
FROM unnest(%(ids)s::int8[], %(since)s::timestamptz[]) AS wanted(id, since) CROSS JOIN LATERAL (
    SELECT CASE WHEN %(weekly)s THEN date_trunc('week', c.begin AT TIME ZONE 'Europe/Moscow')::date
                ELSE t.trading_date END AS day
    FROM market_candle c
    LEFT JOIN market_tradingday t ON t.date = (c.begin AT TIME ZONE 'Europe/Moscow')::date
    WHERE c.instrument_id = wanted.id AND c.timeframe_min = %(timeframe_min)s AND c.begin < wanted.since
      AND c.begin >= %(after)s AND c.begin < %(latest)s
    ORDER BY c.begin DESC LIMIT 1
) AS before
"""
# Thousands of days: as two columns they take a fraction of what they would as rows.
_CALENDAR = """
SELECT string_agg(int4send(date - DATE '1970-01-01'), '' ORDER BY date),
       string_agg(int4send(trading_date - DATE '1970-01-01'), '' ORDER BY date)
FROM market_tradingday WHERE CASE WHEN %(simulated)s THEN is_simulated ELSE is_real END
"""
_WARMUP = """
SELECT wanted.id, first.begin
FROM unnest(%(ids)s::int8[]) AS wanted(id) CROSS JOIN LATERAL (
    SELECT min(begin) AS begin FROM (
        SELECT begin FROM market_candle
        WHERE instrument_id = wanted.id AND timeframe_min = %(timeframe_min)s AND begin < %(before)s
        ORDER BY begin DESC LIMIT %(bars)s
    ) AS last
) AS first
"""
_MONTHS = """
SELECT date_trunc('month', begin AT TIME ZONE 'Europe/Moscow')::date AS month, count(*)
FROM market_candle
WHERE instrument_id = ANY(%(ids)s::int8[]) AND timeframe_min = %(timeframe_min)s
  AND begin >= %(since)s AND begin <= %(newest)s
GROUP BY month ORDER BY month
"""
_FROM_THE_BEGINNING = from_epoch_s(-10_000_000_000)


def bars_load_many(
    *,
    instruments: Sequence[InstrumentFacts],
    timeframe: Timeframe,
    as_of: datetime,
    since_by_id: Mapping[int, datetime | None],
    until: datetime | None = None,
) -> dict[str, Bars]:
    """Return by ticker the bars that had closed at `as_of`, as `market.selectors.bars.bars_load` does for one.

    `since_by_id` leaves out bars that begin earlier and `until` those that do not begin before it; neither changes
    another number. An instrument without bars has empty ones.

    Raises: InvariantError for a bar without a trading day.
    """
    ids = [facts.id for facts in instruments]
    wanted = _wanted(ids, timeframe, as_of, since_by_id, until)
    with connection.cursor() as cursor:
        tables = {key: _table(row) for key, row in _stored(cursor, wanted)}
        worlds = {facts.is_simulated for facts in instruments}
        calendars = {simulated: _calendar(cursor, simulated=simulated) for simulated in worlds}
    actions = actions_many(ids, as_of)
    day_before = _days_before(wanted, actions)
    found = [tables.get(key, NO_BARS) for key in ids]
    return {
        facts.secid: bars_of(
            facts,
            timeframe,
            table,
            session,
            calendars[facts.is_simulated],
            actions[facts.id],
            day_before.get(facts.id),
        )
        for facts, table, session in zip(instruments, found, sessions_of(found, timeframe), strict=True)
    }


def bars_stored_many(
    *,
    instruments: Sequence[InstrumentFacts],
    timeframe: Timeframe,
    as_of: datetime,
    since_by_id: Mapping[int, datetime | None],
    until: datetime | None = None,
) -> dict[str, bytes]:
    """Return by ticker what is stored of the bars that `bars_load_many` would return, as bytes.

    The same bytes mean the same candles; what splits and dividends make of them is not looked at. Several times faster
    where the question is only whether something has changed. An instrument without bars is left out.
    """
    secids = {facts.id: facts.secid for facts in instruments}
    with connection.cursor() as cursor:
        stored = _stored(cursor, _wanted(list(secids), timeframe, as_of, since_by_id, until))
        return {secids[key]: row for key, row in stored}


def _wanted(
    ids: list[int],
    timeframe: Timeframe,
    as_of: datetime,
    since_by_id: Mapping[int, datetime | None],
    until: datetime | None,
) -> dict[str, Any]:
    since = [since_by_id.get(key) or _FROM_THE_BEGINNING for key in ids]
    return {
        "ids": ids,
        "since": since,
        "earliest": min(since, default=_FROM_THE_BEGINNING),
        "timeframe_min": timeframe.minutes,
        "newest": as_of - timeframe.duration,
        "until": until or as_of,
        "weekly": timeframe is Timeframe.W1,
    }


def warmup_begins(
    *, instruments: Sequence[InstrumentFacts], timeframe: Timeframe, before: datetime, bars: int
) -> dict[int, datetime]:
    """Return by instrument the begin of the earliest of the last `bars` bars that begin before a moment.

    An instrument without a bar before the moment is left out.
    """
    values: dict[str, Any] = {
        "ids": [facts.id for facts in instruments],
        "timeframe_min": timeframe.minutes,
        "before": before,
        "bars": bars,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WARMUP, values)
        return {key: begin for key, begin in cursor.fetchall() if begin is not None}


def months_with_bars(
    *, instruments: Sequence[InstrumentFacts], timeframe: Timeframe, as_of: datetime, since: datetime | None
) -> dict[date, int]:
    """Return by first day of the Moscow month how many bars the instruments have, the earliest month first.

    Counted are the bars that had closed at `as_of` and begin at or after `since`.
    """
    values: dict[str, Any] = {
        "ids": [facts.id for facts in instruments],
        "timeframe_min": timeframe.minutes,
        "since": since or _FROM_THE_BEGINNING,
        "newest": as_of - timeframe.duration,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, values)
        return dict(cursor.fetchall())


def splits_told(*, since: datetime, until: datetime) -> tuple[datetime, ...]:
    """Return when splits became known after one moment and up to another, the earliest first.

    Bars read as of the later moment are those of an earlier one too if none lies between: splits alone change what was
    told of bars before they were known.
    """
    told = CorporateAction.objects.filter(kind="split", known_at__gt=since, known_at__lte=until)
    return tuple(told.order_by("known_at").values_list("known_at", flat=True).distinct())


def _stored(cursor: Any, wanted: Mapping[str, Any]) -> Iterator[tuple[int, bytes]]:
    """Take PostgreSQL's binary COPY apart: each instrument and the rest of its row, while the next one is made there."""
    # The driver's own cursor: Django's, where it counts queries, takes no values for a COPY.
    with cursor.cursor.copy(_BARS, wanted) as copy:
        for part in copy:  # a row each, the first behind the header
            row = bytes(part)
            row = row[_HEADER_BYTES:] if row.startswith(_SIGNATURE) else row
            if len(row) > _ID_BYTES:  # the last one is no row
                yield int.from_bytes(row[6:_ID_BYTES], "big", signed=True), row[_ID_BYTES:]


def _days_before(wanted: Mapping[str, Any], actions: Mapping[int, ActionArrays]) -> dict[int, int]:
    """Return by instrument the trading date of the stored bar before the first one handed out, where it tells anything.

    It only says which dividends began with an earlier bar: who has paid none is not asked about.
    """
    asked = {
        key: since
        for key, since in zip(wanted["ids"], wanted["since"], strict=True)
        if since > _FROM_THE_BEGINNING and actions[key].dividend_days.size
    }
    found: dict[int, int | None] = {}
    with connection.cursor() as cursor:
        for lately in (True, False):
            left = {key: since for key, since in asked.items() if key not in found}
            if not left:
                break
            values = {
                "ids": list(left),
                "since": list(left.values()),
                "after": min(left.values()) - LATELY if lately else _FROM_THE_BEGINNING,
                "latest": max(left.values()),
            }
            cursor.execute(_DAY_BEFORE, {**wanted, **values})
            found |= {key: None if day is None else day_number(day) for key, day in cursor.fetchall()}
    return {key: day for key, day in found.items() if day is not None}


def _table(row: bytes) -> dict[str, Any]:
    """Return the columns of an instrument's row, oldest bar first."""
    n = int.from_bytes(row[:4], "big", signed=True) // 8
    at = np.arange(1 + len(_PRICES)) * (4 + 8 * n) + 4  # each column stands behind its length
    begin_s = (
        np.frombuffer(row, dtype=">i8", count=n, offset=at[0]).astype(np.int64) // 1_000_000 + _YEAR_2000_S
    )
    order = np.argsort(begin_s, kind="stable")
    columns: dict[str, Any] = {"begin_s": begin_s[order], "day": moscow_dates(begin_s[order])}
    for name, offset in zip(_PRICES, at[1:], strict=True):
        raw = np.frombuffer(row, dtype=">f8", count=n, offset=offset)
        columns[name] = raw.astype(np.float64)[order]
    return columns


def _calendar(cursor: Any, *, simulated: bool) -> TradingCalendar:
    cursor.execute(_CALENDAR, {"simulated": simulated})
    days, trading = (np.frombuffer(told or b"", dtype=">i4").astype(np.int64) for told in cursor.fetchone())
    return TradingCalendar(days=days, trading=trading, sorted_trading=np.unique(trading))


def actions_many(ids: Sequence[int], as_of: datetime) -> dict[int, ActionArrays]:
    """Return by instrument the splits and the dividends known at `as_of`."""
    rows = CorporateAction.objects.filter(instrument_id__in=ids, known_at__lte=as_of)
    # Two sources that tell of one split tell of one split; two dividends of one day are two payments.
    splits: dict[int, dict[int, float]] = {key: {} for key in ids}
    dividends: dict[int, list[tuple[int, float, float]]] = {key: [] for key in ids}
    told = rows.order_by("ex_date", "source").values_list(
        "instrument_id", "kind", "ex_date", "shares_after_per_before", "amount_rub", "known_at"
    )
    for key, kind, ex_date, ratio, amount_rub, known_at in told:
        if kind == "split":
            splits[key][day_number(ex_date)] = ratio or 0.0
        elif kind == "dividend":
            dividends[key].append((day_number(ex_date), amount_rub or 0.0, known_at.timestamp()))
    return {
        key: ActionArrays(
            split_days=np.array(list(splits[key]), dtype=np.int64),
            split_ratios=np.array(list(splits[key].values()), dtype=np.float64),
            dividend_days=np.array([day for day, _, _ in dividends[key]], dtype=np.int64),
            dividend_rub=np.array([amount for _, amount, _ in dividends[key]], dtype=np.float64),
            dividend_known_s=np.array([known_s for _, _, known_s in dividends[key]], dtype=np.float64),
        )
        for key in ids
    }
