"""Longer timeframes a second time, slowly: from the rows of the candles, one bar after the other."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from market.models import Candle, CorporateAction, Instrument, TradingDay
from tests.features import golden_trend, golden_volatility
from traderai.common.clock import MOSCOW

# pandas carries no types here
Frame: TypeAlias = Any
SHORT = 60  # rows below which pandas' second implementations cannot be asked


class Row(NamedTuple):
    """A candle in the shares of before the first split, with the dividend that went off since the row before."""

    begin: datetime
    end: datetime
    trading_date: date
    open: float
    high: float
    low: float
    close: float
    dividend: float


@dataclass(frozen=True)
class World:
    """The own bars of a share, and what several columns read of its other rows."""

    secid: str
    minutes: int
    as_of: datetime
    own: list[Row]
    memo: dict[Any, Any]


Slow: TypeAlias = Callable[[World], list[float]]


def world_of(secid: str, minutes: int, as_of: datetime) -> World:
    """Return the share's bars that had ended."""
    return World(secid=secid, minutes=minutes, as_of=as_of, own=rows_of(secid, minutes, as_of), memo={})


def rows_of(secid: str, minutes: int, as_of: datetime) -> list[Row]:
    """Return the candles that had ended at a moment, splits and dividends laid along them one by one."""
    instrument = Instrument.objects.get(secid=secid)
    goes_with = dict(TradingDay.objects.order_by("date").values_list("date", "trading_date"))
    actions = list(CorporateAction.objects.filter(instrument=instrument).order_by("ex_date"))
    rows: list[Row] = []
    for candle in Candle.objects.filter(instrument=instrument, timeframe_min=minutes).order_by("begin"):
        begin = candle.begin.astimezone(MOSCOW)
        end = begin + timedelta(minutes=minutes)
        if end > as_of:
            break
        day = goes_with.get(begin.date(), begin.date())
        last_day = end.date() - timedelta(days=1) if minutes == 10_080 else day
        before = rows[-1].begin.date() + timedelta(days=6) if rows and minutes == 10_080 else None
        if rows and before is None:
            before = rows[-1].trading_date
        factor, dividend = 1.0, 0.0
        for action in actions:
            if action.kind == "split" and action.ex_date <= day:
                factor *= action.shares_after_per_before or math.nan
            if action.kind == "dividend" and before is not None and before < action.ex_date <= last_day:
                dividend += action.amount_rub or math.nan
        rows.append(
            Row(
                begin=begin,
                end=end,
                trading_date=day,
                open=factor * candle.open,
                high=factor * candle.high,
                low=factor * candle.low,
                close=factor * candle.close,
                dividend=factor * dividend,
            )
        )
    return rows


def frame_of_rows(rows: list[Row]) -> Frame:
    """Return rows with the gaps of the dividends since the first of them taken out."""
    factor, table = 1.0, []
    for at, row in enumerate(rows):
        if at and row.dividend:
            factor *= rows[at - 1].close / (rows[at - 1].close - row.dividend)
        table.append([factor * price for price in (row.open, row.high, row.low, row.close)])
    return pd.DataFrame(table, columns=["open", "high", "low", "close"])


def month_of(row: Row) -> tuple[int, int]:
    """Return the Moscow month in which a bar begins."""
    return row.begin.year, row.begin.month


class Joined(NamedTuple):
    """The rows that a month reads, and at each own bar of the month the place of the newest that had ended."""

    window: list[Row]
    stretches: list[list[Row]]  # of the window
    places: list[int | None]


# Called with the first own bar since a row, the own bar that asks, and the trading days' numbers.
Stale: TypeAlias = Callable[[Row, Row, dict[date, int]], bool]


def newest(own: list[Row], at: int, others: list[Row], nth: dict[date, int], stale: Stale) -> int | None:
    """Return which of the others was the newest that had ended when own bar `at` ended; None if it is stale."""
    place = len(others) - 1
    while place >= 0 and others[place].end > own[at].end:
        place -= 1
    if place < 0:
        return None
    since = at + 1
    while since > 0 and own[since - 1].begin >= others[place].end:
        since -= 1
    if since <= at and stale(own[since], own[at], nth):
        return None
    return place


def stale_after_days(days: int) -> Stale:
    """Return the rule that a later row should be there when own trading has gone on for so many trading days."""
    return lambda first, last, nth: nth[last.trading_date] - nth[first.trading_date] >= days


def stale_after_length(minutes: int) -> Stale:
    """Return the rule that a later row should be there when the one of the first own bar since can have ended."""
    return lambda first, last, nth: last.end > first.begin + timedelta(minutes=minutes)


def joined_months(own: list[Row], others: list[Row], *, warmup: int, stale: Stale) -> list[Joined]:
    """Return for each month of the own bars what it reads of the others."""
    days = sorted(set(TradingDay.objects.values_list("trading_date", flat=True)))
    nth = {day: place for place, day in enumerate(days)}
    months = []
    for month in sorted({month_of(row) for row in own}):
        begin = datetime(*month, 1, tzinfo=MOSCOW)
        window = [row for row in others if row.begin < begin][-warmup:]
        window += [row for row in others if row.begin >= begin]
        at = [place for place, row in enumerate(own) if month_of(row) == month]
        places = [newest(own, place, window, nth, stale) for place in at]
        months.append(Joined(window, without_holes(window, days), places))
    return months


def without_holes(window: list[Row], days: list[date]) -> list[list[Row]]:
    """Return the rows in stretches; a new one begins where more than 22 trading days lie between two rows."""
    parts: list[list[Row]] = []
    for row in window:
        before = parts[-1][-1] if parts else row
        missed = bisect_left(days, row.trading_date) - bisect_left(days, before.trading_date)
        if not parts or missed > 22:
            parts.append([])
        parts[-1].append(row)
    return parts


def values_at(months: list[Joined], slow: Callable[[Frame], Any]) -> list[float]:
    """Return a slow column of the others at the own bars."""
    out: list[float] = []
    for month in months:
        values = [value for stretch in month.stretches for value in column(stretch, slow)]
        out += [math.nan if place is None else values[place] for place in month.places]
    return out


def column(window: list[Row], slow: Callable[[Frame], Any]) -> list[float]:
    """Return the slow column of a stretch of rows."""
    if not window:
        return []
    if len(window) < SHORT:
        raise ValueError(
            f"the test's series must have at least {SHORT} rows before its months, had {len(window)}"
        )
    return [float(value) for value in slow(frame_of_rows(window))]


def _range_position(f: Frame) -> Any:
    low, high = f.low.rolling(250).min(), f.high.rolling(250).max()
    return 100 * (f.close - low) / (high - low)


BASE: dict[str, Callable[[Frame], Any]] = {
    **{
        name: golden_trend.GOLDEN[name]
        for name in (
            "ret_1", "ret_5", "ret_20", "price_sma_20", "price_sma_50", "macd_hist_atr", "adx_14", "rsi_14",
        )
    },
    **{
        name: golden_volatility.GOLDEN[name]
        for name in ("atr_14_pct", "std_20", "bb_position_20", "std_60", "ewma_vol_94")
    },
    "price_sma_200": lambda f: f.close / f.close.rolling(200).mean() - 1,
    "dist_high_250": lambda f: np.log(f.close / f.high.rolling(250).max()),
    "dist_low_250": lambda f: np.log(f.close / f.low.rolling(250).min()),
    "range_position_250": _range_position,
}  # fmt: skip
YEAR_OF_DAYS = (
    "price_sma_200",
    "std_60",
    "ewma_vol_94",
    "dist_high_250",
    "dist_low_250",
    "range_position_250",
)
LEVELS = {"m5": 5, "m15": 15, "h1": 60, "h4": 240, "d1": 1_440, "w1": 10_080}


def _slow(minutes: int, base: str) -> Slow:
    def values(world: World) -> list[float]:
        if minutes <= world.minutes:
            return [math.nan] * len(world.own)
        if minutes not in world.memo:
            rules = {1_440: stale_after_days(1), 10_080: stale_after_days(6)}
            world.memo[minutes] = joined_months(
                world.own,
                rows_of(world.secid, minutes, world.as_of),
                warmup=260 if minutes == 10_080 else 300,
                stale=rules.get(minutes, stale_after_length(minutes)),
            )
        return values_at(world.memo[minutes], BASE[base])

    return values


GOLDEN: dict[str, Slow] = {
    f"{level}_{base}": _slow(minutes, base)
    for level, minutes in LEVELS.items()
    for base in BASE
    if level == "d1" or base not in YEAR_OF_DAYS
}
