"""Reading the daily closes of many instruments at once: a million bars take a few seconds.

Daily bars go first; where an instrument has none for a day, or none as late, its hourly bars are reduced to the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from market.contracts import Timeframe
from market.kernels.adjustment import dividends_by_bar, split_factors
from traderai.common.arrays import F64, I64, Bools

_HEADER_BYTES = 19  # signature, flags and the length of an empty extension
_INTEGERS = ("instrument_id", "trading_day", "last_day", "first_end_s")
_WHOLE_COLUMNS = ", ".join(
    [f"string_agg(int8send({name}), '')" for name in _INTEGERS] + ["string_agg(float8send(close), '')"]
)
_CLOSES = f"""
COPY (
    SELECT {_WHOLE_COLUMNS} FROM (
        SELECT instrument_id::int8 AS instrument_id, trading_day::int8 AS trading_day,
               max(day)::int8 AS last_day, (extract(epoch FROM min(begin)) + %(bar_s)s)::int8 AS first_end_s,
               (array_agg(close ORDER BY begin DESC))[1] AS close
        FROM (
            SELECT c.instrument_id, c.begin, c.close,
                   (c.begin AT TIME ZONE 'Europe/Moscow')::date - DATE '1970-01-01' AS day,
                   coalesce(t.trading_date, (c.begin AT TIME ZONE 'Europe/Moscow')::date)
                   - DATE '1970-01-01' AS trading_day
            FROM market_candle c
            LEFT JOIN market_tradingday t ON t.date = (c.begin AT TIME ZONE 'Europe/Moscow')::date
            WHERE c.instrument_id = ANY(%(ids)s) AND c.timeframe_min = %(timeframe_min)s
              AND c.begin <= %(newest)s
        ) AS bars
        GROUP BY instrument_id, trading_day
    ) AS days
) TO STDOUT (FORMAT BINARY)
"""  # noqa: S608  # constants of this module only
_ACTIONS = """
SELECT instrument_id, kind, ex_date - DATE '1970-01-01', coalesce(shares_after_per_before, amount_rub)
FROM market_corporateaction
WHERE instrument_id = ANY(%(ids)s) AND known_at <= %(as_of)s
  AND known_at <= ((ex_date + 1)::timestamp AT TIME ZONE 'Europe/Moscow')
ORDER BY instrument_id, ex_date, source
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyCloses:
    """The last close of each instrument on each trading day, by instrument and day; all arrays have shape (n,)."""

    instrument_id: I64
    trading_day: I64  # the trading date, days since 1970
    last_day: (
        I64  # the date of the day's last bar; before `trading_day` while only its weekend session is known
    )
    first_end_s: I64  # when the day's first bar was known, seconds since 1970 UTC
    is_daily: Bools  # from a daily bar; else from the day's last hourly bar
    close: F64  # adjusted forward for splits
    dividend_rub: F64  # per adjusted share, where its ex-date starts with this day, else 0

    def __len__(self) -> int:
        return int(self.close.size)


def daily_closes(*, instrument_ids: tuple[int, ...], as_of: datetime) -> DailyCloses:
    """Return the closes of the bars that had closed at `as_of`, one for each instrument and trading day with a bar.

    A split or dividend that became known only after its ex-date is left out: the days in between had not known it,
    and a later reading must not know more of them than they did.
    """
    ids = list(instrument_ids)
    parts = []
    with connection.cursor() as cursor:
        for timeframe in (Timeframe.H1, Timeframe.D1):
            values: dict[str, Any] = {
                "ids": ids,
                "timeframe_min": timeframe.minutes,
                "newest": as_of - timeframe.duration,
                "bar_s": 60 * timeframe.minutes,
            }
            with cursor.copy(_CLOSES, values) as copy:
                part = _parse(b"".join(bytes(piece) for piece in copy))
            parts.append(part | {"is_daily": np.full(part["close"].size, timeframe is Timeframe.D1)})
        cursor.execute(_ACTIONS, {"ids": ids, "as_of": as_of})
        actions = cursor.fetchall()
    rows = _one_a_day({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    close = rows.pop("close")
    close, dividend_rub = _adjusted(rows["instrument_id"], rows["trading_day"], close, actions)
    return DailyCloses(**rows, close=close, dividend_rub=dividend_rub)


def _one_a_day(rows: dict[str, Any]) -> dict[str, Any]:
    """Keep of each instrument and trading day what reaches further, of two that reach as far the daily bar."""
    order = np.lexsort((rows["is_daily"], rows["last_day"], rows["trading_day"], rows["instrument_id"]))
    rows = {name: column[order] for name, column in rows.items()}
    who, day = rows["instrument_id"], rows["trading_day"]
    if not who.size:
        return rows
    is_last = np.append((who[1:] != who[:-1]) | (day[1:] != day[:-1]), True)
    starts = np.append(0, np.flatnonzero(is_last)[:-1] + 1)
    earliest_s = np.minimum.reduceat(rows["first_end_s"], starts)
    return {name: column[is_last] for name, column in rows.items()} | {"first_end_s": earliest_s}


def _adjusted(
    instrument_id: I64, trading_day: I64, close: F64, actions: list[tuple[int, str, int, float]]
) -> tuple[F64, F64]:
    """Return the closes on the scale of the first shares and the dividends at the days they start with."""
    adjusted, dividend_rub = close.copy(), np.zeros(close.size)
    for one in sorted({row[0] for row in actions}):
        first, after = np.searchsorted(instrument_id, [one, one + 1])
        if first == after:
            continue
        days = trading_day[first:after]
        # Two sources that tell of one split tell of one split; two dividends of one day are two payments.
        splits = {ex: figure for who, kind, ex, figure in actions if who == one and kind == "split"}
        paid = [
            (ex, figure)
            for who, kind, ex, figure in actions
            if who == one and kind == "dividend" and ex >= days[0]
        ]
        factor = split_factors(days, *_columns(list(splits.items())))
        adjusted[first:after] = close[first:after] * factor
        dividend_rub[first:after] = factor * dividends_by_bar(days, *_columns(paid))
    return adjusted, dividend_rub


def _columns(pairs: list[tuple[int, float]]) -> tuple[I64, F64]:
    return (
        np.array([day for day, _ in pairs], dtype=np.int64),
        np.array([figure for _, figure in pairs], dtype=np.float64),
    )


def _parse(payload: bytes) -> dict[str, Any]:
    """Return the columns of the one row of PostgreSQL's binary COPY; without bars each field is NULL."""
    found: dict[str, Any] = {}
    at = _HEADER_BYTES + 2  # the number of fields
    for name in (*_INTEGERS, "close"):
        size = int.from_bytes(payload[at : at + 4], "big", signed=True)
        at += 4
        stored, native = (">f8", np.float64) if name == "close" else (">i8", np.int64)
        found[name] = np.frombuffer(payload, dtype=stored, count=max(size, 0) // 8, offset=at).astype(native)
        at += max(size, 0)
    return found
