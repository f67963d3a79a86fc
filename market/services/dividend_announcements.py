"""Setting from when on a dividend was known, by the day it was announced."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Protocol

from django.db import transaction

from market.models import CorporateAction
from market.sources.records import DividendRecord, RejectedRow, SplitRecord
from traderai.common.clock import midnight

STAFF = "staff:"  # stands before the source of rows whose `known_at` staff have set
_SAME_AMOUNT = 0.01  # announcements are told with few decimals
NEAR_DAYS = 10  # two sources of one dividend may take different days for the register's
_MOST_PAYMENTS = 4  # of one day


class _Dated(Protocol):
    @property
    def instrument_id(self) -> int: ...

    @property
    def ex_date(self) -> date: ...

    @property
    def record(self) -> DividendRecord: ...


class _Report(Protocol):
    changed: int
    unchanged: int
    rejected: list[RejectedRow]


def announced_amounts(announcements: Iterable[_Dated]) -> dict[int, list[tuple[date, list[float]]]]:
    """Return by instrument the ex-date of each announcement and what its amount may be as traded."""
    splits = _splits()
    found: dict[int, list[tuple[date, list[float]]]] = defaultdict(list)
    for one in announcements:
        found[one.instrument_id].append((one.ex_date, _as_traded(one, splits.get(one.instrument_id, ()))))
    return found


def announcements_apply(announcements: Sequence[_Dated], report: _Report) -> None:
    """Give stored dividends the end of their announcement's day as `known_at`; what staff have set stays.

    An announcement belongs to a dividend of the same ex-date, or of the only one within ten days, whose amount is
    its own or the sum of those announced for that day, as traded or in shares of a later split.

    Repeating: changes nothing.
    """
    splits = _splits()
    stored: dict[int, list[CorporateAction]] = defaultdict(list)
    rows = CorporateAction.objects.filter(
        kind=CorporateAction.Kind.DIVIDEND, instrument_id__in={one.instrument_id for one in announcements}
    )
    for row in rows:
        stored[row.instrument_id].append(row)
    by_day: dict[tuple[int, date], list[_Dated]] = defaultdict(list)
    for one in announcements:
        by_day[one.instrument_id, one.ex_date].append(one)
    for (instrument_id, day), told in sorted(by_day.items(), key=lambda item: item[0]):
        here = [row for row in stored[instrument_id] if row.ex_date == day]
        near = [row for row in stored[instrument_id] if abs((row.ex_date - day).days) <= NEAR_DAYS]
        if not here and len(near) == 1:
            here = near
        _apply_day(here, told, splits.get(instrument_id, ()), report)


def action_known_set(*, action_id: int, known_at: datetime) -> None:
    """Set by hand from when on a split or dividend was known; ingests leave the row as it is from then on.

    Repeating: changes nothing.
    """
    with transaction.atomic():
        row = CorporateAction.objects.select_for_update().get(pk=action_id)
        source = row.source if row.source.startswith(STAFF) else f"{STAFF}{row.source}"
        CorporateAction.objects.filter(pk=row.pk).update(known_at=known_at, source=source)


def rejected_action(record: SplitRecord | DividendRecord, reason: str) -> RejectedRow:
    """Return a split or a dividend as a refused row."""
    place = record.place if isinstance(record, DividendRecord) else record.source
    raw = {name: str(value) for name, value in asdict(record).items() if value is not None}
    return RejectedRow(place=place, reason=reason, raw=raw)


def _apply_day(
    rows: Sequence[CorporateAction],
    told: Sequence[_Dated],
    splits: Sequence[tuple[date, float]],
    report: _Report,
) -> None:
    used: set[int] = set()
    changed = False
    for row in rows:
        chosen = _chosen(row.amount_rub or 0.0, told, splits)
        if not chosen:
            continue
        used |= set(chosen)
        days = [day for at in chosen if (day := told[at].record.announced_on) is not None]
        known_at = _end_of(max(days))
        if row.source.startswith(STAFF) or row.known_at == known_at:
            continue
        CorporateAction.objects.filter(pk=row.pk).update(known_at=known_at)
        row.known_at = known_at
        changed = True
    for at, one in enumerate(told):
        if at not in used:
            reason = "announced_amount_disagrees" if rows else "announced_dividend_unknown"
            report.rejected.append(rejected_action(one.record, reason))
    if changed:
        report.changed += len(used)
    else:
        report.unchanged += len(used)


def _chosen(
    amount_rub: float, told: Sequence[_Dated], splits: Sequence[tuple[date, float]]
) -> tuple[int, ...]:
    """Return the positions of the announcements that make up an amount, as few as possible, the latest ones first."""
    scaled = [_as_traded(one, splits) for one in told]
    order = sorted(range(len(told)), key=lambda at: told[at].record.announced_on or date.min, reverse=True)
    for size in range(1, min(len(told), _MOST_PAYMENTS) + 1):
        for chosen in itertools.combinations(order, size):
            for scale in range(len(scaled[0])):
                total = math.fsum(scaled[at][scale] for at in chosen)
                if math.isclose(total, amount_rub, rel_tol=_SAME_AMOUNT):
                    return chosen
    return ()


def _as_traded(one: _Dated, splits: Sequence[tuple[date, float]]) -> list[float]:
    """Return what the amount may be as traded: as it stands, then undone by one later split after the other."""
    amounts = [one.record.amount_rub]
    for day, ratio in splits:
        if day > one.ex_date:
            amounts.append(amounts[-1] * ratio)
    return amounts


def _splits() -> dict[int, list[tuple[date, float]]]:
    found: dict[int, list[tuple[date, float]]] = defaultdict(list)
    rows = CorporateAction.objects.filter(kind=CorporateAction.Kind.SPLIT).order_by("ex_date")
    for row in rows:
        found[row.instrument_id].append((row.ex_date, row.shares_after_per_before or 1.0))
    return found


def _end_of(day: date) -> datetime:
    return midnight(day + timedelta(days=1))
