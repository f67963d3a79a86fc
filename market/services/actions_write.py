"""Writing splits and dividends."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction

from market.kernels.corporate import ex_date
from market.models import Candle, CorporateAction, Instrument, TradingDay
from market.selectors.tickers import ticker_spans
from market.services.dividend_announcements import (
    NEAR_DAYS,
    STAFF,
    announced_amounts,
    announcements_apply,
    rejected_action,
)
from market.sources.corporate_files import SAME_SPLIT_DAYS
from market.sources.records import ActionPage, DividendRecord, RejectedRow, SplitRecord
from traderai.common.clock import midnight

# An amount that the file's maker turned back by a split is believed only where the price bears it out: the smallest
# split of the table is tenfold, and no ordinary dividend is below a thousandth or above 30 % of the price.
_YIELD_BEARS_OUT = (0.001, 0.3)
_SAME_AMOUNT = 0.005
# This source tells ex-dates alone, and amounts adjusted for rights issues and mistaken decimals at times: whoever tells
# a dividend of those days by its register knows better.
_TELL_NO_REGISTER = frozenset({"skill_fill_yahoo"})
_SAME_DIVIDEND_DAYS = 5
_NEARLY_SAME_AMOUNT = (
    0.1  # of a turned amount: the same dividend, adjusted by its maker for something else too
)


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

    Records that only tell an announcement set `known_at` of the dividend they belong to: the end of that day in
    Moscow. A dividend without one is known from midnight of its ex-date. What staff have set (source "staff:...")
    stays as it is.

    Repeating: the same actions change nothing. A split that disagrees with a stored one, a dividend that another,
    more trusted source already tells, and an announcement that fits no dividend are handed back as rejected.
    """
    report = ActionWriteReport()
    with transaction.atomic():
        # Two writers take turns: what the second may add depends on what the first has added. No key is locked:
        # rows that point to an instrument go on being written, without a wait and without a deadlock.
        list(Instrument.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        ids = {secid: span.instrument_id for secid, span in ticker_spans().items()}
        _write_splits([split for split in page.splits if split.secid in ids], ids, report)
        known = [dividend for dividend in page.dividends if dividend.secid in ids]
        dated = _dated(known, ids, report)
        told = [entry for entry in dated if entry.record.announced_on is None]
        announced = [entry for entry in dated if entry.record.announced_on is not None]
        _write_dividends(told, announced_amounts(announced), trust, report)
        announcements_apply(announced, report)
    everything: list[SplitRecord | DividendRecord] = [*page.splits, *page.dividends]
    report.rejected += [rejected_action(one, "unknown_ticker") for one in everything if one.secid not in ids]
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedDividend:
    """A dividend or its announcement with the instrument and the ex-date it belongs to."""

    instrument_id: int
    ex_date: date
    record: DividendRecord


def _write_splits(splits: Iterable[SplitRecord], ids: dict[str, int], report: ActionWriteReport) -> None:
    stored: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for row in CorporateAction.objects.filter(kind=CorporateAction.Kind.SPLIT):
        stored[row.instrument_id].append((row.ex_date, row.shares_after_per_before or 0.0))
    for split in splits:
        of_share = stored[ids[split.secid]]
        near = [
            ratio for day, ratio in of_share if abs((day - split.ex_date).days) <= SAME_SPLIT_DAYS
        ]  # two sources may date one split by its decision and by its first trade
        if near:
            same = any(math.isclose(ratio, split.shares_after_per_before, rel_tol=1e-9) for ratio in near)
            report.unchanged += same
            if not same:
                report.rejected.append(rejected_action(split, "split_disagrees"))
            continue
        of_share.append((split.ex_date, split.shares_after_per_before))
        CorporateAction.objects.create(
            instrument_id=ids[split.secid],
            kind=CorporateAction.Kind.SPLIT,
            ex_date=split.ex_date,
            shares_after_per_before=split.shares_after_per_before,
            known_at=midnight(split.ex_date),
            source=split.source,
        )
        report.new += 1


def _dated(
    dividends: Iterable[DividendRecord], ids: dict[str, int], report: ActionWriteReport
) -> list[DatedDividend]:
    simulated = set(Instrument.objects.filter(is_simulated=True).values_list("pk", flat=True))
    calendars = {kind: _trading_days(simulated=kind) for kind in (False, True)}
    dated = []
    for dividend in dividends:
        calendar = calendars[ids[dividend.secid] in simulated]
        day = dividend.ex_date
        if dividend.registry_close is not None and calendar:
            day = ex_date(dividend.registry_close, calendar)
        if day is None or not calendar or not calendar[0] <= day <= calendar[-1]:
            report.outside += 1
            continue
        dated.append(DatedDividend(instrument_id=ids[dividend.secid], ex_date=day, record=dividend))
    return dated


def _write_dividends(
    dividends: Iterable[DatedDividend],
    announced: dict[int, list[tuple[date, list[float]]]],
    trust: Sequence[str],
    report: ActionWriteReport,
) -> None:
    by_day: dict[tuple[int, date], dict[str, list[DividendRecord]]] = defaultdict(lambda: defaultdict(list))
    stored: dict[tuple[int, date], dict[str, CorporateAction]] = defaultdict(dict)
    dividends = list(dividends)
    rows = CorporateAction.objects.filter(
        kind=CorporateAction.Kind.DIVIDEND, instrument_id__in={one.instrument_id for one in dividends}
    )
    for row in rows:
        stored[row.instrument_id, row.ex_date][row.source] = row
    registered = _registered(dividends, stored)
    for dividend in dividends:
        reason = _doubt(dividend, announced, registered)
        if reason:
            report.rejected.append(rejected_action(dividend.record, reason))
            continue
        by_day[dividend.instrument_id, dividend.ex_date][dividend.record.source].append(dividend.record)
    for (instrument_id, day), by_source in sorted(by_day.items()):
        _write_day((instrument_id, day), by_source, stored[instrument_id, day], trust, report)


def _write_day(
    key: tuple[int, date],
    by_source: dict[str, list[DividendRecord]],
    stored: dict[str, CorporateAction],
    trust: Sequence[str],
    report: ActionWriteReport,
) -> None:
    by_staff = [row.amount_rub or 0.0 for source, row in stored.items() if source.startswith(STAFF)]
    told = [row.amount_rub or 0.0 for source, row in stored.items() if source not in by_source]
    rank = {source: at for at, source in enumerate(trust)}
    for source in sorted(by_source, key=lambda name: rank.get(name, len(rank))):
        records = by_source[source]
        amount = _amount_of(records)
        if _already_told(amount, by_staff, _SAME_AMOUNT):
            report.unchanged += len(records)
            continue
        turned = any(record.turned_back_by is not None for record in records)
        if _already_told(amount, told, _NEARLY_SAME_AMOUNT if turned else _SAME_AMOUNT):
            report.rejected += [rejected_action(record, "told_by_other_source") for record in records]
            continue
        told.append(amount)
        row = stored.get(source)
        if row is None:
            CorporateAction.objects.create(
                instrument_id=key[0],
                kind=CorporateAction.Kind.DIVIDEND,
                ex_date=key[1],
                source=source,
                amount_rub=amount,
                known_at=midnight(key[1]),
            )
            report.new += len(records)
        elif row.amount_rub == amount:
            report.unchanged += len(records)
        else:
            CorporateAction.objects.filter(pk=row.pk).update(amount_rub=amount)
            report.changed += len(records)


def _amount_of(records: Sequence[DividendRecord]) -> float:
    """Return what one source tells of one day: two payments (a year's and a quarter's) add up.

    A payment that two files of the source tell is one payment: it counts as often as the file that tells it most.
    """
    by_file: dict[str, Counter[float]] = defaultdict(Counter)
    for record in records:
        by_file[record.place.rstrip("0123456789")][record.amount_rub] += 1
    payments: Counter[float] = Counter()
    for told in by_file.values():
        payments |= told
    return math.fsum(payments.elements())


def _registered(
    dividends: Sequence[DatedDividend], stored: dict[tuple[int, date], dict[str, CorporateAction]]
) -> dict[int, set[date]]:
    """Return by instrument the ex-dates told by a register's day; stored rows told otherwise give way to them."""
    days: dict[int, set[date]] = defaultdict(set)
    for dividend in dividends:
        if dividend.record.source not in _TELL_NO_REGISTER:
            days[dividend.instrument_id].add(dividend.ex_date)
    for (instrument_id, day), by_source in list(stored.items()):
        for source, row in list(by_source.items()):
            if source not in _TELL_NO_REGISTER:
                days[instrument_id].add(day)
            elif _near(day, days[instrument_id]):
                row.delete()
                del by_source[source]
    return days


def _near(day: date, days: Iterable[date]) -> bool:
    return any(abs((day - other).days) <= _SAME_DIVIDEND_DAYS for other in days)


def _doubt(
    dividend: DatedDividend,
    announced: dict[int, list[tuple[date, list[float]]]],
    registered: dict[int, set[date]],
) -> str:
    """Return why a dividend is not believed, else an empty text."""
    record = dividend.record
    if record.source in _TELL_NO_REGISTER and _near(dividend.ex_date, registered[dividend.instrument_id]):
        return "told_by_other_source"
    if record.turned_back_by is None:
        return ""
    price_rub = _last_close(dividend.instrument_id, dividend.ex_date)
    if price_rub is None:
        return "turned_amount_unchecked"
    least, most = _YIELD_BEARS_OUT
    if not least <= record.amount_rub / price_rub <= most:
        return "turned_amount_against_price"
    for day, amounts in announced.get(dividend.instrument_id, ()):
        near = abs((day - dividend.ex_date).days) <= NEAR_DAYS
        if near and not any(_already_told(record.amount_rub, [amount], _SAME_AMOUNT) for amount in amounts):
            return "turned_amount_against_announcement"
    return ""


def _last_close(instrument_id: int, before: date) -> float | None:
    """Return the last close as traded in the month before a day, of any stored timeframe."""
    end = midnight(before)
    row = (
        Candle.objects.filter(instrument_id=instrument_id, begin__lt=end, begin__gte=end - timedelta(days=31))
        .order_by("-begin")
        .values_list("close", flat=True)
        .first()
    )
    return None if row is None else float(row)


def _already_told(amount: float, told: list[float], tolerance: float) -> bool:
    totals = [*told, math.fsum(told)]
    return any(math.isclose(amount, total, rel_tol=tolerance) for total in totals if total)


def _trading_days(*, simulated: bool) -> list[date]:
    """Return the days of the exchange or those of the simulator."""
    kept = (
        TradingDay.objects.filter(is_simulated=True) if simulated else TradingDay.objects.filter(is_real=True)
    )
    return sorted(set(kept.values_list("trading_date", flat=True)))
