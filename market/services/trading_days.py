"""Marking the days on which candles show trading, each with the trading day that it belongs to."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from django.db import connection

from market.calendar_config import calendar_rules
from market.kernels.calendar import WEEKEND_SESSIONS_FROM, CalendarRules, day_by_rule
from market.models import CalendarDay
from market.selectors.calendar import TOLD_BY_EXCHANGE
from traderai.common.arrays import I64

_UNMARKED = """
SELECT days.d FROM (
    SELECT DISTINCT (to_timestamp(hour * 3600) AT TIME ZONE 'Europe/Moscow')::date AS d
    FROM unnest(%(hours)s::int8[]) AS h (hour)
) AS days
LEFT JOIN market_tradingday t ON t.date = days.d
WHERE NOT coalesce(CASE WHEN %(is_simulated)s THEN t.is_simulated ELSE t.is_real END, false)
ORDER BY days.d
"""
# The trading day of a date that both trade on is the exchange's.
_MARK = """
INSERT INTO market_tradingday AS t (date, trading_date, is_real, is_simulated)
SELECT d, trading, NOT %(is_simulated)s, %(is_simulated)s
FROM unnest(%(days)s::date[], %(trading)s::date[]) AS marked (d, trading)
ORDER BY d
ON CONFLICT (date) DO UPDATE SET
    trading_date = CASE WHEN t.is_real OR excluded.is_simulated THEN t.trading_date ELSE excluded.trading_date END,
    is_real = t.is_real OR excluded.is_real, is_simulated = t.is_simulated OR excluded.is_simulated
"""


def trading_days_mark(*, begin_s: I64, is_simulated: bool) -> None:
    """Mark the days of bars that are no longer than a day; to be called in the transaction that stores them.

    Repeating: changes nothing; what `calendar_build` has told a day since stays.
    """
    # Moscow's clock differs from UTC by whole hours: the hours tell the days, and they are few.
    hours = np.unique(begin_s // 3600).tolist()
    with connection.cursor() as cursor:
        cursor.execute(_UNMARKED, {"hours": hours, "is_simulated": is_simulated})
        days = [day for (day,) in cursor.fetchall()]
        if not days:
            return
        trading = [_plain(day) for day in days] if is_simulated else _of_the_exchange(days)
        cursor.execute(_MARK, {"days": days, "trading": trading, "is_simulated": is_simulated})


def _of_the_exchange(days: list[date]) -> list[date]:
    told = dict(
        CalendarDay.objects.filter(date__in=days, source=TOLD_BY_EXCHANGE, is_open=True).values_list(
            "date", "trading_date"
        )
    )
    rules = calendar_rules()
    return [told.get(day) or _of_the_rules(day, rules) for day in days]


def _of_the_rules(day: date, rules: CalendarRules) -> date:
    trading = day_by_rule(day, rules).trading_date
    if trading is not None:
        return trading
    # A closed day that is traded all the same is its own, unless the weekend session before it belongs to a later one:
    # trading days must follow one another as their dates do.
    before = day - timedelta(days=1)
    return max(_plain(day), _of_the_rules(before, rules)) if before >= WEEKEND_SESSIONS_FROM else day


def _plain(day: date) -> date:
    """Return Monday for a weekend session, any other day itself."""
    ahead = 7 - day.weekday() if day.weekday() >= 5 and day >= WEEKEND_SESSIONS_FROM else 0
    return day + timedelta(days=ahead)
