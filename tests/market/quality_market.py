"""A clean small market of hourly bars, into which tests plant faults."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from market.calendar_config import session_table
from market.contracts import CandleColumns, Timeframe
from market.models import Instrument
from market.quality_config import quality_config
from market.services.quality_checks import MarketContext, series_look
from market.services.quality_findings import SeriesFindings
from market.services.quality_market import group_days, group_look
from market.services.quality_series import SeriesBars, SeriesKey

FIRST_DAY = 19_368  # Wednesday, 2023-01-11
HOURS = range(9, 24)  # as the exchange trades from 2022-09-12 on: 9:50 to 18:50 and 19:05 to 23:50
STEP_RUB = 0.01
AS_OF = datetime(2023, 5, 17, tzinfo=UTC)


def workdays(count: int) -> np.ndarray:
    days = np.arange(FIRST_DAY, FIRST_DAY + 2 * count)
    return days[(days + 3) % 7 < 5][:count]


def clean_bars(secid: str, seed: int, *, days: int = 90, minutes: int = 60, **changed: object) -> SeriesBars:
    """Return a quiet random walk with a bar in each hour of each session."""
    rng = np.random.default_rng(seed)
    day = np.repeat(workdays(days), len(HOURS)) if minutes < 1440 else workdays(days)
    hour = np.tile(np.array(HOURS), days) if minutes < 1440 else np.zeros(days, dtype=np.int64)
    n = day.size
    close = np.round(200.0 * np.exp(np.cumsum(rng.normal(0, 0.003, n))), 2)
    opened = np.round(np.append(200.0, close[:-1]), 2)
    prices = np.column_stack(
        [opened, np.maximum(opened, close) + 0.2, np.minimum(opened, close) - 0.2, close]
    ).round(2)
    instrument = Instrument(secid=secid, price_step_rub=STEP_RUB, **changed)
    return SeriesBars(
        key=SeriesKey(instrument=instrument, timeframe=Timeframe.of_minutes(minutes)),
        begin_s=(day * 86_400 + hour * 3600 - 3 * 3600).astype(np.int64),
        day=day.astype(np.int64),
        prices=prices,
        volume_shares=rng.integers(500, 1500, n).astype(np.float64),
        factor=np.ones(n),
        dividend_rub=np.zeros(n),
        step_rub=np.full(n, STEP_RUB),
    )


def columns_of(bars: SeriesBars) -> CandleColumns:
    return CandleColumns(
        begin_s=bars.begin_s,
        open=bars.prices[:, 0],
        high=bars.prices[:, 1],
        low=bars.prices[:, 2],
        close=bars.prices[:, 3],
        volume_shares=bars.volume_shares,
        value_rub=np.full(len(bars), np.nan),
    )


def without(bars: SeriesBars, rows: np.ndarray) -> SeriesBars:
    """Return the series without the rows of a mask."""
    kept = ~rows
    return SeriesBars(
        key=bars.key,
        **{
            name: getattr(bars, name)[kept]
            for name in ("begin_s", "day", "prices", "volume_shares", "factor", "dividend_rub", "step_rub")
        },
    )


def look(series: list[SeriesBars], *, moves: np.ndarray | None = None, as_of: datetime = AS_OF) -> dict[str, SeriesFindings]:  # fmt: skip
    """Return what is found, by ticker; "" holds the market's."""
    days = np.unique(np.concatenate([bars.day for bars in series]))
    market = MarketContext(days=days, moves=np.zeros(days.size) if moves is None else moves)
    config = quality_config()
    looks = [series_look(bars=bars, table=session_table(), market=market, config=config) for bars in series]
    whole = group_look(looks, group=group_days(looks, config=config), as_of=as_of, config=config)
    return {one.key.instrument.secid: one.findings for one in looks} | {"": whole}
