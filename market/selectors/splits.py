"""Reading splits, for whoever holds shares across one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Min

from market.contracts import SplitFacts
from market.models import CorporateAction, TradingDay
from traderai.common.clock import midnight


def splits_get(*, secids: Sequence[str], as_of: datetime) -> dict[str, tuple[SplitFacts, ...]]:
    """Return by current ticker the splits known at `as_of` that had begun by then, oldest first.

    Shares without one are left out; two sources that tell of one split tell of one split, the one that bars count.
    """
    rows = CorporateAction.objects.filter(
        instrument__secid__in=secids, kind=CorporateAction.Kind.SPLIT, known_at__lte=as_of
    ).order_by("ex_date", "source")
    found = [
        (secid, ex_date, ratio)
        for secid, ex_date, ratio in rows.values_list(
            "instrument__secid", "ex_date", "shares_after_per_before"
        )
    ]
    begins = _first_days({ex_date for _, ex_date, _ in found})
    by_secid: defaultdict[str, dict[date, SplitFacts]] = defaultdict(dict)
    for secid, ex_date, ratio in found:
        begins_at = midnight(begins.get(ex_date, ex_date))
        if begins_at <= as_of:
            by_secid[secid][ex_date] = SplitFacts(begins_at=begins_at, shares_after_per_before=ratio or 1.0)
    return {secid: tuple(own.values()) for secid, own in by_secid.items()}


def _first_days(ex_dates: set[date]) -> dict[date, date]:
    """Return the first calendar day of each trading day: a weekend session goes before its own."""
    if not ex_dates:
        return {}
    rows = TradingDay.objects.filter(trading_date__in=ex_dates).values("trading_date")
    return {row["trading_date"]: row["first"] for row in rows.annotate(first=Min("date"))}
