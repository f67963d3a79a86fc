"""Writing candles: binary COPY into a staging table, then one upsert that touches new or changed rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import connection, transaction

from market.contracts import CandleColumns, CandleWriteReport, Timeframe
from traderai.common.errors import InvariantError

SOURCE_PRIORITY = {"iss": 3, "files": 2, "simulator": 1}
"""A source overwrites itself and lower ones; loading in any order therefore gives the same table."""

_POSTGRES_EPOCH_S = 946_684_800  # 2000-01-01 UTC
_COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
_COPY_TRAILER = b"\xff\xff"
_FIELDS = ("begin", "open", "high", "low", "close", "volume_shares", "value_rub")

_STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS market_candle_staging (
    begin timestamptz, open float8, high float8, low float8, close float8,
    volume_shares float8, value_rub float8
) ON COMMIT DELETE ROWS
"""
_DIFFERS = """
(c.open, c.high, c.low, c.close, c.volume_shares, c.value_rub, c.board, c.source) IS DISTINCT FROM
(s.open, s.high, s.low, s.close, s.volume_shares, NULLIF(s.value_rub, 'NaN'), %(board)s, %(source)s)
"""
_COMPARE = f"""
SELECT count(*),
       count(*) FILTER (WHERE {_DIFFERS} AND c.source = ANY(%(may_overwrite)s)),
       count(*) FILTER (WHERE {_DIFFERS} AND NOT c.source = ANY(%(may_overwrite)s))
FROM market_candle_staging s
JOIN market_candle c ON c.instrument_id = %(instrument_id)s AND c.timeframe_min = %(timeframe_min)s
    AND c.begin = s.begin AND c.begin BETWEEN %(first)s AND %(last)s
"""  # noqa: S608  # constants of this module only
_INSERT = """
INSERT INTO market_candle AS c (instrument_id, timeframe_min, begin, board, open, high, low, close,
                                volume_shares, value_rub, source)
SELECT %(instrument_id)s, %(timeframe_min)s, begin, %(board)s, open, high, low, close,
       volume_shares, NULLIF(value_rub, 'NaN'), %(source)s
FROM market_candle_staging
"""
_ON_CONFLICT = """
ON CONFLICT (instrument_id, timeframe_min, begin) DO UPDATE SET
    board = excluded.board, open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume_shares = excluded.volume_shares, value_rub = excluded.value_rub,
    source = excluded.source
WHERE c.source = ANY(%(may_overwrite)s)
  AND (c.open, c.high, c.low, c.close, c.volume_shares, c.value_rub, c.board, c.source) IS DISTINCT FROM
      (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume_shares,
       excluded.value_rub, excluded.board, excluded.source)
"""
# Saturday and Sunday belong to Monday's trading day since the exchange opened weekend sessions.
_CALENDAR = """
INSERT INTO market_tradingday AS t (date, trading_date, is_real, is_simulated)
SELECT d, CASE WHEN d < DATE '2025-03-01' THEN d
               WHEN extract(isodow FROM d) = 6 THEN d + 2
               WHEN extract(isodow FROM d) = 7 THEN d + 1
               ELSE d END, NOT %(is_simulated)s, %(is_simulated)s
FROM (SELECT DISTINCT (begin AT TIME ZONE 'Europe/Moscow')::date AS d FROM market_candle_staging) AS days
ORDER BY days.d
ON CONFLICT (date) DO UPDATE SET
    is_real = t.is_real OR excluded.is_real, is_simulated = t.is_simulated OR excluded.is_simulated
WHERE (t.is_real OR excluded.is_real, t.is_simulated OR excluded.is_simulated)
      IS DISTINCT FROM (t.is_real, t.is_simulated)
"""


def candles_write(
    *,
    instrument_id: int,
    timeframe: Timeframe,
    columns: CandleColumns,
    source: str,
    board: str = "TQBR",
) -> CandleWriteReport:
    """Store one series' bars and the trading days they show; all of it or nothing.

    Repeating: the same bars again change no row. Two writers of one series take turns (advisory lock).

    Raises: InvariantError if the source is unknown or two bars have the same begin.
    """
    if source not in SOURCE_PRIORITY:
        raise InvariantError(f"source must be one of {', '.join(SOURCE_PRIORITY)}, was {source!r}")
    if not len(columns):
        return CandleWriteReport()
    order = np.argsort(columns.begin_s, kind="stable")
    columns = columns.take(order)
    if (np.diff(columns.begin_s) == 0).any():
        raise InvariantError("a write of candles must name each begin once; take out the duplicates before")
    values: dict[str, Any] = {
        "instrument_id": instrument_id,
        "timeframe_min": timeframe.minutes,
        "board": board,
        "source": source,
        "may_overwrite": [name for name, rank in SOURCE_PRIORITY.items() if rank <= SOURCE_PRIORITY[source]],
        "is_simulated": source == "simulator",
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"market_candle {instrument_id} {timeframe.minutes}"],
        )
        _stage(cursor, columns)
        return _merge(cursor, values, n=len(columns))


def copy_payload(columns: CandleColumns) -> bytes:
    """Return the bars as PostgreSQL's binary COPY format; a missing value stays NaN until the upsert."""
    layout = [("fields", ">i2")]
    for name in _FIELDS:
        layout += [(f"{name}_size", ">i4"), (name, ">i8" if name == "begin" else ">f8")]
    rows = np.zeros(len(columns), dtype=np.dtype(layout))
    rows["fields"] = len(_FIELDS)
    rows["begin"] = (columns.begin_s - _POSTGRES_EPOCH_S) * 1_000_000
    for name in _FIELDS:
        rows[f"{name}_size"] = 8
        if name != "begin":
            rows[name] = getattr(columns, name)
    return _COPY_HEADER + rows.tobytes() + _COPY_TRAILER


def _stage(cursor: Any, columns: CandleColumns) -> None:
    cursor.execute(_STAGING)
    cursor.execute("TRUNCATE market_candle_staging")
    with cursor.copy(f"COPY market_candle_staging ({', '.join(_FIELDS)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(copy_payload(columns))
    cursor.execute("ANALYZE market_candle_staging")


def _merge(cursor: Any, values: dict[str, Any], *, n: int) -> CandleWriteReport:
    cursor.execute("SELECT min(begin), max(begin) FROM market_candle_staging")
    values["first"], values["last"] = cursor.fetchone()
    cursor.execute(_COMPARE, values)
    existing, changed, outranked = cursor.fetchone()
    if existing < n or changed:
        # Looking out for conflicts costs a quarter of the time; under the lock there is none to come.
        cursor.execute(_INSERT + _ON_CONFLICT if existing else _INSERT, values)
        if cursor.rowcount != n - existing + changed:
            raise InvariantError(
                f"the upsert must touch {n - existing + changed} candles, touched {cursor.rowcount}; "
                "somebody wrote this series without its lock"
            )
    cursor.execute(_CALENDAR, values)
    return CandleWriteReport(
        new=n - existing, changed=changed, unchanged=existing - changed - outranked, outranked=outranked
    )
