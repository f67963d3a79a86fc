"""The columns of the indices a second time, slowly: from the rows of the candles, one day after the other."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np

from market.models import Candle, Instrument
from tests.features.golden_higher import (
    BASE,
    Frame,
    Joined,
    Row,
    frame_of_rows,
    joined_months,
    rows_of,
    stale_after_days,
    values_at,
)

DAY_MIN = 1_440
WARMUP_DAYS = 320


@dataclass(frozen=True)
class World:
    """The own bars of a share, the tickers of the indices, and what several columns read."""

    secid: str
    as_of: datetime
    own: list[Row]
    tickers: dict[str, str]  # of the names in the catalogue
    stale_days: int
    memo: dict[Any, Any]


Slow: TypeAlias = Callable[[World], list[float]]
TICKERS = {"imoex": "IMOEX", "rtsi": "RTSI", "rvi": "RVI"}


def world_of(secid: str, minutes: int, as_of: datetime, *, tickers: dict[str, str] | None = None) -> World:
    """Return the share's bars that had ended."""
    return World(
        secid=secid,
        as_of=as_of,
        own=rows_of(secid, minutes, as_of),
        tickers=TICKERS if tickers is None else tickers,
        stale_days=0 if minutes > DAY_MIN else 1,
        memo={},
    )


def months_of(world: World, index: str) -> list[Joined] | None:
    """Return what each month reads of an index; None if it has no candles."""
    if index not in world.memo:
        secid = world.tickers.get(index, "")
        held = Instrument.objects.filter(secid=secid).first()
        if held is None or not Candle.objects.filter(instrument=held, timeframe_min=DAY_MIN).exists():
            world.memo[index] = None
        else:
            days = rows_of(secid, DAY_MIN, world.as_of)
            world.memo[index] = joined_months(
                world.own, days, warmup=WARMUP_DAYS, stale=stale_after_days(world.stale_days)
            )
    months: list[Joined] | None = world.memo[index]
    return months


def _technical(index: str, slow: Callable[[Frame], Any]) -> Slow:
    def values(world: World) -> list[float]:
        months = months_of(world, index)
        return [math.nan] * len(world.own) if months is None else values_at(months, slow)

    return values


def _percentile(f: Frame) -> list[float]:
    out = [math.nan] * 249
    for at in range(249, len(f)):
        part = [float(value) for value in f.close[at - 249 : at + 1]]
        points = [1.0 if value < part[-1] else 0.5 if value == part[-1] else 0.0 for value in part]
        out.append(sum(points) / 250)
    return out


def share_closes(days: list[Row], share: list[Row]) -> list[float]:
    """Return the share's last close, dividends reinvested, of what it traded since the index's day before."""
    inside = [row for row in share if row.begin >= days[0].begin]
    adjusted = [float(close) for close in frame_of_rows(inside).close] if inside else []
    closes = []
    before = days[0].end - timedelta(days=1)
    for day in days:
        traded = [close for row, close in zip(inside, adjusted, strict=True) if before < row.end <= day.end]
        closes.append(traded[-1] if traded else math.nan)
        before = day.end
    return closes


def _against(index: str, figure: Callable[[list[float], list[float], int], float]) -> Slow:
    def values(world: World) -> list[float]:
        months = months_of(world, index)
        if months is None:
            return [math.nan] * len(world.own)
        share = rows_of(world.secid, DAY_MIN, world.as_of)
        out = []
        for number, month in enumerate(months):
            key = (index, "closes", number)
            if key not in world.memo:
                world.memo[key] = share_closes(month.window, share)
            closes, levels = world.memo[key], [row.close for row in month.window]
            found = {at: figure(closes, levels, at) for at in set(month.places) if at is not None}
            out += [math.nan if at is None else found[at] for at in month.places]
        return out

    return values


def _strength(span: int) -> Callable[[list[float], list[float], int], float]:
    def figure(share: list[float], index: list[float], at: int) -> float:
        if at < span:
            return math.nan
        return math.log(share[at] / share[at - span]) - math.log(index[at] / index[at - span])

    return figure


def pairs_of(share: list[float], index: list[float], at: int, window: int) -> list[tuple[float, float]]:
    """Return (index, share) log returns of the days on which both are known."""
    days = range(at - window + 1, at + 1)
    known = [day for day in days if not math.isnan(share[day]) and not math.isnan(share[day - 1])]
    return [(math.log(index[day] / index[day - 1]), math.log(share[day] / share[day - 1])) for day in known]


def _moment(window: int, figure: Callable[[list[float], list[float]], float]) -> Any:
    def value(share: list[float], index: list[float], at: int) -> float:
        if at < window:
            return math.nan
        pairs = pairs_of(share, index, at, window)
        if 3 * len(pairs) < 2 * window:
            return math.nan
        return figure([x for x, _ in pairs], [y for _, y in pairs])

    return value


def _beta(x: list[float], y: list[float]) -> float:
    return float(statistics.linear_regression(x, y).slope)


def _correlation(x: list[float], y: list[float]) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def _residual_std(x: list[float], y: list[float]) -> float:
    line = statistics.linear_regression(x, y)
    squares = sum((b - line.intercept - line.slope * a) ** 2 for a, b in zip(x, y, strict=True))
    return math.sqrt(squares / (len(x) - 2))


CORE: dict[str, Callable[[Frame], Any]] = {
    **{
        name: BASE[name]
        for name in (
            "ret_1", "ret_5", "ret_20", "price_sma_20", "price_sma_50", "price_sma_200", "macd_hist_atr", "adx_14",
            "rsi_14", "atr_14_pct", "std_20", "bb_position_20",
        )
    },
    "drawdown_60": lambda f: np.log(f.close / f.high.rolling(60).max()),
}  # fmt: skip
FEAR: dict[str, Callable[[Frame], Any]] = {
    "level": lambda f: f.close,
    "change_1": BASE["ret_1"],
    "change_5": BASE["ret_5"],
    "percentile_250": _percentile,
}
MOMENTS = {"beta": _beta, "corr": _correlation, "residual_std": _residual_std}
GOLDEN: dict[str, Slow] = {
    **{
        f"{index}_{name}": _technical(index, slow)
        for index in ("imoex", "rtsi")
        for name, slow in CORE.items()
    },
    **{f"rvi_{name}": _technical("rvi", slow) for name, slow in FEAR.items()},
    **{
        f"{index}_strength_{span}": _against(index, _strength(span))
        for index in ("imoex", "rtsi")
        for span in (5, 20, 60)
    },
    **{
        f"imoex_{name}_{window}": _against("imoex", _moment(window, figure))
        for name, figure in MOMENTS.items()
        for window in (60, 250)
    },
}
