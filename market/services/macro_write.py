"""Writing series of the economy and scheduled events."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import connection, transaction

from market.models import EconomicEvent, MacroSeries, MacroValue
from market.services.write_report import RecordWriteReport
from market.sources.records import EventRecord, MacroRecord, RecordPage, RejectedRow
from traderai.common import clock

_SERIES = {
    "key_rate": ("Ключевая ставка Банка России", "Bank of Russia key rate", "pct"),
    "mcftrr": (
        "Индекс МосБиржи полной доходности, нетто",
        "MOEX Russia Net Total Return Index",
        "index",
    ),
    "refinancing_rate": ("Ставка рефинансирования Банка России", "Bank of Russia refinancing rate", "pct"),
}


def macro_write(*, page: RecordPage[MacroRecord], now: datetime | None = None) -> RecordWriteReport:
    """Store values of series; one told otherwise than before becomes a row of its own with a later `known_at`.

    Where the source gives a differing value the old moment, it is known from `now` (default: the clock).

    Repeating: the same values change nothing. Two writers take turns. A series that is none of ours is refused.
    """
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    rejected = []
    with transaction.atomic():
        _take_turns("market_macrovalue")
        for record in page.records:
            if record.series not in _SERIES:
                raw = {name: str(value) for name, value in asdict(record).items()}
                rejected.append(RejectedRow(place=page.place, reason="unknown_series", raw=raw))
                continue
            counts[_value_write(record, now or clock.now())] += 1
    return RecordWriteReport(**counts, rejected=tuple(rejected))


def events_write(*, page: RecordPage[EventRecord]) -> RecordWriteReport:
    """Store events; a stored one learns its outcome, or an earlier day from which it was known.

    Repeating: the same events change nothing. An event known only after it took place, and an outcome that
    disagrees with the stored one, are refused.
    """
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    rejected = []
    with transaction.atomic():
        _take_turns("market_economicevent")
        for record in page.records:
            done = "known_after_it_took_place" if record.known_at > record.at else _event_write(record)
            if done in counts:
                counts[done] += 1
            else:
                raw = {name: str(value) for name, value in asdict(record).items()}
                rejected.append(RejectedRow(place=page.place, reason=done, raw=raw))
    return RecordWriteReport(**counts, rejected=tuple(rejected))


def _value_write(record: MacroRecord, now: datetime) -> str:
    name_ru, name_en, unit = _SERIES[record.series]
    series, _ = MacroSeries.objects.get_or_create(
        code=record.series, defaults={"name_ru": name_ru, "name_en": name_en, "unit": unit}
    )
    stored = list(
        MacroValue.objects.filter(series=series, date=record.day)
        .order_by("known_at")
        .values_list("known_at", "value")
    )
    in_force = [value for known_at, value in stored if known_at <= record.known_at]
    if stored and (stored[-1][1] == record.value or (in_force and in_force[-1] == record.value)):
        return "unchanged"
    known_at = record.known_at
    if any(moment == known_at for moment, _ in stored):
        known_at = max(now, stored[-1][0] + timedelta(seconds=1))
    MacroValue.objects.create(
        series=series, date=record.day, value=record.value, known_at=known_at, source=record.source
    )
    return "changed" if stored else "new"


def _event_write(record: EventRecord) -> str:
    row = EconomicEvent.objects.filter(kind=record.kind, at=record.at).first()
    if row is None:
        EconomicEvent.objects.create(**asdict(record))
        return "new"
    if record.outcome is not None and row.outcome is not None and record.outcome != row.outcome:
        return "outcome_disagrees"
    known_at = min(row.known_at, record.known_at)
    outcome = row.outcome if record.outcome is None else record.outcome
    if (known_at, outcome) == (row.known_at, row.outcome):
        return "unchanged"
    EconomicEvent.objects.filter(pk=row.pk).update(known_at=known_at, outcome=outcome)
    return "changed"


def _take_turns(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
