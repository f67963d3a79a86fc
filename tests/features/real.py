"""Real bars for tests of kernels: one share a timeframe, with a split, a dividend, a halt and weekend sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from market.calendar_config import session_table
from market.contracts import Bars, Timeframe
from market.kernels.sessions import WEEKEND, session_codes

MOSCOW_S = 3 * 3600
DAY_S = 86_400


class Sample(NamedTuple):
    """Which real bars: a file, a share, a span, and the split inside it (share count after per before)."""

    place: str
    secid: str
    since: date
    until: date
    split_on: date | None
    split_factor: float
    dividend_on: date


SAMPLES: dict[str, Sample] = {
    "1m": Sample(
        "candles/1m_2024.parquet", "VTBR", date(2024, 7, 8), date(2024, 7, 20), date(2024, 7, 15), 1 / 5000,
        date(2024, 7, 11),
    ),
    "10m": Sample(
        "candles/10m_second_tier_2020_2023.parquet", "MTLR", date(2022, 1, 10), date(2022, 5, 20), None, 1.0,
        date(2022, 4, 5),
    ),
    "1h": Sample(
        "candles/1h_blue_chips_2022_2024.parquet", "SBER", date(2022, 1, 3), date(2022, 12, 30), None, 1.0,
        date(2022, 6, 10),
    ),
    "1d": Sample(
        "daily/1d_as_traded_2000_2024.parquet", "GMKN", date(2018, 1, 3), date(2024, 12, 30), date(2024, 4, 8), 100.0,
        date(2023, 12, 21),
    ),
}  # fmt: skip
TIMEFRAMES = tuple(SAMPLES)


def real_bars(folder: Path, timeframe: str, *, since: date | None = None) -> Bars:
    """Return real bars of a timeframe, adjusted forward, with the market's closure of 2022 where it is inside."""
    sample = SAMPLES[timeframe]
    sample = sample._replace(since=since or sample.since)
    rows = (
        pl.scan_parquet(folder / sample.place)
        .filter(pl.col("secid") == sample.secid)
        .rename(lambda name: "begin" if name == "date" else name)
        .with_columns(pl.col("begin").cast(pl.Datetime("us")))
        .filter(pl.col("begin").is_between(sample.since, sample.until))
        .unique("begin", keep="first", maintain_order=False)
        .sort("begin")
        .collect()
    )
    rows = rows.filter((pl.col("low") > 0) & (pl.col("volume") >= 0))
    begin_s = rows["begin"].dt.epoch("s").to_numpy() - MOSCOW_S
    days = (begin_s + MOSCOW_S) // DAY_S
    trading_day = np.searchsorted(np.unique(days), days)
    factor = np.ones(begin_s.size)
    if sample.split_on is not None:
        factor[days >= _number(sample.split_on)] = sample.split_factor
    price = {
        name: rows[name].to_numpy().astype(np.float64) * factor for name in ("open", "high", "low", "close")
    }
    volume = rows["volume"].to_numpy().astype(np.float64) / factor
    dividend = np.zeros(begin_s.size)
    first = int(np.searchsorted(days, _number(sample.dividend_on)))
    dividend[first] = 0.02 * price["close"][first - 1]
    bars = Bars(
        secid=sample.secid, timeframe=Timeframe(timeframe), begin_s=begin_s, **price, volume_shares=volume,
        turnover_rub=volume * price["close"], split_factor=factor, dividend_rub=dividend,
        trading_day=trading_day.astype(np.int64),
        session=session_codes(begin_s, session_table(), bar_s=60 * Timeframe(timeframe).minutes),
    )  # fmt: skip
    return bars if timeframe == "1d" else _with_weekends(_with_halt(bars))


def _with_halt(bars: Bars) -> Bars:
    """Take a stretch out of the middle of a day: trading was halted."""
    middle = len(bars) // 2
    return _take(bars, np.delete(np.arange(len(bars)), np.arange(middle, middle + 7)))


def _with_weekends(bars: Bars) -> Bars:
    """Move some Mondays to the Sundays before them: sessions like those of 2025, on real prices."""
    days = (bars.begin_s + MOSCOW_S) // DAY_S
    moved = ((days + 3) % 7 == 0) & ((days // 7) % 2 == 0)
    return replace(
        bars,
        begin_s=np.where(moved, bars.begin_s - DAY_S, bars.begin_s),
        session=np.where(moved, WEEKEND, bars.session).astype(np.int8),
    )


def _take(bars: Bars, rows: Any) -> Bars:
    arrays: dict[str, Any] = {
        name: getattr(bars, name)[rows]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return replace(bars, **arrays)


def _number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
