"""What is told of an instrument made into its `Bars`: by the selectors of what is stored, and of what is simulated."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from market.calendar_config import session_table
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.kernels.adjustment import dividends_by_bar, known_with_bar, split_factors
from market.kernels.sessions import session_codes
from traderai.common.arrays import F64, I8, I64
from traderai.common.clock import MOSCOW
from traderai.common.errors import InvariantError

COLUMNS = ("begin_s", "day", "open", "high", "low", "close", "volume", "turnover")
_INTEGERS = 2  # the first columns of those
_DAY_S = 86_400
_LOOKED_S = 14 * _DAY_S
_LOOKED_TILL_S = 2_000_000_000  # what is decreed for later than 2033 is not known yet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradingCalendar:
    """The days with trading, oldest first, each with its trading date, in days since 1970."""

    days: I64
    trading: I64
    sorted_trading: I64  # each trading date once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActionArrays:
    """The splits and dividends of one instrument: ex-days and figures."""

    split_days: I64
    split_ratios: F64
    dividend_days: I64
    dividend_rub: F64
    dividend_known_s: F64


NO_BARS: dict[str, Any] = {
    name: np.empty(0, dtype=np.int64 if place < _INTEGERS else np.float64)
    for place, name in enumerate(COLUMNS)
}


def bars_of(
    facts: InstrumentFacts,
    timeframe: Timeframe,
    table: dict[str, Any],
    session: I8,
    calendar: TradingCalendar,
    actions: ActionArrays,
    day_before: int | None,
) -> Bars:
    """Return bars as traded (the columns of COLUMNS) on prices adjusted forward, with their dividends and days.

    `day_before` is the trading date (of a week its Monday) of the bar before the first one handed in, None without one.

    Raises: InvariantError for a bar without a trading day.
    """
    trading_date, ordinal = _trading_days(table["day"], calendar, facts, timeframe)
    factor = split_factors(trading_date, actions.split_days, actions.split_ratios)
    goes_from, ex_days = trading_date, actions.dividend_days
    if timeframe is Timeframe.W1:
        # A week's bar holds the gap of each of its days, not of its first trading day alone.
        goes_from, ex_days = _mondays(table["day"]), _mondays(ex_days)
    if day_before is None:
        # Nothing is stored before: dividends from before the history are not the first bar's.
        day_before = int(goes_from[0]) - 1 if goes_from.size else 0
    # A dividend whose ex-date lies before the first bar handed out did not start with that bar.
    inside = ex_days > day_before
    # Nor does one that was known only when its bar had ended: what was told of the bar then must not change.
    ends_s = table["begin_s"] + 60 * timeframe.minutes
    inside &= known_with_bar(goes_from, ex_days, actions.dividend_known_s, ends_s)
    return Bars(
        secid=facts.secid,
        timeframe=timeframe,
        begin_s=table["begin_s"],
        open=table["open"] * factor,
        high=table["high"] * factor,
        low=table["low"] * factor,
        close=table["close"] * factor,
        volume_shares=table["volume"] / factor,
        turnover_rub=table["turnover"],
        split_factor=factor,
        dividend_rub=factor * dividends_by_bar(goes_from, ex_days[inside], actions.dividend_rub[inside]),
        trading_day=ordinal,
        session=session,
    )


def sessions_of(tables: Sequence[Mapping[str, Any]], timeframe: Timeframe) -> list[I8]:
    """Return the sessions of each table's bars, looked up for all of them at once."""
    begins = [table["begin_s"] for table in tables]
    codes = session_codes(
        np.concatenate([NO_BARS["begin_s"], *begins]), session_table(), bar_s=60 * timeframe.minutes
    )
    stops = np.cumsum([begin.size for begin in begins])
    # Copies: a view would hold the sessions of all instruments in memory.
    return [part.copy() for part in np.split(codes, stops[:-1])] if begins else []


def _trading_days(
    days: I64, calendar: TradingCalendar, instrument: InstrumentFacts, timeframe: Timeframe
) -> tuple[I64, I64]:
    """Return each bar's trading date (days since 1970) and that date's ordinal in the calendar."""
    at = np.searchsorted(calendar.days, days)
    inside = at < len(calendar.days)
    if instrument.kind == "index" or timeframe is Timeframe.W1:
        # Behind the newest day with trading in shares, the bar's own day stands for the next one.
        trading_date: I64 = days.copy()
        trading_date[inside] = calendar.trading[at[inside]]
        ordinals = np.searchsorted(np.union1d(calendar.sorted_trading, trading_date), trading_date)
        return trading_date, ordinals.astype(np.int64)
    if not inside.all() or (calendar.days[at] != days).any():
        raise InvariantError(
            "each bar must have its trading day, one has none; write candles by market.services.candle_write"
        )
    trading_date = calendar.trading[at]
    return trading_date, np.searchsorted(calendar.sorted_trading, trading_date).astype(np.int64)


def day_number(day: Any) -> int:
    """Return the days since 1970 of a date."""
    return int(day.toordinal()) - 719_163


def _mondays(days: I64) -> I64:
    return days - (days - day_number(date(1970, 1, 5))) % 7


def moscow_dates(moment_s: I64) -> I64:
    """Return the date of each moment on Moscow's clock, by the summer times of old too, which moved midnight.

    Shapes: moment_s (n,) -> (n,)
    Units: seconds since 1970 UTC -> days since 1970
    """
    changes_s, offsets_s = _clock_changes()
    return np.asarray((moment_s + offsets_s[np.searchsorted(changes_s, moment_s, side="right")]) // _DAY_S)


@cache
def _clock_changes() -> tuple[I64, I64]:
    """Return when Moscow's clock was set anew (n,) and how far it has been ahead of UTC before, between and after (n + 1,)."""
    # It was never set twice in two weeks.
    looked_at = range(0, _LOOKED_TILL_S, _LOOKED_S)
    changes_s: list[int] = []
    offsets_s = [_ahead_s(0)]
    for first, last in pairwise(looked_at):
        if _ahead_s(last) != _ahead_s(first):
            seconds = range(first, last)
            changes_s.append(seconds[bisect_left(seconds, True, key=lambda s: _ahead_s(s) == _ahead_s(last))])
            offsets_s.append(_ahead_s(last))
    return np.array(changes_s, dtype=np.int64), np.array(offsets_s, dtype=np.int64)


def _ahead_s(moment_s: int) -> int:
    offset = datetime.fromtimestamp(moment_s, MOSCOW).utcoffset()
    return int((offset or timedelta()).total_seconds())
