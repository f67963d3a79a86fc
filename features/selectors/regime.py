"""The stored regime. Light: it reads rows and computes nothing, so the web process may use it."""

from __future__ import annotations

from datetime import datetime, time

from django.db.models import QuerySet

from features.contracts import RegimeFacts
from features.models import RegimeHistory
from traderai.common.clock import MOSCOW


def regime_at(*, as_of: datetime, simulated: bool = False) -> RegimeFacts | None:
    """Return the regime of the newest trading day that was over at `as_of`, None where none is known.

    The regime may be old when nothing newer is stored: `RegimeFacts.as_of` says how old.
    """
    row = _rows(simulated).filter(as_of__lte=as_of).order_by("-as_of").first()
    return None if row is None else _facts(row)


def regime_days(*, as_of: datetime, since: datetime, simulated: bool = False) -> tuple[RegimeFacts, ...]:
    """Return the regimes that became known after `since` and up to `as_of`, oldest first."""
    rows = _rows(simulated).filter(as_of__lte=as_of, as_of__gt=since).order_by("as_of")
    return tuple(_facts(row) for row in rows)


def _rows(simulated: bool) -> QuerySet[RegimeHistory]:
    market = RegimeHistory.Market.SIMULATED if simulated else RegimeHistory.Market.MOEX
    return RegimeHistory.objects.filter(market=market)


def _facts(row: RegimeHistory) -> RegimeFacts:
    return RegimeFacts(
        name=row.name,
        probabilities=dict(row.probabilities),
        since=datetime.combine(row.spell_began_on, time(), tzinfo=MOSCOW),
        as_of=row.as_of,
        reasons=tuple((name, value) for name, value in row.reasons),
    )
