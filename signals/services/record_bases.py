"""What a track record must be held against: all rows of the same shares, days and costs, without any choice."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from itertools import product

from django.db import transaction

from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import Side, SideBase
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import side_bases
from signals.contracts import SOURCES, TrackRecord
from signals.models import Outcome, RecordBase
from signals.selectors.track_record import track_record_get
from traderai.common.progress import Progress, silent

_SIDES: dict[str, Side] = {"BUY": "long", "SELL": "short"}


def record_bases(*, record: TrackRecord, progress: Progress = silent) -> dict[str, SideBase]:
    """Return for each call of a record's trades what all labelled rows of its side made, from the first one told to the last.

    The rows are those of all shares of the record. Needs the bars; a record itself is read without them.
    """
    ended = [line for line in record.lines if line.state == "traded"]
    shares = [instrument_get(secid=secid) for secid in sorted({line.secid for line in ended})]
    calls = sorted({line.call for line in ended})
    found: dict[str, SideBase] = {}
    for done, call in enumerate(calls):
        progress(done, len(calls), call)
        own = [line for line in ended if line.call == call]
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
    rows = []
    for call, base in bases.items():
        own = [line for line in record.lines if line.state == "traded" and line.call == call]
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
    for source, proven in product(SOURCES, (False, True)):
        traded = Outcome.objects.filter(
            state=Outcome.State.TRADED, signal__source=source, signal__proven=proven, resolved_at__lte=now
        )
        newest = RecordBase.objects.filter(source=source, proven=proven).order_by("-as_of").first()
        if newest is not None:
            traded = traded.filter(resolved_at__gt=newest.as_of)
        if traded.exists():
            record = track_record_get(source=source, proven=proven, as_of=now)
            kept += record_bases_keep(record=record, bases=record_bases(record=record, progress=progress))
    return kept
