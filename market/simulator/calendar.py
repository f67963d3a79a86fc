"""When the simulated market trades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from market.simulator.config import SimulatorConfig
from traderai.common.arrays import F64, I64, Bools

MOSCOW_S = 3 * 3600  # Moscow has been at UTC+3 throughout the simulated years
HOUR_S, DAY_S = 3600, 86_400
_EPOCH_DAY = 719_163
_SATURDAY, _SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarClock:
    """The hourly bars of the market; all arrays have shape (n,)."""

    begin_s: I64  # seconds since 1970 UTC
    hour: I64  # of Moscow
    date: I64  # Moscow's calendar date in days since 1970
    trading_day: I64  # the trading day it belongs to, in days since 1970
    opens_day: Bools  # the first bar of a calendar date, but for the first bar of all
    variance_frac: F64  # of a day's variance within sessions
    volume_frac: F64  # of a day's volume

    def __len__(self) -> int:
        return int(self.begin_s.size)

    def cut(self, stop: int) -> BarClock:
        """Return the first `stop` bars."""
        return BarClock(**{field.name: getattr(self, field.name)[:stop] for field in fields(self)})


def trading_date_of(config: SimulatorConfig, day: date) -> date | None:
    """Return the trading day that a calendar date belongs to, None where there is no trading."""
    if day.weekday() < _SATURDAY:
        return day if f"{day:%m-%d}" not in config.holidays else None
    if config.weekend_from is None or day < date.fromisoformat(config.weekend_from):
        return None
    monday = day + timedelta(days=7 - day.weekday())
    # Before a Monday without trading there is no weekend session: it would belong to no trading day.
    return None if f"{monday:%m-%d}" in config.holidays or f"{day:%m-%d}" in config.holidays else monday


def open_dates(config: SimulatorConfig, *, since: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield (date, trading day) of each date with trading; `until` is left out."""
    day = max(since, date.fromisoformat(config.start))
    while day < until:
        trading = trading_date_of(config, day)
        if trading is not None:
            yield day, trading
        day += timedelta(days=1)


def weekend_hours(config: SimulatorConfig) -> list[int]:
    """Return the hours of a weekend session: those of the main session."""
    first, end = config.sessions["main"]
    return [hour for hour in sorted(config.hours) if first <= hour < end]


def bar_clock(config: SimulatorConfig, *, closed_by_s: int) -> BarClock:
    """Return every hourly bar that has ended by a moment; a later moment only appends.

    Units: seconds since 1970 UTC
    """
    last = date.fromordinal((closed_by_s + MOSCOW_S) // DAY_S + _EPOCH_DAY)
    rows = []
    for day, trading in open_dates(config, since=date.fromisoformat(config.start), until=last + timedelta(1)):
        number = day.toordinal() - _EPOCH_DAY
        is_weekend = day.weekday() >= _SATURDAY
        part = config.weekend_frac if is_weekend else 1.0
        for hour in weekend_hours(config) if is_weekend else sorted(config.hours):
            variance, volume = config.hours[hour]
            begin_s = number * DAY_S - MOSCOW_S + hour * HOUR_S
            if begin_s + HOUR_S <= closed_by_s:
                rows.append(
                    (begin_s, hour, number, trading.toordinal() - _EPOCH_DAY, variance * part, volume * part)
                )
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    whole = table[:, :4].astype(np.int64)
    opens = np.zeros(len(table), dtype=np.bool_)
    opens[1:] = whole[1:, 2] != whole[:-1, 2]
    return BarClock(
        begin_s=whole[:, 0],
        hour=whole[:, 1],
        date=whole[:, 2],
        trading_day=whole[:, 3],
        opens_day=opens,
        variance_frac=table[:, 4],
        volume_frac=table[:, 5],
    )


def day_number(day: date) -> int:
    """Return days since 1970."""
    return day.toordinal() - _EPOCH_DAY


def day_of(number: int) -> date:
    """Return the date of days since 1970."""
    return date.fromordinal(number + _EPOCH_DAY)
