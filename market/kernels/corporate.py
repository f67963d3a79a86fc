"""Days of corporate actions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

T_PLUS_2_FROM = date(2013, 9, 2)
T_PLUS_1_FROM = date(2023, 7, 31)


def ex_date(registry_close: date, trading_days: Sequence[date]) -> date | None:
    """Return the first trading day on which a buyer no longer gets the dividend, None if the days do not tell.

    A trade settles two trading days later, one since 2023-07-31, the same day before 2013-09-02; who has settled
    by the registry's close is paid. With the register closing on a trading day the ex-date is that day since
    2023-07-31, the trading day before it earlier, and the trading day after it until 2013-08; with the register
    closing on a Sunday the last trading day before it counts instead.

    Units: `trading_days` rises strictly and holds every trading day of its span
    Source: the exchange's settlement rules (T+0 until 2013-08-30, T+2 until 2023-07-28, T+1 after)
    """
    if not trading_days or not trading_days[0] <= registry_close <= trading_days[-1]:
        return None
    last = bisect_right(trading_days, registry_close) - 1
    for at in range(max(0, last - 2), min(last + 2, len(trading_days))):
        if at + _settlement_days(trading_days[at]) > last:
            # With fewer days before it, an earlier day that is not known might have been the first.
            return trading_days[at] if at > 0 else None
    return None


def _settlement_days(traded: date) -> int:
    if traded < T_PLUS_2_FROM:
        return 0
    return 1 if traded >= T_PLUS_1_FROM else 2
