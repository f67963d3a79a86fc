"""Splits and dividends of simulated shares and what they do to prices as traded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from market.kernels.corporate import ex_date
from market.simulator.calendar import BarClock, day_number, day_of, open_dates, trading_date_of
from market.simulator.config import SimulatedShare, SimulatorConfig
from traderai.common.arrays import F64

_ANNOUNCED_BEFORE = timedelta(days=35)  # the register's close


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitEvent:
    """A split that has happened."""

    share: int
    ex_date: date
    shares_after_per_before: float
    row: int  # of the first bar in new shares


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendEvent:
    """A dividend that has been announced."""

    share: int
    announced_on: date
    registry_close: date
    ex_date: date
    amount_rub: float  # per share as of the ex-date


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorporateEvents:
    """The actions known at the last bar and what they add to log prices."""

    level: F64  # (n, k)
    splits: tuple[SplitEvent, ...]
    dividends: tuple[DividendEvent, ...]


def corporate_events(config: SimulatorConfig, clock: BarClock, log_close: F64) -> CorporateEvents:
    """Return the splits and dividends of the bars' span and their effect on prices as traded.

    A split divides the price from its first day on. A dividend is a part of the close before the day on which it
    is announced, and falls out of the price before the first bar of its ex-date: close before = open + dividend
    on average, so that nothing can be earned by either.

    Shapes: clock (n,), log_close (n, k) without any action -> level (n, k) to be added to it
    Units: roubles per share as traded
    Causal: bar i depends on bars up to i alone
    """
    level = np.zeros_like(log_close)
    splits: list[SplitEvent] = []
    dividends: list[DividendEvent] = []
    for at, share in enumerate(config.shares):
        splits += _split(share, at, clock, level[:, at])
        dividends += _pay(config, at, clock, log_close[:, at], level[:, at])
    return CorporateEvents(level=level, splits=tuple(splits), dividends=tuple(dividends))


def listed_span(config: SimulatorConfig, share: SimulatedShare) -> tuple[date, date]:
    """Return a share's first and last day of trading."""
    start = date.fromisoformat(config.start)
    first = start if share.listed_on is None else max(start, date.fromisoformat(share.listed_on))
    last = date.max if share.delisted_on is None else date.fromisoformat(share.delisted_on)
    return first, last


def next_trading_date(config: SimulatorConfig, day: date) -> date:
    """Return the first weekday with trading on or after a date."""
    while trading_date_of(config, day) != day:
        day += timedelta(days=1)
    return day


def _split(share: SimulatedShare, at: int, clock: BarClock, level: F64) -> Iterator[SplitEvent]:
    for split in share.splits:
        row = int(np.searchsorted(clock.trading_day, day_number(date.fromisoformat(split.date))))
        if 0 < row < len(clock):
            level[row:] -= np.log(split.shares_after_per_before)
            yield SplitEvent(
                share=at,
                ex_date=day_of(int(clock.trading_day[row])),
                shares_after_per_before=split.shares_after_per_before,
                row=row,
            )


def _pay(
    config: SimulatorConfig, at: int, clock: BarClock, log_close: F64, level: F64
) -> Iterator[DividendEvent]:
    share = config.shares[at]
    first, last = listed_span(config, share)
    for announced_on, registry_close in _schedule(config, at, clock):
        begin = day_number(announced_on)
        row = int(np.searchsorted(clock.date, begin))
        off = ex_date(registry_close, _days_around(config, registry_close))
        if off is None or not first < announced_on <= off <= last or not 0 < row < len(clock):
            continue
        # What is announced in old shares and paid in new ones would need two amounts.
        if any(announced_on <= date.fromisoformat(split.date) <= off for split in share.splits):
            continue
        ex_row = int(np.searchsorted(clock.trading_day, day_number(off)))
        price = float(np.exp(log_close[row - 1] + level[row - 1]))
        amount = float(f"{price * share.dividend_yield_frac / len(share.dividend_months):.3g}")
        if ex_row < len(clock):
            before = float(np.exp(log_close[ex_row - 1] + level[ex_row - 1]))
            # A dividend never takes more than half a price that has fallen since it was announced.
            level[ex_row:] += np.log1p(-min(amount / before, 0.5))
        yield DividendEvent(
            share=at, announced_on=announced_on, registry_close=registry_close, ex_date=off, amount_rub=amount
        )


def _schedule(config: SimulatorConfig, at: int, clock: BarClock) -> Iterator[tuple[date, date]]:
    """Yield (announced, register closes) in order for the years of the bars."""
    if not len(clock):
        return
    years = range(day_of(int(clock.date[0])).year, day_of(int(clock.date[-1])).year + 2)
    for year in years:
        for month in sorted(config.shares[at].dividend_months):
            drawn = int(np.random.default_rng([config.seed, 13, at, year, month]).integers(0, 20))
            registry_close = next_trading_date(config, date(year, month, 4 + drawn))
            yield next_trading_date(config, registry_close - _ANNOUNCED_BEFORE), registry_close


def _days_around(config: SimulatorConfig, day: date) -> list[date]:
    span = {"since": day - timedelta(days=21), "until": day + timedelta(days=21)}
    return sorted({trading for _, trading in open_dates(config, **span)})
