"""What was told, from the outbox: all of it, in the order of telling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from signals.contracts import ToldSignal
from signals.models import Emission
from signals.selectors.reviews import withdrawn

# A replay tells of bars of the past: it belongs to the record, and wakes nobody. One of made-up shares is known by
# having been decided when its call was already over.
PUBLISHED = ("live", "simulated")
_NEWS = Q(signal__source="live") | Q(
    signal__source="simulated", signal__created_at__lte=F("signal__valid_until")
)
_FIELDS = {
    "signal_id": "signal_id",
    "secid": "signal__instrument__secid",
    "timeframe": "signal__timeframe",
    "horizon": "signal__horizon",
    "action": "signal__action",
    "confidence": "signal__confidence",
    "strength": "signal__strength",
    "proven": "signal__proven",
    "source": "signal__source",
    "as_of": "signal__as_of",
    "valid_until": "signal__valid_until",
    "emitted_at": "emitted_at",
    "price_rub": "signal__payload__market__close_rub",
    "entry_low_rub": "signal__payload__decision__entry_low_rub",
    "entry_high_rub": "signal__payload__decision__entry_high_rub",
    "take_profit_rub": "signal__payload__decision__take_profit_rub",
    "stop_loss_rub": "signal__payload__decision__stop_loss_rub",
}


def told_after(*, place: int, limit: int) -> tuple[ToldSignal, ...]:
    """Return the first `limit` published signals told after a place, in the order of telling, none withdrawn.

    Whoever reads on from the last place that it got misses nothing: an emission with a smaller id that is not there
    yet never comes.
    """
    return _told(_emissions(place, None).order_by("pk")[:limit])


def told_newest(
    *, place: int = 0, limit: int, sources: Sequence[str] | None = None
) -> tuple[ToldSignal, ...]:
    """Return the newest `limit` signals told after a place, in the order of telling; withdrawn ones are left out.

    They are those of some sources, replays among them, or what is published unless any is named.
    """
    return _told(_emissions(place, sources).order_by("-pk")[:limit])[::-1]


def place_newest() -> int:
    """Return the place of what was told last, whatever its source; 0 where nothing was."""
    return Emission.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def is_told(*, place: int, signal_id: int) -> bool:
    """Return whether this signal has this place in the outbox."""
    return Emission.objects.filter(pk=place, signal_id=signal_id).exists()


def _emissions(place: int, sources: Sequence[str] | None) -> QuerySet[Emission]:
    asked = _NEWS if sources is None else Q(signal__source__in=sources)
    told = Emission.objects.filter(asked, pk__gt=place)
    return told.exclude(signal_id__in=withdrawn())


def _told(emissions: QuerySet[Emission]) -> tuple[ToldSignal, ...]:
    rows: list[dict[str, Any]] = list(emissions.values("pk", *_FIELDS.values()))
    return tuple(
        ToldSignal(
            id=row["pk"],
            **{name: row[path] for name, path in _FIELDS.items() if name != "strength"},
            strength=row["signal__strength"] or None,
        )
        for row in rows
    )
