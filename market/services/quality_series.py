"""Reading one stored series whole, with the corporate actions that belong to it, to be looked at for faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import connection

from market.contracts import Timeframe
from market.kernels.adjustment import dividends_by_bar, split_factors
from market.models import CorporateAction, Instrument, InstrumentTerms
from traderai.common.arrays import F64, I64

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name in ("begin_s", "day", "open", "high", "low", "close", "volume")
        for part in ((f"{name}_size", ">i4"), (name, ">i8" if name in {"begin_s", "day"} else ">f8"))
    ]
)
_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_SERIES = """
SELECT i.id, t.minutes FROM market_instrument i CROSS JOIN unnest(%(minutes)s::int[]) AS t (minutes)
CROSS JOIN LATERAL (
    SELECT 1 FROM market_candle c WHERE c.instrument_id = i.id AND c.timeframe_min = t.minutes
      AND (%(since)s::timestamptz IS NULL OR c.begin >= %(since)s)
      AND c.begin <= %(as_of)s - make_interval(mins => t.minutes) LIMIT 1
) bar
WHERE %(secids)s::text[] IS NULL OR i.secid = ANY(%(secids)s)
ORDER BY t.minutes DESC, i.secid
"""
_LONGEST = """
SELECT t.minutes FROM unnest(ARRAY[1440, 240, 60, 30, 15, 10, 5, 1]) WITH ORDINALITY AS t (minutes, rank)
WHERE EXISTS (
    SELECT 1 FROM market_instrument i CROSS JOIN LATERAL (
        SELECT 1 FROM market_candle c WHERE c.instrument_id = i.id AND c.timeframe_min = t.minutes
          AND (%(since)s::timestamptz IS NULL OR c.begin >= %(since)s) AND c.begin <= %(as_of)s LIMIT 1
    ) bar WHERE i.is_simulated = %(simulated)s)
ORDER BY t.rank LIMIT 1
"""
_BARS = """
COPY (SELECT extract(epoch FROM begin)::bigint,
             ((begin AT TIME ZONE 'Europe/Moscow')::date - DATE '1970-01-01')::bigint,
             open, high, low, close, volume_shares
      FROM market_candle
      WHERE instrument_id = %(instrument_id)s AND timeframe_min = %(timeframe_min)s
        AND begin <= %(newest)s AND (%(since)s::timestamptz IS NULL OR begin >= %(since)s)
      ORDER BY begin) TO STDOUT (FORMAT BINARY)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """One stored series."""

    instrument: Instrument
    timeframe: Timeframe

    @property
    def group(self) -> str:
        """Which calendar it keeps: that of the exchange's shares, of its indices or of the simulator."""
        if self.instrument.is_simulated:
            return "simulated"
        return "index" if self.instrument.kind == Instrument.Kind.INDEX else "shares"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesBars:
    """The bars of one series as traded, oldest first; all arrays have shape (n,), prices (n, 4)."""

    key: SeriesKey
    begin_s: I64
    day: I64  # Moscow's date, days since 1970
    prices: F64  # open, high, low, close
    volume_shares: F64
    factor: F64  # product of the splits so far
    dividend_rub: F64  # whose ex-date begins with this bar
    step_rub: F64  # price step of the day, NaN where nobody told it

    def __len__(self) -> int:
        return int(self.begin_s.size)


def series_stored(
    *, secids: Sequence[str] | None, timeframes: Sequence[Timeframe], since: datetime | None, as_of: datetime
) -> list[SeriesKey]:
    """Return the series that have closed bars in the span, the longest bars first."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SERIES,
            {
                "minutes": [timeframe.minutes for timeframe in timeframes],
                "secids": list(secids) if secids is not None else None,
                "since": since,
                "as_of": as_of,
            },
        )
        found = cursor.fetchall()
    instruments = Instrument.objects.in_bulk({pk for pk, _ in found})
    return [
        SeriesKey(instrument=instruments[pk], timeframe=Timeframe.of_minutes(minutes))
        for pk, minutes in found
    ]


def longest_stored(*, simulated: bool, since: datetime | None, as_of: datetime) -> int:
    """Return the minutes of the longest bars up to a day that are stored, a day's where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_LONGEST, {"simulated": simulated, "since": since, "as_of": as_of})
        found = cursor.fetchone()
    return int(found[0]) if found else Timeframe.D1.minutes


def series_read(*, key: SeriesKey, since: datetime | None, as_of: datetime) -> SeriesBars:
    """Return the bars of one series that had closed at `as_of`, with the corporate actions known then."""
    values: dict[str, Any] = {
        "instrument_id": key.instrument.pk,
        "timeframe_min": key.timeframe.minutes,
        "newest": as_of - key.timeframe.duration,
        "since": since,
    }
    with connection.cursor() as cursor, cursor.copy(_BARS, values) as copy:
        payload = b"".join(bytes(block) for block in copy)
    rows = np.frombuffer(payload[_HEADER_BYTES : len(payload) - _TRAILER_BYTES], dtype=_ROW)
    day = rows["day"].astype(np.int64)
    factor, dividend_rub = _actions(key.instrument.pk, day, as_of)
    prices = np.column_stack([rows[name].astype(np.float64) for name in ("open", "high", "low", "close")])
    return SeriesBars(
        key=key,
        begin_s=rows["begin_s"].astype(np.int64),
        day=day,
        prices=prices,
        volume_shares=rows["volume"].astype(np.float64),
        factor=factor,
        dividend_rub=dividend_rub,
        step_rub=_steps(key.instrument, day, as_of),
    )


def _actions(instrument_id: int, day: I64, as_of: datetime) -> tuple[F64, F64]:
    """Return split factors and dividends by bar."""
    kinds: dict[str, dict[int, float]] = {"split": {}, "dividend": {}}
    rows = CorporateAction.objects.filter(instrument_id=instrument_id, known_at__lte=as_of).order_by("source")
    for row in rows:
        figure = row.shares_after_per_before if row.kind == "split" else row.amount_rub
        # Two sources may tell of one split; it has happened once.
        kinds[row.kind].setdefault(row.ex_date.toordinal() - _EPOCH_DAY, float(figure or 0.0))
    split, dividend = (
        (
            np.array(list(kinds[kind]), dtype=np.int64),
            np.array(list(kinds[kind].values()), dtype=np.float64),
        )
        for kind in ("split", "dividend")
    )
    inside = dividend[0] > (int(day[0]) if day.size else 0)
    return split_factors(day, *split), dividends_by_bar(day, dividend[0][inside], dividend[1][inside])


def _steps(instrument: Instrument, day: I64, as_of: datetime) -> F64:
    """Return the price step of each bar by the dated terms, where nobody told them by today's."""
    steps = np.full(day.size, instrument.price_step_rub)
    terms = InstrumentTerms.objects.filter(
        instrument=instrument, price_step_rub__isnull=False, valid_from__lte=as_of.date()
    ).order_by("valid_from")
    for row in terms:
        steps[day >= row.valid_from.toordinal() - _EPOCH_DAY] = row.price_step_rub
    return steps
