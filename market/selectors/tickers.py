"""Reading whose ticker it was: instruments keep their identity when their ticker is replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from market.contracts import TickerSpan
from market.models import Instrument, TickerChange


def ticker_spans() -> dict[str, TickerSpan]:
    """Return every current and former ticker with its newest holder."""
    return {secid: holders[-1] for secid, holders in ticker_holders().items()}


def ticker_holders() -> dict[str, tuple[TickerSpan, ...]]:
    """Return every current and former ticker with all its holders, the earliest first."""
    changes = TickerChange.objects.values_list("instrument_id", "old_secid", "new_secid", "changed_on")
    return holders_of(dict(Instrument.objects.values_list("pk", "secid")), changes)


def ticker_at(holders: Mapping[str, tuple[TickerSpan, ...]], *, secid: str, day: date) -> TickerSpan | None:
    """Return who held a ticker on a day; a day before its first holder's span belongs to the first holder."""
    spans = holders.get(secid, ())
    for span in reversed(spans):
        if (span.valid_from is None or span.valid_from <= day) and (
            span.valid_till is None or day < span.valid_till
        ):
            return span
    first = spans[0] if spans else None
    return first if first is not None and first.valid_from is not None and day < first.valid_from else None


def holders_of(
    secids: Mapping[int, str], changes: Iterable[tuple[int, str, str, date]]
) -> dict[str, tuple[TickerSpan, ...]]:
    """Return the holders of every ticker from instruments' current ones and (instrument, old, new, day) changes."""
    arrived: dict[tuple[int, str], list[date]] = defaultdict(list)
    spans: dict[str, list[TickerSpan]] = defaultdict(list)
    ordered = sorted(changes, key=lambda change: change[3])
    for instrument_id, _, new, day in ordered:
        arrived[instrument_id, new].append(day)
    for instrument_id, old, _, day in ordered:
        before = [start for start in arrived[instrument_id, old] if start < day]
        spans[old].append(_span(secids, instrument_id, max(before, default=None), day))
    for instrument_id, secid in secids.items():
        spans[secid].append(
            _span(secids, instrument_id, max(arrived[instrument_id, secid], default=None), None)
        )
    return {secid: _one_after_another(found) for secid, found in spans.items()}


def _span(secids: Mapping[int, str], instrument_id: int, since: date | None, till: date | None) -> TickerSpan:
    return TickerSpan(
        instrument_id=instrument_id, secid=secids[instrument_id], valid_from=since, valid_till=till
    )


def _one_after_another(spans: list[TickerSpan]) -> tuple[TickerSpan, ...]:
    """Return the spans by their ends; a ticker taken over by another company starts with it where the first ends."""
    ordered = sorted(spans, key=lambda span: span.valid_till or date.max)
    for at in range(1, len(ordered)):
        before, after = ordered[at - 1], ordered[at]
        if after.valid_from is None and after.instrument_id != before.instrument_id:
            ordered[at] = replace(after, valid_from=before.valid_till)
    return tuple(ordered)
