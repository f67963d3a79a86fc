"""From the intraday bars of many shares to one table of daily closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.kernels.adjust import dividend_factor
from features.kernels.session import DAY_S, MOSCOW_OFFSET_S, moscow_seconds
from market.contracts import Bars
from traderai.common.arrays import F64, I64

SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyPanel:
    """The daily closes of many shares; the newest day may still be running."""

    trading_day: I64  # (d,) ordinals, rising
    date_day: I64  # (d,) Moscow date of the day's last bar, in days since 1970
    known_s: (
        I64  # (d,) from when on the day is known to be over, seconds since 1970 UTC; 2**62 while it is not
    )
    closes: F64  # (d, s) adjusted for splits and dividends, NaN where a share did not trade


def daily_panel(series: Sequence[Bars]) -> DailyPanel:
    """Return the last close of every share on every trading day.

    Shapes: s series of bars; returns arrays (d,) and (d, s).
    Units:  RUB at each share's first bar, dividends reinvested.
    NaN:    where a share did not trade on a day.
    Causal: a day's closes read the bars up to that day's last. A day is known to be over at the Moscow midnight
        after its last bar; a day whose last bar falls on a weekend only when a bar of the next day is known,
        as weekend sessions belong to the Monday after them.
    """
    days = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(bars.trading_day for bars in series)]))
    closes = np.full((days.size, len(series)), np.nan)
    last_begin_s = np.full(days.size, np.iinfo(np.int64).min)
    first_known_s = np.full(days.size, 2**62)
    for column, bars in enumerate(series):
        if len(bars) == 0:
            continue
        row = np.searchsorted(days, bars.trading_day)
        is_last = np.append(row[1:] != row[:-1], True)
        adjusted = bars.close * dividend_factor(bars.close, bars.dividend_rub)
        closes[row[is_last], column] = adjusted[is_last]
        np.maximum.at(last_begin_s, row, bars.begin_s)
        np.minimum.at(first_known_s, row, bars.known_s)
    date_day = moscow_seconds(last_begin_s) // DAY_S
    midnight_s = (date_day + 1) * DAY_S - MOSCOW_OFFSET_S
    next_known_s = np.append(first_known_s[1:], 2**62)[: days.size]
    on_weekend = (date_day + 3) % 7 >= SATURDAY
    return DailyPanel(
        trading_day=days,
        date_day=date_day,
        known_s=np.where(on_weekend, next_known_s, midnight_s).astype(np.int64),
        closes=closes,
    )
