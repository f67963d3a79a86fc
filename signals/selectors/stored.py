"""Reads what was said; at most a handful of queries, nothing heavy: the web lives on this."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Case, IntegerField, Value, When

from market.contracts import InstrumentFacts, LastClose, Timeframe
from market.selectors.candles import last_begin, last_closes
from market.selectors.instruments import instrument_get, traded_list
from modeling.selectors.configuration import policy_get
from signals.contracts import HeatmapRow, SignalFacts
from signals.kernels.freshness import Reading, data_age_s, reading_warnings
from signals.models import Emission, Signal
from signals.selectors.reviews import is_withdrawn, withdrawn
from traderai.common.errors import NotReadyError

_HEATMAP_FIELDS = (
    "instrument_id",
    "action",
    "strength",
    "confidence",
    "proven",
    "source",
    "as_of",
    "valid_until",
    "payload__decision__side",
    "payload__decision__edge",
    "payload__regime__name",
    "payload__warnings",
    "payload__last_bar_at",
)

# The newest bar first. What was said when a bar had closed stands before what a replay says of it afterwards.
NEWEST = (
    "-as_of",
    Case(When(source="replay", then=Value(1)), default=Value(0), output_field=IntegerField()),
    "-created_at",
    "-id",
)

# NEWEST once more, share by share: the index ends with the moment, so each looks at its last rows alone.
_NEWEST_OF_EACH = """
SELECT newest.id FROM unnest(%(ids)s::int8[]) AS asked(id) CROSS JOIN LATERAL (
    SELECT id FROM signals_signal
    WHERE instrument_id = asked.id AND timeframe = %(timeframe)s AND horizon = %(horizon)s
      AND as_of <= %(as_of)s AND id <> ALL(%(withdrawn)s::int8[])
    ORDER BY as_of DESC, (source = 'replay'), created_at DESC, id DESC LIMIT 1
) AS newest
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


def signals_newest(
    *, instruments: Sequence[InstrumentFacts], timeframe: str, horizon: str, as_of: datetime
) -> dict[int, SignalFacts]:
    """Return by instrument what `signal_latest` returns of each; where nothing was said it is left out.

    Three queries for any number, and none looks through a share's history.
    """
    by_id = {facts.id: facts for facts in instruments}
    values: dict[str, Any] = {
        "ids": list(by_id),
        "timeframe": timeframe,
        "horizon": horizon,
        "as_of": as_of,
        "withdrawn": list(withdrawn()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_OF_EACH, values)
        newest = [key for (key,) in cursor.fetchall()]
    rows = Signal.objects.filter(pk__in=newest)
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
    begin = last_begin(instrument_id=instrument.id, timeframe=Timeframe.parse(timeframe), as_of=as_of)
    if begin is None or (row is not None and row.bar_begin >= begin):
        said = True
    else:
        said = _said(instrument, timeframe, horizon, as_of).filter(bar_begin__gte=begin).exists()
    if row is not None:
        return facts_of(row, instrument), said
    if said:
        raise _nothing_said(instrument.secid, timeframe, horizon, as_of)
    return None, False


def _newest(instrument: InstrumentFacts, timeframe: str, horizon: str, as_of: datetime) -> Signal | None:
    rows = _said(instrument, timeframe, horizon, as_of).order_by(*NEWEST)
    newest = rows.first()
    # Hardly any is withdrawn: to look at the newest alone is twice as fast as to leave all of them out.
    if newest is None or not is_withdrawn(signal_id=newest.pk):
        return newest
    return rows.exclude(pk__in=withdrawn()).first()


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


def heatmap_rows(*, timeframe: str, horizon: str, as_of: datetime) -> tuple[HeatmapRow, ...]:
    """Return every active share with its newest signal decided at or before `as_of`, by ticker; none is withdrawn."""
    parsed = Timeframe.parse(timeframe)
    instruments = traded_list(timeframe=parsed)
    closes = last_closes(timeframe=parsed, as_of=as_of)
    newest = (
        Signal.objects.filter(timeframe=timeframe, horizon=horizon, as_of__lte=as_of)
        .exclude(pk__in=withdrawn())
        .order_by("instrument_id", *NEWEST)
        .distinct("instrument_id")
        .values(*_HEATMAP_FIELDS)
    )
    by_instrument = {row["instrument_id"]: row for row in newest}
    max_age_s = policy_get().max_data_age_s
    return tuple(
        _heatmap_row(
            instrument,
            by_instrument.get(instrument.id),
            closes.get(instrument.secid),
            moment=as_of,
            max_data_age_s=max_age_s,
        )
        for instrument in sorted(instruments, key=lambda facts: facts.secid)
    )


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


def _heatmap_row(
    instrument: InstrumentFacts,
    row: dict[str, Any] | None,
    last: LastClose | None,
    *,
    moment: datetime,
    max_data_age_s: int,
) -> HeatmapRow:
    shares = instrument.issue_size_shares
    return HeatmapRow(
        secid=instrument.secid,
        name_ru=instrument.name_ru,
        name_en=instrument.name_en,
        sector=instrument.sector,
        is_simulated=instrument.is_simulated,
        change_pct=_change_pct(last),
        turnover=last.turnover_rub if last else None,
        market_cap=last.close * shares if last and shares else None,
        **_signal_columns(row, moment=moment, max_data_age_s=max_data_age_s),
    )


def _signal_columns(row: dict[str, Any] | None, *, moment: datetime, max_data_age_s: int) -> dict[str, Any]:
    if row is None:
        names = (
            "signal",
            "strength",
            "confidence",
            "source",
            "side",
            "edge",
            "regime",
            "as_of",
            "valid_until",
        )
        return dict.fromkeys(names) | {"proven": False, "data_age_seconds": None, "warnings": ("no_signal",)}
    reading = Reading(
        action=row["action"],
        proven=row["proven"],
        source=row["source"],
        last_bar_at=datetime.fromisoformat(row["payload__last_bar_at"]),
        valid_until=row["valid_until"],
    )
    return {
        "signal": row["action"],
        "strength": row["strength"] or None,
        "confidence": row["confidence"],
        "proven": row["proven"],
        "source": row["source"],
        "side": row["payload__decision__side"],
        "edge": row["payload__decision__edge"],
        "regime": row["payload__regime__name"],
        "as_of": row["as_of"],
        "valid_until": row["valid_until"],
        "data_age_seconds": data_age_s(reading, moment=moment),
        "warnings": reading_warnings(
            reading, stored=row["payload__warnings"], moment=moment, max_data_age_s=max_data_age_s
        ),
    }


def _change_pct(last: LastClose | None) -> float | None:
    if last is None or last.previous_close is None:
        return None
    return 100 * (last.close / last.previous_close - 1)
