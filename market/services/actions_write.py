"""Writing splits and dividends."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from django.db import transaction

from market.kernels.corporate import ex_date
from market.models import CorporateAction, Instrument, TradingDay
from market.sources.records import ActionPage, DividendRecord, RejectedRow, SplitRecord
from market.sources.wall_clock import midnight


@dataclass(slots=True, kw_only=True)
class ActionWriteReport:
    """What became of a page of actions."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outside: int = 0  # dividends of days that the calendar of stored candles does not cover
    rejected: list[RejectedRow] = field(default_factory=list)


def actions_write(*, page: ActionPage, trust: Sequence[str]) -> ActionWriteReport:
    """Store splits and dividends of known instruments; dividends get their ex-dates by the trading calendar.

    Repeating: the same actions change nothing. A split that disagrees with a stored one and a dividend that
    another, more trusted source already tells are handed back as rejected.
    """
    report = ActionWriteReport()
    with transaction.atomic():
        # Two writers take turns: what the second may add depends on what the first has added.
        ids = {row.secid: row.pk for row in Instrument.objects.select_for_update().order_by("pk")}
        _write_splits([split for split in page.splits if split.secid in ids], ids, report)
        dividends = [dividend for dividend in page.dividends if dividend.secid in ids]
        _write_dividends(dividends, ids, trust, report)
        everything: list[SplitRecord | DividendRecord] = [*page.splits, *page.dividends]
    report.rejected += [_rejected(one, "unknown_ticker") for one in everything if one.secid not in ids]
    return report


def _write_splits(splits: Iterable[SplitRecord], ids: dict[str, int], report: ActionWriteReport) -> None:
    stored = {
        (row.instrument_id, row.ex_date): row.shares_after_per_before
        for row in CorporateAction.objects.filter(kind=CorporateAction.Kind.SPLIT)
    }
    for split in splits:
        key = (ids[split.secid], split.ex_date)
        if key in stored:
            same = math.isclose(stored[key] or 0.0, split.shares_after_per_before, rel_tol=1e-9)
            report.unchanged += same
            if not same:
                report.rejected.append(_rejected(split, "split_disagrees"))
            continue
        stored[key] = split.shares_after_per_before
        CorporateAction.objects.create(
            instrument_id=key[0],
            kind=CorporateAction.Kind.SPLIT,
            ex_date=split.ex_date,
            shares_after_per_before=split.shares_after_per_before,
            known_at=midnight(split.ex_date),
            source=split.source,
        )
        report.new += 1


def _write_dividends(
    dividends: Iterable[DividendRecord], ids: dict[str, int], trust: Sequence[str], report: ActionWriteReport
) -> None:
    by_day: dict[tuple[int, date], dict[str, list[DividendRecord]]] = defaultdict(lambda: defaultdict(list))
    calendar = _real_trading_days()
    for dividend in dividends:
        day = dividend.ex_date
        if dividend.registry_close is not None and calendar:
            day = ex_date(dividend.registry_close, calendar)
        if day is None or not calendar or not calendar[0] <= day <= calendar[-1]:
            report.outside += 1
            continue
        by_day[ids[dividend.secid], day][dividend.source].append(dividend)
    for (instrument_id, day), by_source in sorted(by_day.items()):
        _write_day(instrument_id, day, by_source, trust, report)


def _write_day(
    instrument_id: int,
    day: date,
    by_source: dict[str, list[DividendRecord]],
    trust: Sequence[str],
    report: ActionWriteReport,
) -> None:
    rows = CorporateAction.objects.filter(
        instrument_id=instrument_id, kind=CorporateAction.Kind.DIVIDEND, ex_date=day
    )
    stored = {row.source: row for row in rows}
    told = [row.amount_rub or 0.0 for source, row in stored.items() if source not in by_source]
    rank = {source: at for at, source in enumerate(trust)}
    for source in sorted(by_source, key=lambda name: rank.get(name, len(rank))):
        # Two payments of one day (a year's and a quarter's) from one source add up.
        amount = math.fsum(record.amount_rub for record in by_source[source])
        if _already_told(amount, told):
            report.rejected += [_rejected(record, "told_by_other_source") for record in by_source[source]]
            continue
        told.append(amount)
        row = stored.get(source)
        if row is not None and row.amount_rub == amount:
            report.unchanged += len(by_source[source])
            continue
        CorporateAction.objects.update_or_create(
            instrument_id=instrument_id,
            kind=CorporateAction.Kind.DIVIDEND,
            ex_date=day,
            source=source,
            defaults={"amount_rub": amount, "known_at": midnight(day)},
        )
        report.new += len(by_source[source]) if row is None else 0
        report.changed += len(by_source[source]) if row is not None else 0


def _already_told(amount: float, told: list[float]) -> bool:
    totals = [*told, math.fsum(told)]
    return any(math.isclose(amount, total, rel_tol=0.005) for total in totals if total)


def _real_trading_days() -> list[date]:
    days = TradingDay.objects.filter(is_real=True).values_list("trading_date", flat=True)
    return sorted(set(days))


def _rejected(record: SplitRecord | DividendRecord, reason: str) -> RejectedRow:
    place = record.place if isinstance(record, DividendRecord) else record.source
    return RejectedRow(
        place=place, reason=reason, raw={name: str(value) for name, value in asdict(record).items()}
    )
