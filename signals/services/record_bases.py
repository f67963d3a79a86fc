"""What a track record must be held against: all rows of the same shares, days and costs, without any choice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, replace
from datetime import datetime
from itertools import product

from django.db import transaction

from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import Side, SideBase
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import side_bases
from signals.contracts import SOURCES, RecordLine, TrackRecord
from signals.models import Outcome, RecordBase
from signals.selectors.track_record import track_record_get
from traderai.common.progress import Progress, silent

_SIDES: dict[str, Side] = {"BUY": "long", "SELL": "short"}


def record_bases(*, record: TrackRecord, progress: Progress = silent) -> dict[str, SideBase]:
    """Return for each call of a record what all labelled rows of its side made, from the first one told to the last.

    The rows are those of all shares of the record. Where no trade has ended, what was declined is held against both
    sides. Needs the bars; a record itself is read without them.
    """
    calls = _calls(record)
    shares = [
        instrument_get(secid=secid)
        for secid in sorted({line.secid for own in calls.values() for line in own})
    ]
    found: dict[str, SideBase] = {}
    for done, (call, own) in enumerate(calls.items()):
        progress(done, len(calls), call)
        bases = side_bases(
            instruments=shares,
            label_set=barrier_set_get(name=own[0].label_set, timeframe=own[0].timeframe),
            horizon=own[0].horizon,
            since=own[0].as_of,
            until=own[-1].as_of,
            as_of=record.as_of,
        )
        side = _SIDES[own[0].action]
        if side in bases:
            found[call] = bases[side]
    return found


def record_bases_keep(*, record: TrackRecord, bases: dict[str, SideBase]) -> int:
    """Keep the base rates of a whole record for those who read it without the bars; return how many there are.

    They take the place of what was kept of that record before.
    """
    rows, calls = [], _calls(record)
    for call, base in bases.items():
        own = calls[call]
        figures = asdict(base)
        del figures["side"]
        rows.append(
            RecordBase(
                source=record.source,
                proven=record.proven,
                action=own[0].action,
                timeframe=own[0].timeframe,
                horizon=own[0].horizon,
                label_set=own[0].label_set,
                since=own[0].as_of,
                until=own[-1].as_of,
                as_of=record.as_of,
                **figures,
            )
        )
    with transaction.atomic():
        RecordBase.objects.filter(source=record.source, proven=record.proven).delete()
        RecordBase.objects.bulk_create(rows)
    return len(rows)


def record_bases_due(*, now: datetime, progress: Progress = silent) -> int:
    """Reckon the base rates of every record that has got an outcome since they were kept; return how many are new.

    Repeating: finds nothing due.
    """
    kept = 0
    ended = Outcome.objects.filter(
        state__in=(Outcome.State.TRADED, Outcome.State.NO_TRADE), resolved_at__lte=now
    )
    for source, proven in product(SOURCES, (False, True)):
        own = ended.filter(signal__source=source, signal__proven=proven)
        newest = RecordBase.objects.filter(source=source, proven=proven).order_by("-as_of").first()
        if newest is not None:
            own = own.filter(resolved_at__gt=newest.as_of)
        if own.exists():
            record = track_record_get(source=source, proven=proven, as_of=now)
            kept += record_bases_keep(record=record, bases=record_bases(record=record, progress=progress))
    return kept


def _calls(record: TrackRecord) -> dict[str, list[RecordLine]]:
    """Return by call the lines whose shares and days its base rate is of."""
    lines = [line for line in record.lines if line.state == "traded"]
    if not lines:
        declined = [line for line in record.lines if line.state == "no_trade"]
        lines = [replace(line, action=action) for line in declined for action in _SIDES]
    by_call: defaultdict[str, list[RecordLine]] = defaultdict(list)
    for line in lines:
        by_call[line.call].append(line)
    return dict(sorted(by_call.items()))
