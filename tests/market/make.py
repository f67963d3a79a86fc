"""Small markets for tests, made through the doors of the app."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from market.contracts import CandleColumns, CandleOrigin, CandleWriteReport, InstrumentFacts, Timeframe
from market.selectors.instruments import instrument_get
from market.services.candle_write import candles_write
from market.services.instruments_write import instruments_write
from market.sources.records import InstrumentRecord
from traderai.common.clock import MOSCOW, to_epoch_s

FILE = CandleOrigin(name="files", kind="file", priority=500)


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def instrument(secid: str = "TEST", **changed: object) -> InstrumentFacts:
    instruments_write(records=(InstrumentRecord(secid=secid, name_ru=secid, name_en=secid, **changed),))
    return instrument_get(secid=secid)


def columns(begins: list[datetime], closes: list[float] | None = None) -> CandleColumns:
    close = np.array(
        closes if closes is not None else [100.0 + i for i in range(len(begins))], dtype=np.float64
    )
    return CandleColumns(
        begin_s=np.array([to_epoch_s(begin) for begin in begins], dtype=np.int64),
        open=close.copy(),
        high=close * 1.01,
        low=close * 0.99,
        close=close,
        volume_shares=np.full(close.size, 100.0),
        value_rub=np.full(close.size, np.nan),
    )


def hours(day: str, first: int = 10, count: int = 3) -> list[datetime]:
    start = moscow(day) + timedelta(hours=first)
    return [start + timedelta(hours=i) for i in range(count)]


def days_of(first: str, count: int) -> list[date]:
    day, found = date.fromisoformat(first), []
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def write(facts: InstrumentFacts, bars: CandleColumns, origin: CandleOrigin = FILE) -> CandleWriteReport:
    return candles_write(instrument_id=facts.id, timeframe=Timeframe.H1, columns=bars, origin=origin)
