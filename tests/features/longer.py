"""Stored candles of many lengths for tests of what is joined to bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from features.services.months import build_scope, month_scopes
from features.sources.base import ColumnSource
from features.sources.listed import SOURCES
from features.spec import FeatureSpec
from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.instruments import traded_list
from market.services.candle_write import candles_write
from tests.features.real import SAMPLES
from tests.market.make import FILE, days_of
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW, to_epoch_s

NOW = datetime(2025, 1, 10, 12, tzinfo=UTC)
WARMUP_BARS = 600
LAST_DAY = "2024-05-03"
# Moscow hours of trading; bars of four hours stand where the exchange's day has them.
HOURS = range(10, 19)


def weekdays_before(last: str, count: int) -> list[date]:
    """Return the last `count` weekdays up to a day."""
    end = date.fromisoformat(last)
    return [day for day in days_of(str(end - timedelta(days=2 * count + 14)), 2 * count + 14) if day <= end][
        -count:
    ]


def begins_of(timeframe: Timeframe, bars: int, *, last: str = LAST_DAY) -> list[datetime]:
    """Return the begins of the last `bars` bars up to the end of a day."""
    if timeframe is Timeframe.W1:
        monday = date.fromisoformat(last) - timedelta(days=date.fromisoformat(last).weekday())
        return [midnight(monday - timedelta(weeks=back)) for back in reversed(range(bars))]
    if timeframe is Timeframe.D1:
        return [midnight(day) for day in weekdays_before(last, bars)]
    minutes = range(HOURS[0] * 60, (HOURS[-1] + 1) * 60, timeframe.minutes)
    if timeframe is Timeframe.H4:
        minutes = range(8 * 60, 20 * 60, 240)
    days = weekdays_before(last, bars // len(minutes) + 1)
    return [midnight(day) + timedelta(minutes=minute) for day in days for minute in minutes][-bars:]


def midnight(day: date) -> datetime:
    """Return the Moscow midnight with which a day begins."""
    return datetime.combine(day, time(), tzinfo=MOSCOW)


def walk(begins: Sequence[datetime], *, seed: int, level: float = 100.0) -> CandleColumns:
    """Return candles of a seeded random walk."""
    rng = np.random.default_rng(seed)
    n = len(begins)
    close = level * np.exp(np.cumsum(rng.normal(0.0, 0.012, n)))
    open_ = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.003, n))
    return CandleColumns(
        begin_s=np.array([to_epoch_s(begin) for begin in begins], dtype=np.int64),
        open=open_,
        high=np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, n))),
        low=np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, n))),
        close=close,
        volume_shares=np.round(rng.lognormal(8.0, 1.0, n)),
        value_rub=np.full(n, np.nan),
    )


def held(secid: str, **changed: Any) -> Instrument:
    """Store an instrument."""
    return Instrument.objects.create(secid=secid, name_ru=secid, name_en=secid, **changed)


def store(instrument: Instrument, timeframe: Timeframe, candles: CandleColumns) -> None:
    """Store candles of an instrument."""
    origin = SIMULATOR_ORIGIN if instrument.is_simulated else FILE
    candles_write(instrument_id=instrument.pk, timeframe=timeframe, columns=candles, origin=origin)


def action(instrument: Instrument, on: str, **figures: Any) -> None:
    """Store a split (`shares_after_per_before`) or a dividend (`amount_rub`) that was known early."""
    kind = "split" if "shares_after_per_before" in figures else "dividend"
    CorporateAction.objects.create(
        instrument=instrument, kind=kind, ex_date=on, known_at=datetime(2000, 1, 1, tzinfo=UTC), source="test",
        **figures,
    )  # fmt: skip


def joined(
    specs: tuple[FeatureSpec, ...],
    timeframe: Timeframe,
    *,
    as_of: datetime = NOW,
    since: datetime | None = None,
    secids: Sequence[str] | None = None,
) -> dict[str, F64]:
    """Return the columns of a source at all bars, month by month as a build asks for them; NaN where left out."""
    universe = [
        facts for facts in traded_list(timeframe=timeframe) if secids is None or facts.secid in secids
    ]
    built = build_scope(universe=universe, timeframe=timeframe, since=since, as_of=as_of)
    assert built is not None
    scope, months = built
    source: ColumnSource = SOURCES[specs[0].reads](scope, specs)
    parts: dict[str, list[F64]] = {facts.secid: [] for facts in universe}
    for month in month_scopes(scope, months, warmup_bars=WARMUP_BARS, failed={}):
        columns = source.month_columns(month)
        assert columns.keys() <= month.bars.keys()
        for secid, bars in month.bars.items():
            values = columns.get(secid, np.full((bars.rows, len(specs)), np.nan))
            assert values.shape == (bars.rows, len(specs))
            parts[secid].append(values)
    return {secid: np.concatenate(values) for secid, values in parts.items() if values}


def assert_equal_columns(fast: F64, slow: dict[str, list[float]], names: Sequence[str]) -> None:
    """Fail unless every column equals its slow one, unknown where that is unknown."""
    wrong = []
    for place, name in enumerate(names):
        want = np.asarray(slow[name], dtype=np.float64)
        want = np.where(np.isfinite(want), want, np.nan)
        same = np.isfinite(fast[:, place]) == np.isfinite(want)
        close = np.isclose(fast[:, place], want, rtol=2e-5, atol=2e-6, equal_nan=True)
        if not (same & close).all():
            wrong.append((name, int((~(same & close)).sum())))
    assert not wrong, f"columns that differ, with how many rows: {wrong}"


def assert_same_bits(got: F64, want: F64, names: Sequence[str]) -> None:
    """Fail unless two sets of columns are the same bits."""
    assert got.shape == want.shape
    unequal = [
        name
        for place, name in enumerate(names)
        if np.ascontiguousarray(got[:, place]).tobytes() != np.ascontiguousarray(want[:, place]).tobytes()
    ]
    assert not unequal, f"columns that differ: {unequal}"


def real_candles(folder: Path, timeframe: Timeframe) -> tuple[str, CandleColumns]:
    """Return the ticker and the as-traded candles of the sample of a timeframe."""
    sample = SAMPLES[timeframe.value]
    rows = (
        pl.scan_parquet(folder / sample.place)
        .filter(pl.col("secid") == sample.secid)
        .rename(lambda name: "begin" if name == "date" else name)
        .with_columns(pl.col("begin").cast(pl.Datetime("us")))
        .filter(pl.col("begin").is_between(sample.since, sample.until))
        .collect()
    )
    return sample.secid, columns_of(rows)


def real_days(folder: Path, secid: str, *, since: date, until: date) -> CandleColumns:
    """Return the as-traded daily candles of a share."""
    rows = (
        pl.scan_parquet(folder / "daily/1d_as_traded_2000_2024.parquet")
        .filter((pl.col("secid") == secid) & pl.col("date").is_between(since, until))
        .with_columns(begin=pl.col("date").cast(pl.Datetime("us")))
        .collect()
    )
    return columns_of(rows)


def columns_of(rows: pl.DataFrame) -> CandleColumns:
    """Return rows in Moscow wall clock as candles, each begin once."""
    clean = (
        rows.filter((pl.col("low") > 0) & (pl.col("volume") >= 0)).unique("begin", keep="first").sort("begin")
    )
    prices = {name: clean[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close")}
    return CandleColumns(
        begin_s=clean["begin"].dt.epoch("s").to_numpy().astype(np.int64) - 3 * 3600,
        **prices,
        volume_shares=clean["volume"].to_numpy().astype(np.float64),
        value_rub=np.full(len(clean), np.nan),
    )


def longer_of(candles: CandleColumns, every: str) -> CandleColumns:
    """Return longer candles of shorter ones, begun with the wall clock: "15m", "4h", "1w"."""
    frame = pl.DataFrame(
        {
            "begin": candles.begin_s + 3 * 3600,
            **{name: getattr(candles, name) for name in ("open", "high", "low", "close")},
            "volume": candles.volume_shares,
        }
    ).with_columns(pl.from_epoch("begin", "s").cast(pl.Datetime("us")).set_sorted())
    rows = frame.group_by_dynamic("begin", every=every).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    return columns_of(rows)
