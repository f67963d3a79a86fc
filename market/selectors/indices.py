"""Reading who belonged to an index and with which weight, as was known at a moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from market.contracts import IndexMemberFacts, IndexWeights
from market.models import IndexMember, IndexWeight
from traderai.common.clock import MOSCOW
from traderai.common.errors import NotReadyError

# Weights are told for each trading day; older ones than these say little of a moment.
WEIGHTS_FRESH = timedelta(days=120)


def index_members(*, index_secid: str, as_of: datetime) -> tuple[IndexMemberFacts, ...]:
    """Return the shares that belonged to an index at a moment, by ticker.

    Where no spans of membership are stored, the shares with a weight on the newest day told are its members.

    Raises: NotReadyError if neither tells of that moment.
    """
    day = as_of.astimezone(MOSCOW).date()
    spans = IndexMember.objects.filter(index_secid=index_secid, member_from__lte=day)
    if spans.exists():
        inside = spans.filter(Q(member_till__isnull=True) | Q(member_till__gte=day))
        rows = inside.select_related("instrument").order_by("instrument__secid", "member_from")
        return tuple(
            IndexMemberFacts(secid=row.instrument.secid, member_from=row.member_from) for row in rows
        )
    weights = index_weights(index_secid=index_secid, as_of=as_of)
    return tuple(
        IndexMemberFacts(secid=secid, member_from=weights.day) for secid in sorted(weights.weight_pct)
    )


def index_weights(*, index_secid: str, as_of: datetime) -> IndexWeights:
    """Return the weights of the newest day told that was over at `as_of`.

    Raises: NotReadyError if none is stored, or none of the last 120 days.
    """
    today = as_of.astimezone(MOSCOW).date()
    rows = IndexWeight.objects.filter(
        index_secid=index_secid, day__lt=today, day__gte=today - WEIGHTS_FRESH
    ).order_by("-day")
    newest = rows.values_list("day", flat=True).first()
    if newest is None:
        raise NotReadyError(
            f"weights of {index_secid} must be stored for a day of the {WEIGHTS_FRESH.days} before {today}, "
            "there are none; ingest indices",
            code="no_index_weights",
        )
    told = rows.filter(day=newest).values_list("instrument__secid", "weight_pct")
    return IndexWeights(
        index_secid=index_secid, day=newest, weight_pct=dict(told.order_by("instrument__secid"))
    )
