"""Recording replaced tickers: one instrument keeps its identity."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from market.contracts import TickerSpan
from market.models import CandleCoverage, Instrument, InstrumentBoard, TickerChange
from market.selectors.tickers import holders_of, ticker_at
from market.services.instrument_merge import instruments_merge
from market.services.write_report import RecordWriteReport
from market.sources.records import RecordPage, RejectedRow, TickerChangeRecord
from traderai.common.clock import MOSCOW
from traderai.common.errors import ConflictError

# A code such as SBER-001D is an additional issue of SBER, traded beside it until the two became one security.
_ADDITIONAL_ISSUE = re.compile(r".+-\d{3}D")
# Two sources name days that differ by a few: the last day of the old ticker or the first one of the new.
_SAME_CHANGE = timedelta(days=14)
_GAP = timedelta(days=30)


def ticker_changes_write(*, page: RecordPage[TickerChangeRecord], now: datetime) -> RecordWriteReport:
    """Record replaced tickers and make one instrument of what was traded under both.

    Only the old ticker's instrument is held: it is renamed. Only the new one's: the change is recorded. Both:
    they are merged. Additional issues, changes of a ticker into itself and tickers that we do not hold are left
    out; a change that does not fit what was traded is refused: write boards or candles before, they tell a
    replaced ticker from a split-off. A change told for a day after `now` waits.

    Repeating: the same changes change nothing. Of two sources that differ by a few days the later day is kept.
    """
    report = RecordWriteReport()
    waiting = sorted(page.records, key=lambda record: (record.changed_on, record.old_secid, record.new_secid))
    today = now.astimezone(MOSCOW).date()
    with transaction.atomic():
        ledger = _Ledger()
        progress = True
        # A chain A to B to C of which only C is held is found from its end.
        while progress:
            left, progress = [], False
            for record in waiting:
                outcome = "outside" if _is_no_change(record, today) else _apply(record, ledger, page.place)
                if outcome == "outside":
                    left.append(record)
                    continue
                progress = True
                report = _counted(report, outcome)
            waiting = left
    return replace(report, outside=len(waiting))


def _counted(report: RecordWriteReport, outcome: str | RejectedRow) -> RecordWriteReport:
    if isinstance(outcome, RejectedRow):
        return replace(report, rejected=(*report.rejected, outcome))
    return replace(report, **{outcome: getattr(report, outcome) + 1})


class _Ledger:
    """The tickers as they stand while a page is written."""

    def __init__(self) -> None:
        self.changes = list(TickerChange.objects.select_for_update().order_by("pk"))
        self.instruments = {row.pk: row for row in Instrument.objects.select_for_update().order_by("pk")}
        self.sort_out()

    def enter(self, change: TickerChange, *, kept: Instrument, removed: int | None) -> None:
        """Take in a change that has been carried out."""
        self.instruments[kept.pk] = kept
        if removed is not None:
            del self.instruments[removed]
        for earlier in self.changes:
            if earlier.instrument_id == removed:
                earlier.instrument_id = kept.pk
        self.changes.append(change)
        self.sort_out()

    def sort_out(self) -> None:
        """Make out who holds which ticker."""
        self.tickers = {row.secid for row in self.instruments.values()} | {
            name for change in self.changes for name in (change.old_secid, change.new_secid)
        }
        self.holders = holders_of(
            {pk: row.secid for pk, row in self.instruments.items()},
            [(row.instrument_id, row.old_secid, row.new_secid, row.changed_on) for row in self.changes],
        )

    def known(self, record: TickerChangeRecord) -> TickerChange | None:
        """Return the stored change that a record tells of."""
        return next(
            (
                change
                for change in self.changes
                if (change.old_secid, change.new_secid) == (record.old_secid, record.new_secid)
                and abs(change.changed_on - record.changed_on) <= _SAME_CHANGE
            ),
            None,
        )

    def holder(self, secid: str, day: date) -> Instrument | None:
        """Return whose ticker it was on a day."""
        span: TickerSpan | None = ticker_at(self.holders, secid=secid, day=day)
        return None if span is None else self.instruments[span.instrument_id]


def _is_no_change(record: TickerChangeRecord, today: date) -> bool:
    return (
        record.old_secid == record.new_secid
        or _ADDITIONAL_ISSUE.fullmatch(record.old_secid) is not None
        or record.changed_on > today
    )


def _apply(record: TickerChangeRecord, ledger: _Ledger, place: str) -> str | RejectedRow:
    known = ledger.known(record)
    if known is not None:
        if record.changed_on <= known.changed_on:
            return "unchanged"
        known.changed_on = record.changed_on
        known.save(update_fields=["changed_on"])
        ledger.sort_out()
        return "changed"
    if not {record.old_secid, record.new_secid} & ledger.tickers:
        return "outside"
    old = ledger.holder(record.old_secid, record.changed_on - timedelta(days=1))
    new = ledger.holder(record.new_secid, record.changed_on)
    of_old = None if old is None else _traded(old.pk)
    if of_old is not None and of_old[0] >= record.changed_on:
        old = None  # another company that has taken the ticker over since
    if old is None and new is None:
        return "outside"
    taken = any(
        (change.old_secid, change.changed_on) == (record.old_secid, record.changed_on)
        for change in ledger.changes
    )
    reason = "ticker_replaced_twice" if taken else _misfit(record, old, new, of_old)
    if reason:
        return _rejected(record, reason, place)
    try:
        with transaction.atomic():
            change, kept = _carry_out(record, old, new)
    except ConflictError as error:
        return _rejected(record, "both_tickers_in_use", place, detail=str(error))
    merged = {row.pk for row in (old, new) if row is not None} - {kept.pk}
    ledger.enter(change, kept=kept, removed=next(iter(merged), None))
    return "new"


def _misfit(
    record: TickerChangeRecord,
    old: Instrument | None,
    new: Instrument | None,
    of_old: tuple[date, date] | None,
) -> str:
    """Return why the change cannot be what happened, "" if it can."""
    if old is None or old == new or of_old is None:
        return ""
    has_own_ticker = old.secid == record.old_secid  # else it has been renamed since, and goes on under that
    if has_own_ticker and of_old[1] > record.changed_on + _SAME_CHANGE:
        return "old_ticker_still_traded"
    of_new = None if new is None else _traded(new.pk)
    if of_new is not None and of_new[1] < min(record.changed_on, of_old[1]) - _GAP:
        return "ticker_held_by_another"
    return ""


def _carry_out(
    record: TickerChangeRecord, old: Instrument | None, new: Instrument | None
) -> tuple[TickerChange, Instrument]:
    if old is not None and new is not None and old.pk != new.pk:
        kept = instruments_merge(old=old, new=new, changed_on=record.changed_on)
    elif old is not None and new is None:
        if old.secid == record.old_secid:
            Instrument.objects.filter(pk=old.pk).update(secid=record.new_secid)
        kept = Instrument.objects.get(pk=old.pk)
    else:
        assert new is not None  # noqa: S101  # one of the two is held
        kept = new
    # What has been asked for was asked under one of the tickers: the other's days have to be asked for yet.
    CandleCoverage.objects.filter(instrument_id=kept.pk).delete()
    change = TickerChange.objects.create(
        instrument_id=kept.pk,
        old_secid=record.old_secid,
        new_secid=record.new_secid,
        changed_on=record.changed_on,
        source=record.source,
    )
    return change, kept


_TRADED = """
SELECT (min(begin) AT TIME ZONE 'Europe/Moscow')::date, (max(begin) AT TIME ZONE 'Europe/Moscow')::date
FROM market_candle WHERE instrument_id = %s
"""


def _traded(instrument_id: int) -> tuple[date, date] | None:
    """Return the first and the last day on which candles or boards show an instrument traded."""
    with connection.cursor() as cursor:
        cursor.execute(_TRADED, [instrument_id])
        first, last = cursor.fetchone()
    boards = InstrumentBoard.objects.filter(instrument_id=instrument_id)
    spans = [(since, till or date.max) for since, till in boards.values_list("traded_from", "traded_till")]
    if first is not None:
        spans.append((first, last))
    return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None


def _rejected(record: TickerChangeRecord, reason: str, place: str, detail: str = "") -> RejectedRow:
    raw = {name: str(value) for name, value in asdict(record).items()}
    return RejectedRow(place=place, reason=reason, raw=raw | ({"detail": detail} if detail else {}))
