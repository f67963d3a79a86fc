"""Benchmark: writing candles by COPY and upsert against Django's bulk_create(update_conflicts=True), same rows.

`make bench` runs it with the others; alone: `manage.py with_services -- python -m tests.benchmarks candle_upsert`. It writes
a scratch instrument's 1m bars into the partitioned table and takes them away again. Each way writes the same rows
three times into an emptied series, in turns; the best time counts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from django.db import connection, transaction

from market.contracts import CandleColumns, CandleOrigin, Timeframe
from market.models import Candle, Instrument, TradingDay
from market.services.candle_sources import candle_source_ensure
from market.services.candle_write import candles_write
from tests.benchmarks.figures import Figure
from traderai.common import clock

SECID = "BENCH-UPSERT"
ROWS = 100_000
RATIO_MIN = 8.0
FIELDS = ("open", "high", "low", "close", "volume_shares", "value_rub")

FILE = CandleOrigin(name="files", kind="file", priority=500)


def rows(n: int) -> CandleColumns:
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 1e-3, n)))
    return CandleColumns(
        begin_s=1_641_000_000 + 60 * np.arange(n, dtype=np.int64),
        open=close,
        high=close * 1.001,
        low=close * 0.999,
        close=close,
        volume_shares=np.full(n, 1000.0),
        value_rub=close * 1000.0,
    )


def by_copy(instrument_id: int, columns: CandleColumns) -> None:
    candles_write(instrument_id=instrument_id, timeframe=Timeframe.M1, columns=columns, origin=FILE)


def by_bulk_create(instrument_id: int, columns: CandleColumns) -> None:
    source = candle_source_ensure(origin=FILE)
    figures = zip(*(getattr(columns, name).tolist() for name in FIELDS), strict=True)
    candles = [
        Candle(
            instrument_id=instrument_id,
            timeframe_min=1,
            begin=clock.from_epoch_s(begin_s),
            board="TQBR",
            source=source,
            **dict(zip(FIELDS, row, strict=True)),
        )
        for begin_s, row in zip(columns.begin_s.tolist(), figures, strict=True)
    ]
    Candle.objects.bulk_create(
        candles,
        batch_size=2000,
        update_conflicts=True,
        unique_fields=["instrument_id", "timeframe_min", "begin"],
        update_fields=[*FIELDS, "board", "source"],
    )


def empty(instrument_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM market_candle WHERE instrument_id = %s", [instrument_id])
        cursor.execute("VACUUM market_candle")


def rate(way: Callable[[int, CandleColumns], None], instrument_id: int, columns: CandleColumns) -> float:
    empty(instrument_id)
    started = clock.monotonic_s()
    way(instrument_id, columns)
    return len(columns) / (clock.monotonic_s() - started)


def candle_upsert() -> list[Figure]:
    columns = rows(ROWS)
    calendar = list(TradingDay.objects.values())
    instrument = Instrument.objects.create(
        secid=SECID, name_ru="замер", name_en="benchmark", is_simulated=True
    )
    try:
        rates: dict[str, list[float]] = {"copy": [], "bulk_create": []}
        for _ in range(3):
            rates["copy"].append(rate(by_copy, instrument.pk, columns))
            rates["bulk_create"].append(rate(by_bulk_create, instrument.pk, columns))
        by_copy(instrument.pk, columns)
        started = clock.monotonic_s()
        by_copy(instrument.pk, columns)
        again = ROWS / (clock.monotonic_s() - started)
    finally:
        empty(instrument.pk)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM market_instrument WHERE id = %s", [instrument.pk])
        # The scratch bars trade round the clock: their days must not stay in the calendar.
        with transaction.atomic():
            TradingDay.objects.all().delete()
            TradingDay.objects.bulk_create([TradingDay(**day) for day in calendar])
    copy, bulk = max(rates["copy"]), max(rates["bulk_create"])
    return [
        Figure(what=f"candles written by COPY and upsert, {ROWS:,} rows", value=copy, unit="rows/s"),
        Figure(what="candles written by Django's bulk_create, the same rows", value=bulk, unit="rows/s"),
        Figure(
            what="COPY and upsert against bulk_create", value=copy / bulk, unit="times", at_least=RATIO_MIN
        ),
        Figure(what="the same candles again, nothing to change", value=again, unit="rows/s"),
    ]
