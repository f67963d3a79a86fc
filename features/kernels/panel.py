"""From the daily closes of many shares, row by row, to one table of days and shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.kernels.adjust import dividend_factor
from traderai.common.arrays import F64, I64, Bools

NOT_OVER_S = 2**62


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareDays:
    """Closes by share and day, the days of each share rising; all arrays have shape (n,)."""

    share: I64  # column of the share in the table
    trading_day: I64  # the trading date, days since 1970
    last_day: I64  # the date of the day's last bar
    first_end_s: I64  # when the day's first bar was known, seconds since 1970 UTC
    is_daily: Bools  # from a daily bar; else from shorter ones
    close: F64  # adjusted for splits
    dividend_rub: F64  # per adjusted share, at the day its ex-date starts with


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyPanel:
    """The daily closes of many shares; the newest day may still be running."""

    trading_day: I64  # (d,) trading dates, days since 1970, rising
    known_s: (
        I64  # (d,) from when on the day is known to be over, seconds since 1970 UTC; 2**62 while it is not
    )
    closes: F64  # (d, s) adjusted for splits and dividends, NaN where a share did not trade
    is_daily: Bools  # (d, s) from a daily bar


def panel_days(rows: ShareDays) -> I64:
    """Return the trading days on which any share traded.

    Shapes: returns (d,), rising.
    Units:  days since 1970.
    """
    return np.unique(rows.trading_day)


def daily_panel(rows: ShareDays, *, shares: int, midnight_s: I64) -> DailyPanel:
    """Return the last close of every share on every trading day.

    Shapes: midnight_s (d,), the Moscow midnights that end the days of `panel_days`; returns (d,) and (d, shares).
    Units:  RUB at each share's first bar, dividends reinvested; seconds since 1970 UTC.
    NaN:    where a share did not trade on a day.
    Causal: a day's closes read the bars up to that day's last. A day is known to be over at the midnight after
        it. A day of which only a weekend session is known (it belongs to the trading day after it) is over when a
        bar of a later day is known.
    """
    days = panel_days(rows)
    closes = np.full((days.size, shares), np.nan)
    is_daily = np.zeros((days.size, shares), dtype=np.bool_)
    row = np.searchsorted(days, rows.trading_day)
    starts = np.searchsorted(rows.share, np.arange(shares + 1))
    for column in range(shares):
        own = slice(starts[column], starts[column + 1])
        closes[row[own], column] = rows.close[own] * dividend_factor(rows.close[own], rows.dividend_rub[own])
        is_daily[row[own], column] = rows.is_daily[own]
    last_day = np.full(days.size, np.iinfo(np.int64).min)
    first_known_s = np.full(days.size, NOT_OVER_S)
    np.maximum.at(last_day, row, rows.last_day)
    np.minimum.at(first_known_s, row, rows.first_end_s)
    next_known_s = np.append(first_known_s[1:], NOT_OVER_S)[: days.size]
    known_s = np.where(last_day < days, next_known_s, midnight_s).astype(np.int64)
    return DailyPanel(trading_day=days, known_s=known_s, closes=closes, is_daily=is_daily)
