"""The daily closes of several instruments side by side, in the shares of one moment: 50 of three years in 50 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection

from market.contracts import InstrumentFacts, Timeframe
from market.kernels.adjustment import dividends_by_bar, split_factors
from market.selectors.bar_arrays import ActionArrays, day_number
from market.selectors.bars_many import actions_many
from traderai.common.arrays import F64, I64
from traderai.common.clock import MOSCOW

# Where a newest price is looked for; older ones are none.
PRICE_FRAMES = (Timeframe.M10, Timeframe.H1, Timeframe.D1)
PRICE_FRESH = timedelta(days=400)
_CANDLES = """
SELECT string_agg(int8send(id), ''), string_agg(int8send(day), ''),
       string_agg(float8send(close), ''), string_agg(float8send(turnover), '')
FROM (
    SELECT instrument_id::int8 AS id,
           ((begin AT TIME ZONE 'Europe/Moscow')::date - DATE '1970-01-01')::int8 AS day,
           close, coalesce(value_rub, close * volume_shares) AS turnover
    FROM market_candle
    WHERE instrument_id = ANY(%(ids)s::int8[]) AND timeframe_min = 1440 AND begin <= %(newest)s AND ({spans})
) AS bars
"""
# Plain comparisons: the planner leaves partitions of other years alone by them.
_SPAN = "begin >= %(since_{0})s AND begin < %(until_{0})s"
_PRICES = """
SELECT wanted.place - 1, bar.close, bar.ends
FROM unnest(%(ids)s::int8[]) WITH ORDINALITY AS wanted(id, place) CROSS JOIN LATERAL (
    SELECT own.close, own.begin + frame.minutes * interval '1 minute' AS ends
    FROM unnest(%(frames)s::int8[]) AS frame(minutes) CROSS JOIN LATERAL (
        SELECT begin, close FROM market_candle
        WHERE instrument_id = wanted.id AND timeframe_min = frame.minutes
          AND begin >= %(since)s AND begin <= %(as_of)s - frame.minutes * interval '1 minute'
        ORDER BY begin DESC LIMIT 1
    ) AS own
    ORDER BY ends DESC, frame.minutes LIMIT 1
) AS bar
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyPanel:
    """Days in rows, instruments in columns, in the order asked for; NaN where there was no bar that had closed.

    Prices and dividends are rubles of one share as it is at `as_of`: the splits since are taken out.
    """

    as_of: datetime
    days: I64  # (d,), Moscow days since 1970, rising; those on which any of the instruments has a bar
    close: F64  # (d, n)
    dividend_rub: F64  # (d, n), where its ex-date starts with this bar, else 0
    turnover_rub: F64  # (d, n)
    price_rub: F64  # (n,), of the newest closed bar of ten minutes, an hour or a day
    price_known_s: F64  # (n,), when that bar ended, seconds since 1970 UTC

    def rows_between(self, first: int, last: int) -> slice:
        """Return the rows of the days from `first` to `last`, both included."""
        return slice(*np.searchsorted(self.days, (first, last + 1)))


def daily_panel(
    *, instruments: Sequence[InstrumentFacts], as_of: datetime, spans: Sequence[tuple[datetime, datetime]]
) -> DailyPanel:
    """Return the daily bars that had closed at `as_of` and begin within one of the spans, and the newest prices.

    Splits and dividends are those known at `as_of`. A span begins with its first moment and ends before its second;
    spans do not overlap.
    """
    ids = [facts.id for facts in instruments]
    today = day_number(as_of.astimezone(MOSCOW).date())
    actions = actions_many(ids, as_of)
    who, day, closes, turnovers = _candles(ids, as_of, spans)
    order = np.argsort(ids)
    place = order[np.searchsorted(ids, who, sorter=order)]
    days = np.unique(day)
    panel = {name: np.full((days.size, len(ids)), np.nan) for name in ("close", "turnover")}
    row = np.searchsorted(days, day)
    panel["close"][row, place], panel["turnover"][row, place] = closes, turnovers
    dividend_rub = np.zeros_like(panel["close"])
    price_rub, price_known_s = _prices(ids, as_of)
    bounds = [tuple(day_number(moment.astimezone(MOSCOW).date()) for moment in span) for span in spans]
    for column, key in enumerate(ids):
        own = actions[key]
        since = _shares_since(days, own, today)
        dividend_rub[:, column] = _dividends(days, panel["close"][:, column], own, bounds) / since
        panel["close"][:, column] /= since
        if np.isfinite(price_known_s[column]):
            told = np.array([(price_known_s[column] - 1 + 3 * 3600) // 86_400], dtype=np.int64)
            price_rub[column] /= _shares_since(told, own, today)[0]
    return DailyPanel(
        as_of=as_of,
        days=days,
        close=panel["close"],
        dividend_rub=dividend_rub,
        turnover_rub=panel["turnover"],
        price_rub=price_rub,
        price_known_s=price_known_s,
    )


def _candles(ids: list[int], as_of: datetime, spans: Sequence[tuple[datetime, datetime]]) -> list[Any]:
    values: dict[str, Any] = {"ids": ids, "newest": as_of - Timeframe.D1.duration}
    for number, (since, until) in enumerate(spans):
        values |= {f"since_{number}": since, f"until_{number}": until}
    within = " OR ".join(_SPAN.format(number) for number in range(len(spans)))
    with connection.cursor() as cursor:
        cursor.execute(_CANDLES.format(spans=within), values)
        columns = cursor.fetchone()
    kinds = (np.int64, np.int64, np.float64, np.float64)
    stored = (">i8", ">i8", ">f8", ">f8")
    return [
        np.frombuffer(bytes(column or b""), dtype=own).astype(kind)
        for column, own, kind in zip(columns, stored, kinds, strict=True)
    ]


def _prices(ids: list[int], as_of: datetime) -> tuple[F64, F64]:
    values: dict[str, Any] = {
        "ids": ids,
        "frames": [frame.minutes for frame in PRICE_FRAMES],
        "as_of": as_of,
        "since": as_of - PRICE_FRESH,
    }
    price, known_s = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    with connection.cursor() as cursor:
        cursor.execute(_PRICES, values)
        for place, close, ends in cursor.fetchall():
            price[place], known_s[place] = close, ends.timestamp()
    return price, known_s


def _shares_since(days: I64, own: ActionArrays, today: int) -> F64:
    """Return how many shares of today one of each day has become."""
    if not own.split_days.size:
        return np.ones(days.size)
    now = split_factors(np.array([today], dtype=np.int64), own.split_days, own.split_ratios)[0]
    since: F64 = now / split_factors(days, own.split_days, own.split_ratios)
    return since


def _dividends(days: I64, close: F64, own: ActionArrays, bounds: Sequence[tuple[int, ...]]) -> F64:
    """Return the dividends by day, each at its share's first bar from its ex-date on, within one span."""
    found = np.zeros(days.size)
    for first, last in bounds:
        rows = np.flatnonzero((days >= first) & (days <= last) & np.isfinite(close))
        inside = (own.dividend_days > first) & (own.dividend_days <= last)
        found[rows] += dividends_by_bar(days[rows], own.dividend_days[inside], own.dividend_rub[inside])
    return found
