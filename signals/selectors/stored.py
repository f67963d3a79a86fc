"""Reads what was said; at most a handful of queries, nothing heavy: the web lives on this."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, IntegerField, Value, When
from django.db.models.expressions import RawSQL

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import closed_after, last_begin
from market.selectors.instruments import instrument_get
from signals.contracts import SignalFacts
from signals.kernels.freshness import Reading
from signals.models import Emission, Signal
from signals.selectors.reviews import withdrawn
from traderai.common.errors import NotFoundError, NotReadyError

# The newest bar first. What was said when a bar had closed stands before what a replay says of it afterwards.
NEWEST = (
    "-as_of",
    Case(When(source="replay", then=Value(1)), default=Value(0), output_field=IntegerField()),
    "-created_at",
    "-id",
)
# The first of NEWEST and the verdict that counts of it. Written out: Django takes longer to word it than the database to
# answer, and an analysis asks nothing more often.
_NEWEST_SAID = """
SELECT said.*, (
    SELECT verdict FROM signals_review WHERE signal_id = said.id AND verdict <> 'note' ORDER BY id DESC LIMIT 1
) AS verdict
FROM signals_signal said
WHERE instrument_id = %s AND timeframe = %s AND horizon = %s AND as_of <= %s
ORDER BY as_of DESC, CASE WHEN source = 'replay' THEN 1 ELSE 0 END, created_at DESC, id DESC
LIMIT 1
"""

_NEWEST_TOLD = 1000


def signal_latest(*, secid: str, timeframe: str, horizon: str, as_of: datetime) -> SignalFacts:
    """Return the newest signal of a share decided at or before `as_of`; withdrawn ones are hidden.

    Raises: NotFoundError for an unknown share, NotReadyError where nothing has been said yet.
    """
    instrument = instrument_get(secid=secid)
    row = _newest(instrument, timeframe, horizon, as_of)
    if row is None:
        raise _nothing_said(instrument.secid, timeframe, horizon, as_of)
    return facts_of(row, instrument)


def signal_get(*, signal_id: int) -> SignalFacts:
    """Return one stored signal.

    Raises: NotFoundError where there is none, or staff withdrew it.
    """
    row = Signal.objects.select_related("instrument").exclude(pk__in=withdrawn()).filter(pk=signal_id).first()
    if row is None:
        raise NotFoundError(f"signal must be one that was given, was {signal_id}", code="unknown_signal")
    return facts_of(row, instrument_get(secid=row.instrument.secid))


def signals_newest(
    *, instruments: Sequence[InstrumentFacts], timeframe: str, horizon: str, as_of: datetime
) -> dict[int, SignalFacts]:
    """Return by instrument what `signal_latest` returns of each; where nothing was said it is left out."""
    by_id = {facts.id: facts for facts in instruments}
    said = Signal.objects.filter(timeframe=timeframe, horizon=horizon, as_of__lte=as_of)
    rows = newest_of_each(said, instrument_ids=list(by_id))
    return {row.instrument_id: facts_of(row, by_id[row.instrument_id]) for row in rows}


def proven_buys(*, timeframe: str, horizon: str, as_of: datetime) -> tuple[int, ...]:
    """Return the instruments of which a proven BUY was told that may still be entered; withdrawn ones are left out.

    Looked at are the newest thousand of what was told: what may still be entered is hours old at most.
    """
    told = Emission.objects.order_by("-pk").values("signal_id")[:_NEWEST_TOLD]
    rows = Signal.objects.filter(
        pk__in=told,
        timeframe=timeframe,
        horizon=horizon,
        as_of__lte=as_of,
        valid_until__gte=as_of,
        action="BUY",
        proven=True,
    )
    return tuple(rows.exclude(pk__in=withdrawn()).values_list("instrument_id", flat=True).distinct())


def signal_and_bar(
    *, secid: str, timeframe: str, horizon: str, as_of: datetime
) -> tuple[SignalFacts | None, bool]:
    """Return the newest signal of a share decided at or before `as_of`, and whether the last closed bar has been said.

    A signal that staff withdrew is hidden, and its bar has been said: to compute it again would bring it back.
    Raises: NotFoundError for an unknown share, NotReadyError where nothing may be shown: neither a signal nor a bar is
    stored, or all that was said was withdrawn.
    """
    instrument = instrument_get(secid=secid)
    row = _newest(instrument, timeframe, horizon, as_of)
    length = Timeframe.parse(timeframe)
    if row is not None and not closed_after(
        instrument_id=instrument.id, timeframe=length, begin=row.bar_begin, as_of=as_of
    ):
        return facts_of(row, instrument), True
    begin = last_begin(instrument_id=instrument.id, timeframe=length, as_of=as_of)
    said = begin is None or _said(instrument, timeframe, horizon, as_of).filter(bar_begin__gte=begin).exists()
    if row is not None:
        return facts_of(row, instrument), said
    if said:
        raise _nothing_said(instrument.secid, timeframe, horizon, as_of)
    return None, False


def _newest(instrument: InstrumentFacts, timeframe: str, horizon: str, as_of: datetime) -> Signal | None:
    found = Signal.objects.raw(_NEWEST_SAID, [instrument.id, timeframe, horizon, as_of])
    newest: Any = next(iter(found), None)
    # Hardly any is withdrawn: to look at the newest alone is twice as fast as to leave all of them out.
    if newest is not None and newest.verdict == "rejected":
        rows = _said(instrument, timeframe, horizon, as_of).order_by(*NEWEST)
        newest = rows.exclude(pk__in=withdrawn()).first()
    row: Signal | None = newest
    return row


def _said(
    instrument: InstrumentFacts, timeframe: str, horizon: str, as_of: datetime
) -> models.QuerySet[Signal]:
    return Signal.objects.filter(
        instrument_id=instrument.id, timeframe=timeframe, horizon=horizon, as_of__lte=as_of
    )


def _nothing_said(secid: str, timeframe: str, horizon: str, as_of: datetime) -> NotReadyError:
    return NotReadyError(
        f"no signal of {secid} {timeframe} {horizon} is stored at or before "
        f"{as_of.isoformat(timespec='seconds')}; scoring makes one after the next closed bar"
    )


def newest_of_each(
    said: models.QuerySet[Signal], *, instrument_ids: Sequence[int]
) -> models.QuerySet[Signal]:
    """Return the newest of some signals for each of these shares, none of them withdrawn.

    Share by share down the index: to sort all that was ever said of a market reads years to find its newest row.
    """
    one = said.filter(instrument_id=RawSQL("asked.id", ())).exclude(pk__in=withdrawn())
    sql, params = one.order_by(*NEWEST).values("pk")[:1].query.sql_with_params()
    each = f"SELECT own.id FROM unnest(%s::bigint[]) AS asked(id) CROSS JOIN LATERAL ({sql}) AS own(id)"  # noqa: S608  # Django's own SQL
    return Signal.objects.filter(pk__in=RawSQL(each, (list(instrument_ids), *params)))  # noqa: S611


def reading_of(signal: SignalFacts) -> Reading:
    """Return what the freshness of a signal depends on."""
    return Reading(
        action=signal.action,
        proven=signal.proven,
        source=signal.source,
        last_bar_at=datetime.fromisoformat(signal.payload["last_bar_at"]),
        valid_until=signal.valid_until,
    )


def facts_of(row: Signal, instrument: InstrumentFacts) -> SignalFacts:
    """Return a stored signal as the contract other apps see."""
    return SignalFacts(
        id=row.pk,
        secid=instrument.secid,
        name_ru=instrument.name_ru,
        name_en=instrument.name_en,
        sector=instrument.sector,
        timeframe=row.timeframe,
        horizon=row.horizon,
        bar_begin=row.bar_begin,
        as_of=row.as_of,
        valid_until=row.valid_until,
        action=row.action,
        confidence=row.confidence,
        strength=row.strength or None,
        proven=row.proven,
        source=row.source,
        model_version=row.model_version or None,
        trained_until=row.trained_until,
        payload=row.payload,
    )
