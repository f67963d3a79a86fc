"""Verdicts that external modules push."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from market.models import Instrument, NewsTrigger, RiskAlert
from market.models.news import EVENT_TYPES
from market.news.scorer import storable
from market.selectors.tickers import ticker_at, ticker_holders
from market.services.news_alerts import STAFF, alerts_of
from traderai.common.clock import MOSCOW
from traderai.common.errors import ConflictError, InputError, NotFoundError, did_you_mean

_CLOCK_SKEW = timedelta(minutes=2)
_WHY_MOST = 20
_OURS = ("rules", "model", "transformer", STAFF)  # nobody outside speaks in their names


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedTrigger:
    """A verdict as a module tells it; exactly one of secid, sector and is_market."""

    external_id: str
    at: datetime
    score: float
    direction: int
    event_type: str
    secid: str = ""
    sector: str = ""
    is_market: bool = False
    version: str = "1"
    why: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerPushReport:
    """What became of a pushed verdict."""

    id: int
    known_at: datetime
    created: bool


def trigger_push(*, module: str, pushed: PushedTrigger, now: datetime) -> TriggerPushReport:
    """Store a verdict of a module; it is known from now on, whatever moment it is about.

    Repeating: the same verdict under the same external_id changes nothing. Another verdict under it is a
    ConflictError: what was told is never rewritten, a correction has an id of its own.
    """
    _check(module, pushed, now)
    wanted = {
        "instrument_id": _instrument_id(pushed),
        "sector": pushed.sector,
        "is_market": pushed.is_market,
        "at": pushed.at,
        "score": pushed.score,
        "direction": pushed.direction,
        "event_type": pushed.event_type,
        "scorer_version": pushed.version,
        "why": list(pushed.why),
    }
    with transaction.atomic():
        # One at a time for a module: two pushes of one id must not both find nothing.
        _lock(module)
        stored = NewsTrigger.objects.filter(item=None, scorer=module, external_id=pushed.external_id).first()
        if stored is not None:
            different = [name for name, value in wanted.items() if getattr(stored, name) != value]
            if different:
                raise ConflictError(
                    f"external_id {pushed.external_id!r} already stands for another verdict (different: "
                    f"{', '.join(different)}); send a correction under a new id",
                    code="external_id_taken",
                )
            return TriggerPushReport(id=stored.pk, known_at=stored.known_at, created=False)
        row = NewsTrigger.objects.create(
            scorer=module, external_id=pushed.external_id, known_at=max(now, pushed.at), **wanted
        )
        RiskAlert.objects.bulk_create(list(alerts_of([row])))
    return TriggerPushReport(id=row.pk, known_at=row.known_at, created=True)


def _check(module: str, pushed: PushedTrigger, now: datetime) -> None:
    if not module or len(module) > 32 or module in _OURS:
        raise InputError(
            f"a module's name must have 1 to 32 characters and not be one of ours, was {module!r}"
        )
    if not pushed.external_id or len(pushed.external_id) > 120:
        raise InputError("external_id must have 1 to 120 characters", field="external_id")
    if bool(pushed.secid) + bool(pushed.sector) + pushed.is_market != 1:
        raise InputError("exactly one of secid, sector and is_market must be given", field="secid")
    if pushed.event_type not in EVENT_TYPES:
        raise InputError(
            f"event_type must be one of {', '.join(EVENT_TYPES)}, was {pushed.event_type!r}"
            f"{did_you_mean(pushed.event_type, EVENT_TYPES)}",
            field="event_type",
        )
    if not 0.0 <= pushed.score <= 100.0:  # NaN fails too
        raise InputError(f"score must be 0 to 100, was {pushed.score}", field="score")
    if pushed.direction not in (-1, 0, 1):
        raise InputError(f"direction must be -1, 0 or 1, was {pushed.direction}", field="direction")
    if pushed.at > now + _CLOCK_SKEW:
        raise InputError(f"at must not lie in the future, was {pushed.at.isoformat()}", field="at")
    if len(pushed.why) > _WHY_MOST:
        raise InputError(f"why must hold at most {_WHY_MOST} reasons, were {len(pushed.why)}", field="why")
    if not storable(list(pushed.why)):
        raise InputError(
            "why must hold JSON without NaN, NUL characters and halves of surrogate pairs", field="why"
        )


def _instrument_id(pushed: PushedTrigger) -> int | None:
    if not pushed.secid:
        if pushed.sector and not Instrument.objects.filter(sector=pushed.sector).exists():
            raise NotFoundError(f"no instrument is of the sector {pushed.sector!r}", code="unknown_sector")
        return None
    holders = ticker_holders()
    span = ticker_at(holders, secid=pushed.secid, day=pushed.at.astimezone(MOSCOW).date())
    if span is None:
        raise NotFoundError(
            f"no instrument {pushed.secid!r}{did_you_mean(pushed.secid, holders)}", code="unknown_ticker"
        )
    return span.instrument_id


def _lock(module: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", ["news_push", module])
