"""Writing candles: binary COPY into a staging table, then one upsert that touches new or changed rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.db import connection, transaction

from market.contracts import CandleColumns, CandleOrigin, CandleWriteReport, Timeframe
from market.services.candle_sources import candle_source_ensure, sources_overwritten_by
from market.services.resample_span import spans_reopen
from market.services.trading_days import trading_days_mark
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InvariantError

_POSTGRES_EPOCH_S = 946_684_800  # 2000-01-01 UTC
_COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + b"\x00" * 8
_COPY_TRAILER = b"\xff\xff"
_COPY_ROWS = 50_000  # at a time, so that memory does not grow with what is written
_FIELDS = ("begin", "open", "high", "low", "close", "volume_shares", "value_rub")

_STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS market_candle_staging (
    begin timestamptz, open float8, high float8, low float8, close float8,
    volume_shares float8, value_rub float8
) ON COMMIT DELETE ROWS
"""
# A value that one side lacks is no disagreement; as a change of the row it counts.
_TOLD_OTHERWISE = """
((c.open, c.high, c.low, c.close, c.volume_shares) IS DISTINCT FROM
 (s.open, s.high, s.low, s.close, s.volume_shares) OR c.value_rub <> NULLIF(s.value_rub, 'NaN'))
"""
_DIFFERS = """
((c.open, c.high, c.low, c.close, c.volume_shares, c.value_rub, c.board, c.source_id) IS DISTINCT FROM
 (s.open, s.high, s.low, s.close, s.volume_shares, NULLIF(s.value_rub, 'NaN'), %(board)s, %(source_id)s))
"""
_JOIN = """
FROM market_candle_staging s
JOIN market_candle c ON c.instrument_id = %(instrument_id)s AND c.timeframe_min = %(timeframe_min)s
    AND c.begin = s.begin AND c.begin BETWEEN %(first)s AND %(last)s
"""
_COMPARE = f"""
SELECT count(*),
       count(*) FILTER (WHERE {_DIFFERS} AND c.source_id = ANY(%(may_overwrite)s)),
       count(*) FILTER (WHERE {_TOLD_OTHERWISE} AND NOT c.source_id = ANY(%(may_overwrite)s)),
       count(*) FILTER (WHERE {_TOLD_OTHERWISE} AND c.source_id <> %(source_id)s),
       min(s.begin) FILTER (WHERE {_DIFFERS} AND c.source_id = ANY(%(may_overwrite)s)),
       max(s.begin) FILTER (WHERE {_DIFFERS} AND c.source_id = ANY(%(may_overwrite)s))
{_JOIN}
"""  # constants of this module only
_ANY_STORED = """
SELECT EXISTS (SELECT 1 FROM market_candle WHERE instrument_id = %(instrument_id)s
               AND timeframe_min = %(timeframe_min)s AND begin BETWEEN %(first)s AND %(last)s)
"""
_NEW_SPAN = """
SELECT min(s.begin), max(s.begin) FROM market_candle_staging s
WHERE NOT EXISTS (SELECT 1 FROM market_candle c WHERE c.instrument_id = %(instrument_id)s
                  AND c.timeframe_min = %(timeframe_min)s AND c.begin = s.begin)
"""
# What this source said before about these bars no longer counts; what it says now is compared anew.
_FORGET_DISAGREEMENTS = """
DELETE FROM market_candledisagreement d USING market_candle_staging s
WHERE d.instrument_id = %(instrument_id)s AND d.timeframe_min = %(timeframe_min)s
  AND d.begin = s.begin AND d.loser_id = %(source_id)s
"""
# Those who lost to a bar that is replaced now stand against the new one, or agree with it.
_FORGET_SETTLED = """
DELETE FROM market_candledisagreement d USING market_candle_staging s, market_candle c
WHERE d.instrument_id = %(instrument_id)s AND d.timeframe_min = %(timeframe_min)s AND d.begin = s.begin
  AND c.instrument_id = %(instrument_id)s AND c.timeframe_min = %(timeframe_min)s AND c.begin = s.begin
  AND c.begin BETWEEN %(first)s AND %(last)s AND c.source_id = ANY(%(may_overwrite)s)
  AND (d.open, d.high, d.low, d.close, d.volume_shares) IS NOT DISTINCT FROM
      (s.open, s.high, s.low, s.close, s.volume_shares)
  AND coalesce(d.value_rub = NULLIF(s.value_rub, 'NaN'), true)
"""
_NAME_NEW_WINNER = """
UPDATE market_candledisagreement d SET winner_id = %(source_id)s FROM market_candle_staging s, market_candle c
WHERE d.instrument_id = %(instrument_id)s AND d.timeframe_min = %(timeframe_min)s AND d.begin = s.begin
  AND c.instrument_id = %(instrument_id)s AND c.timeframe_min = %(timeframe_min)s AND c.begin = s.begin
  AND c.begin BETWEEN %(first)s AND %(last)s AND c.source_id = ANY(%(may_overwrite)s)
  AND d.winner_id <> %(source_id)s
"""
_KEEP_DISAGREEMENTS = f"""
INSERT INTO market_candledisagreement (instrument_id, timeframe_min, begin, winner_id, loser_id,
                                       open, high, low, close, volume_shares, value_rub)
SELECT %(instrument_id)s, %(timeframe_min)s, s.begin,
       CASE WHEN won THEN %(source_id)s ELSE c.source_id END,
       CASE WHEN won THEN c.source_id ELSE %(source_id)s END,
       CASE WHEN won THEN c.open ELSE s.open END, CASE WHEN won THEN c.high ELSE s.high END,
       CASE WHEN won THEN c.low ELSE s.low END, CASE WHEN won THEN c.close ELSE s.close END,
       CASE WHEN won THEN c.volume_shares ELSE s.volume_shares END,
       CASE WHEN won THEN c.value_rub ELSE NULLIF(s.value_rub, 'NaN') END
{_JOIN} CROSS JOIN LATERAL (SELECT c.source_id = ANY(%(may_overwrite)s) AS won) AS rank
WHERE {_TOLD_OTHERWISE} AND c.source_id <> %(source_id)s
ON CONFLICT (instrument_id, timeframe_min, begin, loser_id) DO UPDATE SET
    winner_id = excluded.winner_id, open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume_shares = excluded.volume_shares, value_rub = excluded.value_rub
"""  # constants of this module only
_INSERT = """
INSERT INTO market_candle AS c (instrument_id, timeframe_min, begin, board, open, high, low, close,
                                volume_shares, value_rub, source_id)
SELECT %(instrument_id)s, %(timeframe_min)s, begin, %(board)s, open, high, low, close,
       volume_shares, NULLIF(value_rub, 'NaN'), %(source_id)s
FROM market_candle_staging
"""
_ON_CONFLICT = """
ON CONFLICT (instrument_id, timeframe_min, begin) DO UPDATE SET
    board = excluded.board, open = excluded.open, high = excluded.high, low = excluded.low,
    close = excluded.close, volume_shares = excluded.volume_shares, value_rub = excluded.value_rub,
    source_id = excluded.source_id
WHERE c.source_id = ANY(%(may_overwrite)s)
  AND (c.open, c.high, c.low, c.close, c.volume_shares, c.value_rub, c.board, c.source_id) IS DISTINCT FROM
      (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume_shares,
       excluded.value_rub, excluded.board, excluded.source_id)
"""


def candles_write(
    *,
    instrument_id: int,
    timeframe: Timeframe,
    columns: CandleColumns,
    origin: CandleOrigin,
    board: str = "TQBR",
    marks_trading_days: bool = True,
) -> CandleWriteReport:
    """Store one series' bars and the trading days they show; all of it or nothing.

    A bar that another source tells differently is kept in the disagreement report, whichever of the two wins. The
    report names who disagrees with the bar that counts now; a source that agreed with an earlier one and was
    overwritten shows in it when it is written again.
    `marks_trading_days` is False for indices, which have bars on days without trading in shares; a week's bar never
    marks one, its Monday may be a holiday. Bars that are made from those that have changed are due again.

    Repeating: the same bars again change no row. Two writers of one series take turns (advisory lock).

    Raises: InvariantError if two bars have the same begin.
    """
    if not len(columns):
        return CandleWriteReport()
    order = np.argsort(columns.begin_s, kind="stable")
    columns = columns.take(order)
    if (np.diff(columns.begin_s) == 0).any():
        raise InvariantError("a write of candles must name each begin once; take out the duplicates before")
    source = candle_source_ensure(origin=origin)
    values: dict[str, Any] = {
        "instrument_id": instrument_id,
        "timeframe_min": timeframe.minutes,
        "board": board,
        "source_id": source.pk,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        series_lock(instrument_id=instrument_id, timeframe=timeframe)
        # Asked under the lock: the writer before us may have brought a source of its own.
        values["may_overwrite"] = sources_overwritten_by(source)
        report = _merge(cursor, values, columns)
        if report.touched_from is not None:
            spans_reopen(instrument_id=instrument_id, timeframe=timeframe, since=report.touched_from)
        if marks_trading_days and timeframe.minutes <= Timeframe.D1.minutes:
            trading_days_mark(begin_s=columns.begin_s, is_simulated=origin.kind == "simulator")
    return report


def series_lock(*, instrument_id: int, timeframe: Timeframe) -> None:
    """Wait until nobody else writes the series; the lock is held until the transaction ends.

    Repeating: a transaction that holds it goes on at once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"market_candle {instrument_id} {timeframe.minutes}"],
        )


def copy_rows(columns: CandleColumns) -> bytes:
    """Return the bars as rows of PostgreSQL's binary COPY; a missing value stays NaN until the upsert."""
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
    return rows.tobytes()


def _stage(cursor: Any, columns: CandleColumns) -> None:
    cursor.execute(_STAGING)
    cursor.execute("TRUNCATE market_candle_staging")
    with cursor.copy(f"COPY market_candle_staging ({', '.join(_FIELDS)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(_COPY_HEADER)
        for first in range(0, len(columns), _COPY_ROWS):
            copy.write(copy_rows(columns.take(np.arange(first, min(first + _COPY_ROWS, len(columns))))))
        copy.write(_COPY_TRAILER)


def _merge(cursor: Any, values: dict[str, Any], columns: CandleColumns) -> CandleWriteReport:
    n = len(columns)
    first, last = from_epoch_s(int(columns.begin_s[0])), from_epoch_s(int(columns.begin_s[-1]))
    values |= {"first": first, "last": last}
    _stage(cursor, columns)
    cursor.execute(_ANY_STORED, values)
    if not cursor.fetchone()[0]:
        # Looking out for conflicts costs a quarter of the time; under the lock there is none to come.
        cursor.execute(_INSERT, values)
        return CandleWriteReport(new=n, touched_from=first, touched_till=last)
    cursor.execute("ANALYZE market_candle_staging")
    cursor.execute(_COMPARE, values)
    existing, changed, outranked, disagreements, changed_from, changed_till = cursor.fetchone()
    _tell_disagreements(cursor, values, disagreements=disagreements, changed=changed)
    touched = [changed_from, changed_till]
    if existing < n:
        cursor.execute(_NEW_SPAN, values)
        touched += cursor.fetchone()
    if existing < n or changed:
        cursor.execute(_INSERT + _ON_CONFLICT, values)
        if cursor.rowcount != n - existing + changed:
            raise InvariantError(
                f"the upsert must touch {n - existing + changed} candles, touched {cursor.rowcount}; "
                "somebody wrote this series without its lock"
            )
    moments = [moment for moment in touched if moment is not None]
    return CandleWriteReport(
        new=n - existing,
        changed=changed,
        unchanged=existing - changed - outranked,
        outranked=outranked,
        disagreements=disagreements,
        touched_from=min(moments, default=None),
        touched_till=max(moments, default=None),
    )


def _tell_disagreements(cursor: Any, values: dict[str, Any], *, disagreements: int, changed: int) -> None:
    cursor.execute(_FORGET_DISAGREEMENTS, values)
    if changed:
        cursor.execute(_FORGET_SETTLED, values)
        cursor.execute(_NAME_NEW_WINNER, values)
    if disagreements:
        cursor.execute(_KEEP_DISAGREEMENTS, values)
