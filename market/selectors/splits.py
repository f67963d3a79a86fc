"""Reading splits, for whoever holds shares across one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import OuterRef, Subquery

from market.contracts import SplitFacts
from market.models import CorporateAction, TradingDay
from traderai.common.clock import midnight


def splits_get(*, secids: Sequence[str], as_of: datetime) -> dict[str, tuple[SplitFacts, ...]]:
    """Return by current ticker the splits known at `as_of` that had begun by then, oldest first.

    Shares without one are left out; two sources that tell of one split tell of one split, the one that bars count.
    """
    # A weekend session goes before its own trading day: with it the split's prices begin.
    first = TradingDay.objects.filter(trading_date=OuterRef("ex_date")).order_by("date").values("date")[:1]
    rows = CorporateAction.objects.filter(
        instrument__secid__in=secids, kind=CorporateAction.Kind.SPLIT, known_at__lte=as_of
    ).order_by("ex_date", "source")
    told = rows.annotate(first_day=Subquery(first)).values_list(
        "instrument__secid", "ex_date", "first_day", "shares_after_per_before"
    )
    by_secid: defaultdict[str, dict[date, SplitFacts]] = defaultdict(dict)
    for secid, ex_date, first_day, ratio in told:
        begins_at = midnight(first_day or ex_date)
        if begins_at <= as_of:
            by_secid[secid][ex_date] = SplitFacts(begins_at=begins_at, shares_after_per_before=ratio or 1.0)
    return {secid: tuple(own.values()) for secid, own in by_secid.items()}
