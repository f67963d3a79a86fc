"""The stored regime. Light: it reads rows and computes nothing, so the web process may use it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from features.contracts import RegimeFacts
from features.models import RegimeHistory
from traderai.common.clock import midnight


def regime_at(*, as_of: datetime, simulated: bool = False, sector: str = "") -> RegimeFacts | None:
    """Return the regime of the newest trading day that was over at `as_of`, None where none is known.

    Of the whole market, or of the sector that is named. The regime may be old when nothing newer is stored:
    `RegimeFacts.as_of` says how old.
    """
    row = _rows(simulated).filter(scope=sector, as_of__lte=as_of).order_by("-as_of").first()
    return None if row is None else _facts(row)


def regime_days(
    *, as_of: datetime, since: datetime, simulated: bool = False, sector: str = ""
) -> tuple[RegimeFacts, ...]:
    """Return the regimes that became known after `since` and up to `as_of`, oldest first."""
    rows = _rows(simulated).filter(scope=sector, as_of__lte=as_of, as_of__gt=since).order_by("as_of")
    return tuple(_facts(row) for row in rows)


def regime_spans(
    *, as_of: datetime, since: datetime, simulated: bool = False, sectors: Collection[str] | None = None
) -> dict[str, tuple[RegimeFacts, ...]]:
    """Return by sector (all of them unless named), the market under "", what `regime_days` returns, in one query."""
    rows = _rows(simulated).filter(as_of__lte=as_of, as_of__gt=since).order_by("as_of")
    if sectors is not None:
        rows = rows.filter(scope__in={"", *sectors})
    found: dict[str, list[RegimeFacts]] = {}
    for row in rows:
        found.setdefault(row.scope, []).append(_facts(row))
    return {sector: tuple(days) for sector, days in found.items()}


def _rows(simulated: bool) -> QuerySet[RegimeHistory]:
    market = RegimeHistory.Market.SIMULATED if simulated else RegimeHistory.Market.MOEX
    return RegimeHistory.objects.filter(market=market)


def _facts(row: RegimeHistory) -> RegimeFacts:
    return RegimeFacts(
        name=row.name,
        probabilities=dict(row.probabilities),
        since=midnight(row.spell_began_on),
        as_of=row.as_of,
        reasons=tuple((name, value) for name, value in row.reasons),
        sector=row.scope,
        source=row.source,
    )
