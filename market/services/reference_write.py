"""Writing reference data: boards, sectors, lots and price steps, indices; replaced tickers have their own module."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Model

from market.contracts import TickerSpan
from market.iss.parse import MOEX_ISS
from market.models import IndexMember, IndexWeight, Instrument, InstrumentBoard, InstrumentTerms
from market.selectors.tickers import ticker_at, ticker_holders
from market.services.instruments_write import decimals_of
from market.services.ticker_changes import ticker_changes_write
from market.services.write_report import RecordWriteReport
from market.sources.records import (
    BoardRecord,
    IndexMemberRecord,
    IndexWeightRecord,
    RecordPage,
    RejectedRow,
    SectorRecord,
    TermsRecord,
)

__all__ = [
    "boards_write",
    "index_members_write",
    "index_weights_write",
    "sectors_write",
    "terms_write",
    "ticker_changes_write",
]


@dataclass(slots=True)
class _Tally:
    """What became of a page's records."""

    place: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outside: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)

    def reject(self, record: Any, reason: str) -> None:
        raw = {name: str(value) for name, value in asdict(record).items()}
        self.rejected.append(RejectedRow(place=self.place, reason=reason, raw=raw))

    def count(self, outcome: str, number: int = 1) -> None:
        setattr(self, outcome, getattr(self, outcome) + number)

    def report(self) -> RecordWriteReport:
        return RecordWriteReport(
            new=self.new,
            changed=self.changed,
            unchanged=self.unchanged,
            outside=self.outside,
            rejected=tuple(self.rejected),
        )


def boards_write(*, page: RecordPage[BoardRecord]) -> RecordWriteReport:
    """Store on which boards known instruments were traded and when; a board's spans are joined to one.

    The spans of former tickers count as the instrument's own; the primary board is the current ticker's. Whether a
    board is still traded is the exchange's own word, where it has one: a file says how it was.

    Repeating: the same records change nothing, in whatever order they come.
    """
    tally, holders = _Tally(page.place), ticker_holders()
    groups: dict[tuple[int, str], list[BoardRecord]] = defaultdict(list)
    current: set[str] = set()
    for record in page.records:
        span = ticker_at(holders, secid=record.secid, day=record.traded_from)
        if span is None:
            tally.outside += 1
        elif not 0 < len(record.board) <= 12:
            tally.reject(record, "bad_board")
        elif record.traded_till is not None and record.traded_till < record.traded_from:
            tally.reject(record, "till_before_from")
        else:
            is_primary = record.is_primary and record.secid == span.secid
            groups[span.instrument_id, record.board].append(replace(record, is_primary=is_primary))
            current |= {record.secid} & {span.secid}
    with transaction.atomic():
        stored = {(row.instrument_id, row.board): row for row in InstrumentBoard.objects.select_for_update()}
        fresh = []
        for key, records in groups.items():
            row = stored.get(key)
            values = _joined(row, records, current)
            if row is None:
                fresh.append(InstrumentBoard(instrument_id=key[0], board=key[1], **values))
                tally.count("new", len(records))
            else:
                tally.count(_store(InstrumentBoard, row, {}, values), len(records))
        InstrumentBoard.objects.bulk_create(fresh, batch_size=1000)
    return tally.report()


def _joined(row: InstrumentBoard | None, records: list[BoardRecord], current: set[str]) -> dict[str, Any]:
    """Return a board's span as the stored row and the records of one instrument tell it together."""
    told = [(r.traded_from, r.traded_till, r.is_primary, r.source) for r in records]
    if row is not None:
        told.append((row.traded_from, row.traded_till, row.is_primary, row.source))
    by_exchange = [r.traded_till for r in records if r.source == MOEX_ISS and r.secid in current]
    if not by_exchange and row is not None and row.source == MOEX_ISS:
        by_exchange = [row.traded_till]
    tills = by_exchange or [till for _, till, _, _ in told]
    return {
        "traded_from": min(since for since, _, _, _ in told),
        "traded_till": None if None in tills else max(till for till in tills if till is not None),
        "is_primary": any(primary for _, _, primary, _ in told),
        "source": MOEX_ISS if by_exchange else min(source for _, _, _, source in told),
    }


def sectors_write(*, page: RecordPage[SectorRecord]) -> RecordWriteReport:
    """Give known instruments without a sector theirs; a sector once set is left to staff.

    Repeating: the same records change nothing.
    """
    tally, holders = _Tally(page.place), ticker_holders()
    with transaction.atomic():
        stored = {row.pk: row for row in Instrument.objects.select_for_update().order_by("pk")}
        for record in page.records:
            spans = holders.get(record.secid)
            row = stored[spans[-1].instrument_id] if spans else None
            if row is None:
                tally.outside += 1
            elif row.sector:
                tally.unchanged += 1
            else:
                row.sector = record.sector
                row.save(update_fields=["sector"])
                tally.changed += 1
    return tally.report()


def terms_write(*, page: RecordPage[TermsRecord]) -> RecordWriteReport:
    """Store lots and price steps from the days on which they began; the newest become the instrument's own.

    A record that says what is in force anyway changes nothing; one that contradicts another source's of the same
    day is refused.

    Repeating: the same records change nothing.
    """
    tally, holders = _Tally(page.place), ticker_holders()
    with transaction.atomic():
        stored: dict[int, list[InstrumentTerms]] = defaultdict(list)
        for row in InstrumentTerms.objects.select_for_update().order_by("valid_from"):
            stored[row.instrument_id].append(row)
        touched = set()
        for record in sorted(page.records, key=lambda record: (record.secid, record.valid_from)):
            span = ticker_at(holders, secid=record.secid, day=record.valid_from)
            if span is None:
                tally.outside += 1
            elif not _sound_terms(record):
                tally.reject(record, "terms_not_positive")
            else:
                outcome = _write_terms(record, span.instrument_id, stored[span.instrument_id])
                touched.add(span.instrument_id)
                if outcome == "terms_disagree":
                    tally.reject(record, outcome)
                else:
                    tally.count(outcome)
        for instrument_id in touched:
            _take_over(instrument_id, stored[instrument_id])
    return tally.report()


def index_members_write(*, page: RecordPage[IndexMemberRecord]) -> RecordWriteReport:
    """Store who belonged to which index when.

    Repeating: the same records change nothing; an end that has become known is filled in.
    """
    return _spans_write(
        page=page,
        model=IndexMember,
        key=lambda record, instrument_id: (record.index_secid, instrument_id, record.member_from),
        day=lambda record: record.member_from,
        reason=lambda record: (
            "till_before_from"
            if record.member_till is not None and record.member_till < record.member_from
            else ""
        ),
        fields=("member_till", "source"),
    )


def index_weights_write(*, page: RecordPage[IndexWeightRecord]) -> RecordWriteReport:
    """Store the weights of shares in indices by day. Repeating: the same records change nothing."""
    return _spans_write(
        page=page,
        model=IndexWeight,
        key=lambda record, instrument_id: (record.index_secid, instrument_id, record.day),
        day=lambda record: record.day,
        reason=lambda record: "" if 0.0 <= record.weight_pct <= 100.0 else "weight_out_of_range",
        fields=("weight_pct", "source"),
    )


def _spans_write(
    *,
    page: RecordPage[Any],
    model: type[IndexMember] | type[IndexWeight],
    key: Callable[[Any, int], tuple[str, int, date]],
    day: Callable[[Any], date],
    reason: Callable[[Any], str],
    fields: tuple[str, ...],
) -> RecordWriteReport:
    tally, holders = _Tally(page.place), ticker_holders()
    day_field = "member_from" if model is IndexMember else "day"
    with transaction.atomic():
        days = [day(record) for record in page.records]
        found = model._default_manager.select_for_update().filter(**{f"{day_field}__in": set(days)})
        stored = {(row.index_secid, row.instrument_id, getattr(row, day_field)): row for row in found}
        for record in page.records:
            span: TickerSpan | None = ticker_at(holders, secid=record.secid, day=day(record))
            refused = reason(record)
            if span is None:
                tally.outside += 1
                continue
            if refused:
                tally.reject(record, refused)
                continue
            keys = key(record, span.instrument_id)
            named = dict(zip(("index_secid", "instrument_id", day_field), keys, strict=True))
            values = {name: getattr(record, name) for name in fields}
            row = stored.get(keys)
            tally.count(_store(model, row, named, values))
            stored[keys] = model(**named, **values, pk=None if row is None else row.pk)
    return tally.report()


def _store(model: type[Model], row: Model | None, keys: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """Write a row where it is new or differs; return what it was."""
    if row is None:
        model._default_manager.create(**keys, **values)
        return "new"
    if all(getattr(row, name) == value for name, value in values.items()):
        return "unchanged"
    lookup = {"pk": row.pk} if row.pk is not None else dict(keys)
    model._default_manager.filter(**lookup).update(**values)
    return "changed"


def _sound_terms(record: TermsRecord) -> bool:
    told = [value for value in (record.lot_size, record.price_step_rub) if value is not None]
    return bool(told) and all(math.isfinite(value) and value > 0 for value in told)


def _write_terms(record: TermsRecord, instrument_id: int, rows: list[InstrumentTerms]) -> str:
    told = {
        name: value
        for name, value in (("lot_size", record.lot_size), ("price_step_rub", record.price_step_rub))
        if value is not None
    }
    if all(terms_in_force(rows, record.valid_from)[name] == value for name, value in told.items()):
        return "unchanged"
    own = next((row for row in rows if row.valid_from == record.valid_from), None)
    if own is None:
        row = InstrumentTerms.objects.create(
            instrument_id=instrument_id, valid_from=record.valid_from, source=record.source, **told
        )
        rows.append(row)
        rows.sort(key=lambda row: row.valid_from)
        return "new"
    fits = all(getattr(own, name) in (None, value) for name, value in told.items())
    if not fits and own.source != record.source:
        return "terms_disagree"
    for name, value in told.items():
        setattr(own, name, value)
    own.save()
    return "changed"


def terms_in_force(rows: list[InstrumentTerms], day: date) -> dict[str, Any]:
    """Return the lot and the price step in force on a day, None where nothing tells them."""
    force: dict[str, Any] = {"lot_size": None, "price_step_rub": None}
    for row in rows:
        if row.valid_from <= day:
            for name in force:
                force[name] = getattr(row, name) if getattr(row, name) is not None else force[name]
    return force


def _take_over(instrument_id: int, rows: list[InstrumentTerms]) -> None:
    newest = {name: value for name, value in terms_in_force(rows, date.max).items() if value is not None}
    if "price_step_rub" in newest:
        newest["decimals"] = decimals_of(newest["price_step_rub"])
    Instrument.objects.filter(pk=instrument_id).exclude(**newest).update(**newest)
