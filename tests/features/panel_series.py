"""Universes for tests: shares, preferred shares and a fund with gaps, halts, listings and dividends on one calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from features.sources.base import BuildScope, MonthBars, MonthScope
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.kernels.sessions import MAIN
from tests.features.series import random_bars, with_noise_after

MOSCOW_S = 3 * 3600
WARMUP_BARS = 600
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


class Universe(NamedTuple):
    """Bars by ticker, who they are, and the row of the calendar at which the month begins."""

    bars: dict[str, Bars]
    facts: tuple[InstrumentFacts, ...]
    begin_s: int


def facts_of(secid: str, sector: str, *, kind: str = "share") -> InstrumentFacts:
    return InstrumentFacts(
        id=0, secid=secid, name_ru=secid, name_en=secid, sector=sector, lot_size=1, price_step_rub=0.01, decimals=2,
        active=True, shortable=True, is_simulated=False, issue_size_shares=None, kind=kind,
    )  # fmt: skip


def rows_of(bars: Bars, keep: Any) -> Bars:
    """Return some of the bars."""
    arrays: dict[str, Any] = {
        name: getattr(bars, name)[keep]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return replace(bars, **arrays)


def random_universe(seed: int, *, rows: int = 1_050, month_row: int = 850) -> Universe:
    """Return 13 members and a fund of hourly bars; the month begins with row `month_row` of `rows`.

    One share is listed inside the month, one before it, one is halted for 90 rows, one is delisted, one hardly
    trades, one has no sector, one is alone in its sector, and the fund trades at times of its own, too.
    """
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0, 0.004, rows)
    bars, facts = {}, []
    for place, secid in enumerate(f"S{i:02d}" for i in range(14)):
        made = random_bars(rows, seed=1_000 * seed + place)
        drift = np.exp(np.cumsum(market * (0.5 + 0.1 * place)))
        prices: dict[str, Any] = {
            name: getattr(made, name) * drift for name in ("open", "high", "low", "close")
        }
        made = replace(
            made, secid=secid, **prices, turnover_rub=made.volume_shares * prices["close"] * (1 + place)
        )
        keep = rng.random(rows) > 0.04 * (place % 4)
        if secid == "S02":
            keep[: month_row + 40] = False
        elif secid == "S03":
            keep[: month_row - 100] = False
        elif secid == "S04":
            keep[month_row - 30 : month_row + 60] = False
        elif secid == "S05":
            keep[month_row + 20 :] = False
        elif secid == "S06":
            keep = rng.random(rows) > 0.9
        kind = {7: "etf", 8: "preferred"}.get(place, "share")
        sector = {9: "", 10: "alone"}.get(place, "abc"[place % 3])
        bars[secid] = rows_of(_with_own_times(made) if kind == "etf" else made, keep)
        facts.append(facts_of(secid, sector, kind=kind))
    calendar = random_bars(rows, seed=0).begin_s
    return Universe(bars=bars, facts=tuple(facts), begin_s=int(calendar[month_row]))


def _with_own_times(bars: Bars) -> Bars:
    """Let some bars begin half an hour later, when no share has one."""
    moved = np.arange(len(bars)) % 17 == 3
    return replace(bars, begin_s=bars.begin_s + 1_800 * moved)


def month_of(
    universe: Universe,
    *,
    warmup_bars: int = WARMUP_BARS,
    without: Iterable[str] = (),
    until_s: int | None = None,
) -> MonthScope:
    """Return the month of a universe as a build hands it to its sources; bars from `until_s` on are not there yet."""
    inside = {}
    for secid, bars in universe.bars.items():
        known = bars if until_s is None else bars.cut(int(np.searchsorted(bars.begin_s, until_s)))
        start = int(np.searchsorted(known.begin_s, universe.begin_s))
        first = max(0, start - warmup_bars)
        if len(known) > first and secid not in without:
            inside[secid] = MonthBars(bars=rows_of(known, slice(first, None)), start=start - first)
    return MonthScope(month="2024-05", begin_s=universe.begin_s, end_s=2**40, bars=inside)


def with_noise(universe: Universe, after_s: int) -> Universe:
    """Return the universe with other prices and volumes from a moment on."""
    noisy = {
        secid: with_noise_after(bars, int(np.searchsorted(bars.begin_s, after_s)), seed=place)
        for place, (secid, bars) in enumerate(universe.bars.items())
    }
    return universe._replace(bars=noisy)


def scope_of(universe: Universe, timeframe: Timeframe = Timeframe.H1) -> BuildScope:
    return BuildScope(
        timeframe=timeframe, universe=universe.facts, since_s=universe.begin_s, until_s=2**40, as_of=AS_OF
    )


class RealSample(NamedTuple):
    """Real shares of one timeframe: a file, how many of its shares, the month's begin, rows of it and a split."""

    place: str
    shares: tuple[str, ...]
    since: str  # Moscow wall clock, as the others
    month: str
    until: str
    split: tuple[str, str, float] | None


def _all(*names: str) -> tuple[str, ...]:
    return tuple(name for group in names for name in group.split())


REAL: Mapping[str, RealSample] = {
    "1m": RealSample(
        "candles/1m_2024.parquet",
        _all("AFLT EUTR GAZP MTLR ROSN RUAL SBER SGZH SNGSP UWGN VKCO VTBR"),
        "2024-07-11",
        "2024-07-15 09:30",
        "2024-07-15 12:30",
        ("VTBR", "2024-07-15", 1 / 5000),
    ),
    "10m": RealSample(
        "candles/10m_second_tier_2020_2023.parquet",
        _all("AGRO AKRN BANEP BELU CIAN FESH HHRU KZOS KZOSP MTLR MTLRP NKNC NKNCP POSI TRNFP VKCO"),
        "2022-01-25",
        "2022-02-24",
        "2022-04-01",
        None,
    ),
    "1h": RealSample(
        "candles/1h_blue_chips_2022_2024.parquet",
        _all("CHMF GAZP GMKN LKOH MGNT NVTK OZON PIKK PLZL ROSN SBER SNGS TATN VKCO YNDX"),
        "2022-01-03",
        "2022-04-01",
        "2022-04-20",
        None,
    ),
    "1d": RealSample(
        "daily/1d_as_traded_2000_2024.parquet",
        _all("AFKS AFLT CHMF GAZP GMKN HYDR LKOH LSNGP MAGN ROSN SBER SBERP SNGS SNGSP TATN VTBR YNDX"),
        "2021-10-01",
        "2024-03-01",
        "2024-07-10",
        ("GMKN", "2024-04-08", 100.0),
    ),
}  # fmt: skip


def real_universe(folder: Path, timeframe: str) -> Universe:
    """Return real shares of a timeframe, adjusted forward, with a dividend each and the last one taken for a fund."""
    sample = REAL[timeframe]
    since, until = datetime.fromisoformat(sample.since), datetime.fromisoformat(sample.until)
    rows = (
        pl.scan_parquet(folder / sample.place)
        .filter(pl.col("secid").is_in(sample.shares))
        .rename(lambda name: "begin" if name == "date" else name)
        .with_columns(pl.col("begin").cast(pl.Datetime("us")))
        .filter(
            pl.col("begin").is_between(since, until),
            pl.col("low") > 0,
            pl.col("volume") >= 0,
        )
        .unique(["secid", "begin"], keep="first")
        .sort("secid", "begin")
        .collect()
    )
    bars, facts = {}, []
    for place, secid in enumerate(sample.shares):
        bars[secid] = _real_bars(rows.filter(pl.col("secid") == secid), secid, timeframe)
        kind = "etf" if secid == sample.shares[-1] else "preferred" if secid.endswith("P") else "share"
        facts.append(facts_of(secid, ("", "oil", "metal", "tech")[min(place, 1 + place % 3)], kind=kind))
    return Universe(bars=bars, facts=tuple(facts), begin_s=_seconds(sample.month))


def _real_bars(rows: Any, secid: str, timeframe: str) -> Bars:
    begin_s = rows["begin"].dt.epoch("s").to_numpy() - MOSCOW_S
    factor = np.ones(begin_s.size)
    split = REAL[timeframe].split
    if split is not None and split[0] == secid:
        factor[begin_s >= _seconds(split[1])] = split[2]
    price = {
        name: rows[name].to_numpy().astype(np.float64) * factor for name in ("open", "high", "low", "close")
    }
    volume = rows["volume"].to_numpy().astype(np.float64) / factor
    dividend = np.zeros(begin_s.size)
    paid = len(dividend) * 9 // 10
    dividend[paid] = 0.02 * price["close"][paid - 1]
    return Bars(
        secid=secid, timeframe=Timeframe(timeframe), begin_s=begin_s, **price, volume_shares=volume,
        turnover_rub=volume * price["close"], split_factor=factor, dividend_rub=dividend,
        trading_day=(begin_s + MOSCOW_S) // 86_400, session=np.full(begin_s.size, MAIN, dtype=np.int8),
    )  # fmt: skip


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) - MOSCOW_S
