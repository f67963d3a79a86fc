"""Reading the key rate and the meetings that decide on it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from market.macro_config import MeetingConfig, central_bank_config
from market.sources.records import EventRecord, MacroRecord, RecordPage, RejectedRow
from traderai.common.errors import InputError

KEY_RATE = "key_rate"
REFINANCING_RATE = "refinancing_rate"
MEETING = "key_rate_meeting"
CHANGE = "key_rate_change"
# A decision of a Friday is in force from Monday; around holidays up to five days pass.
_IN_FORCE_AFTER_DAYS = 5
# The key rate took the place of the refinancing rate on this day; its first value was no cut.
_KEY_RATE_SINCE = date(2013, 9, 13)
_NEEDED = ("date", "rate")


def key_rate_of(path: Path) -> RecordPage[MacroRecord]:
    """Return the key rate from a CSV file with the columns date (in force from) and rate (percent).

    Rates of before 2013-09-13 are those of refinancing, a series of their own.

    A change counts as known from the meeting that decided it where we know of one, else from 13:30 of the day on
    which it came into force: never before its publication, at times a few days after it.
    """
    config = central_bank_config()
    records, rejected = [], []
    seen: dict[date, float] = {}
    for line, row in _csv_rows(path):
        place = f"{path.name}:{line}"
        try:
            day, rate = date.fromisoformat(row["date"]), float(row["rate"])
        except ValueError:
            rejected.append(RejectedRow(place=place, reason="bad_number", raw=row))
            continue
        reason = "" if math.isfinite(rate) and -10.0 < rate < 1000.0 else "rate_out_of_range"
        if day in seen:
            reason = "told_twice"
        if reason:
            rejected.append(RejectedRow(place=place, reason=reason, raw=row))
            continue
        seen[day] = rate
        meeting = config.meeting_before(day, days=_IN_FORCE_AFTER_DAYS)
        decided_on = day if meeting is None else date.fromisoformat(meeting.day)
        records.append(
            MacroRecord(
                series=KEY_RATE if day >= _KEY_RATE_SINCE else REFINANCING_RATE,
                day=day,
                value=rate,
                known_at=config.decided_at(decided_on),
                source="key_rate_file",
            )
        )
    return RecordPage(place=path.name, records=tuple(records), rejected=tuple(rejected))


def key_rate_changes_of(path: Path) -> RecordPage[EventRecord]:
    """Return the decisions of a file of key rates: what a known meeting decided, else a change of its own."""
    page = key_rate_of(path)
    records = [_decision(record) for record in page.records if record.day > _KEY_RATE_SINCE]
    return RecordPage(place=path.name, records=tuple(records), rejected=page.rejected)


def _decision(record: MacroRecord) -> EventRecord:
    config = central_bank_config()
    meeting = config.meeting_before(record.day, days=_IN_FORCE_AFTER_DAYS)
    if meeting is not None:
        return _meeting(meeting, outcome=record.value)
    return EventRecord(
        kind=CHANGE,
        at=record.known_at,
        title_ru=f"Ключевая ставка {record.value:g} % с {record.day:%d.%m.%Y}",
        title_en=f"Key rate {record.value:g} % from {record.day}",
        known_at=record.known_at,  # that it was coming is not on file
        outcome=record.value,
        source=record.source,
    )


def central_bank_events() -> RecordPage[EventRecord]:
    """Return the meetings of central_bank.yaml."""
    meetings = central_bank_config().meetings
    return RecordPage(
        place="central_bank.yaml",
        records=tuple(_meeting(meeting, outcome=meeting.rate_pct) for meeting in meetings),
    )


def _meeting(meeting: MeetingConfig, *, outcome: float | None) -> EventRecord:
    config = central_bank_config()
    return EventRecord(
        kind=MEETING,
        at=config.decided_at(date.fromisoformat(meeting.day)),
        title_ru="Заседание Банка России по ключевой ставке",
        title_en="Bank of Russia meeting on the key rate",
        known_at=config.known_at(meeting),
        outcome=outcome,
        source="central_bank",
    )


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path} must have the columns date and rate, {', '.join(missing)} missing; rename its header"
                )
            for line, row in enumerate(reader, start=2):
                yield line, {str(key): str(value) for key, value in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as CSV in UTF-8 ({error}); convert it or take it away"
        ) from error
