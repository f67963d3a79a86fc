"""What a track record must be held against: all rows of the same shares, days and costs, without any choice."""

from __future__ import annotations

from market.selectors.instruments import instrument_get
from modeling.contracts.outcomes import Side, SideBase
from modeling.selectors.label_sets import barrier_set_get
from modeling.services.outcomes import side_bases
from signals.contracts import TrackRecord
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
