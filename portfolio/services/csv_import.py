"""Importing the tables of trades that brokers export."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise

from django.db import transaction

from market.contracts import InstrumentFacts
from market.selectors.day_ranges import day_ranges
from market.selectors.instruments import instruments_on
from market.selectors.tickers import ticker_spans
from portfolio.contracts import TradeFacts
from portfolio.kernels.broker_csv import MissingUnitError, file_text, trades_parsed
from portfolio.ledger_contracts import (
    FileRow,
    ImportedRow,
    ImportReport,
    ParsedFile,
    QuantityUnit,
    Remark,
    RowProblem,
    Said,
)
from portfolio.models import Trade
from portfolio.selectors.configuration import ledger_config_get
from portfolio.selectors.journal import trades_get
from portfolio.services.accounts import account_meant, check_room, lock_account
from portfolio.services.record import trades_write
from portfolio.services.trade_checks import (
    Checked,
    checked_trade,
    day_of,
    instrument_meant,
    sales_refused,
    short_refusal,
)
from signals.selectors.known import signal_secids
from traderai.common.errors import InputError, NotFoundError, TraderAIError

_SUGGESTIONS = 20  # unknown tickers of a file for which the closest known one is named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the file that can have been a trade."""

    row: int
    trade: Checked
    known: bool


def trades_import(
    *,
    user_id: int,
    account_id: int | None,
    content: bytes,
    unit: QuantityUnit | None,
    dry_run: bool,
    now: datetime,
) -> ImportReport:
    """Write the trades of a broker's export down; rows that are broken are reported, the others are kept.

    A trade is known by its number and its figures: importing a file again, or one that overlaps it, adds nothing. In a
    dry run all is looked at and nothing is written.

    Raises: NotFoundError for another user's account; InputError for a file that is no table of trades, does
    not say what it counts in, or is too large, and for a virtual account.
    """
    config = ledger_config_get()
    if len(content) > config.max_import_bytes:
        raise InputError(
            f"a file must have at most {config.max_import_bytes} bytes, had {len(content)}; send it in parts",
            code="file_too_large",
            field="file",
        )
    try:
        parsed = trades_parsed(file_text(content), unit=unit, max_rows=config.max_import_rows)
    except MissingUnitError as error:
        raise InputError(str(error), code="missing_unit", field="qty_unit") from error
    except ValueError as error:
        raise InputError(str(error), code="unreadable_file", field="file") from error
    account = account_meant(user_id=user_id, account_id=account_id, now=now)
    if account.kind == "virtual":
        raise InputError(
            "a virtual account takes orders alone; import into a real one",
            code="virtual_fills_itself",
            field="account_id",
        )
    with transaction.atomic():
        lock_account(account.id)
        return _imported(account.id, parsed, dry_run=dry_run, now=now)


def _imported(account_id: int, parsed: ParsedFile, *, dry_run: bool, now: datetime) -> ImportReport:
    held = trades_get(account_id=account_id, as_of=now)
    rows, problems = _checked_rows(account_id, parsed, now)
    new = [row for row in rows if not row.known]
    refused = sales_refused(held, [row.trade for row in new], now=now)
    problems += [
        _problem(row.row, short_refusal(row.trade)) for row, out in zip(new, refused, strict=True) if out
    ]
    added = [row for row, out in zip(new, refused, strict=True) if not out]
    if dry_run:
        check_room(held=len(held), more=len(added))
    else:
        trades_write(account_id, [row.trade for row in added], now=now)
    twice = _looks_like(held)
    taken = [_told(row, twice) for row in [*added, *(row for row in rows if row.known)]]
    return ImportReport(
        layout=parsed.layout,
        dry_run=dry_run,
        rows=len(parsed.rows) + len(parsed.problems),
        added=len(added),
        known=len(rows) - len(new),
        taken=tuple(sorted(taken, key=lambda row: row.row)),
        problems=tuple(sorted([*parsed.problems, *problems], key=lambda problem: problem.row)),
    )


def _checked_rows(account_id: int, parsed: ParsedFile, now: datetime) -> tuple[list[_Row], list[RowProblem]]:
    """Return the rows that can have been trades, in the order of time, and what is wrong with the others."""
    instruments, problems = _instruments(parsed.rows)
    whole = [row for row in parsed.rows if row.secid in instruments]
    ranges = day_ranges(
        asked=[(instruments[row.secid].id, day_of(row.traded_at)) for row in whole], as_of=now
    )
    signals = signal_secids(ids=[row.signal_id for row in whole if row.signal_id is not None])
    checked: list[tuple[FileRow, Checked]] = []
    lots = _lots(whole, instruments)
    for row in _by_time(whole):
        try:
            _check_signal(row, instruments[row.secid], signals)
            lot = lots[row.secid, day_of(row.traded_at)] if row.unit == "lots" else 1
            said = _said(row, row.qty * lot)
            trade = checked_trade(
                said, instrument=instruments[row.secid], ranges=ranges, config=ledger_config_get(), now=now
            )
        except (InputError, NotFoundError) as error:
            problems.append(_problem(row.row, error))
        else:
            checked.append((row, trade))
    return _rows(account_id, checked), problems


def _rows(account_id: int, checked: Sequence[tuple[FileRow, Checked]]) -> list[_Row]:
    """Return the rows with names made of their number and figures, and whether there is such a trade already.

    Of equal rows without a number each is a trade; with a number it is one execution in two tables of a report.
    """
    seen: Counter[str] = Counter()
    named: list[tuple[FileRow, Checked, bool]] = []
    for row, trade in checked:
        told = "|".join(
            str(each)
            for each in (
                trade.instrument.secid, trade.said.side, trade.qty_shares, trade.price_rub,
                trade.traded_at.timestamp(), row.number,
            )
        )  # fmt: skip
        seen[told] += 1
        ordinal = 1 if row.number else seen[told]
        name = "csv:" + hashlib.sha256(f"{told}|{ordinal}".encode()).hexdigest()[:40]
        named.append((row, replace(trade, said=replace(trade.said, external_id=name)), ordinal < seen[told]))
    names = [trade.said.external_id for _, trade, _ in named]
    stored = Trade.objects.filter(account_id=account_id, external_id__in=names)
    known = set(stored.values_list("external_id", flat=True))
    return [
        _Row(row=row.row, trade=trade, known=again or trade.said.external_id in known)
        for row, trade, again in named
    ]


def _instruments(rows: Sequence[FileRow]) -> tuple[dict[str, InstrumentFacts], list[RowProblem]]:
    """Return what each ticker of the file means, and the rows whose ticker means nothing."""
    found: dict[str, InstrumentFacts] = {}
    wrong: dict[str, TraderAIError] = {}
    known = ticker_spans()
    for secid in dict.fromkeys(row.secid for row in rows):
        try:
            # The closest ticker is looked for among all: of a file full of others' tickers, not for each of them.
            if len(wrong) >= _SUGGESTIONS and secid.strip().upper() not in known:
                raise NotFoundError(
                    f"ticker must be one that we hold, was {secid!r}", code="unknown_ticker", field="ticker"
                )
            found[secid] = instrument_meant(secid)
        except (InputError, NotFoundError) as error:
            wrong[secid] = error
    return found, [_problem(row.row, wrong[row.secid], field="secid") for row in rows if row.secid in wrong]


def _by_time(rows: Sequence[FileRow]) -> list[FileRow]:
    """Return the rows in the order of time; of one moment in the file's order, turned round if the newest come first."""
    falls = sum(after.traded_at < before.traded_at for before, after in pairwise(rows))
    rises = sum(after.traded_at > before.traded_at for before, after in pairwise(rows))
    return sorted(rows[::-1] if falls > rises else rows, key=lambda row: row.traded_at)


def _lots(rows: Sequence[FileRow], instruments: Mapping[str, InstrumentFacts]) -> dict[tuple[str, date], int]:
    """Return the lots of the shares and days that are counted in lots, looked up day by day."""
    by_day: defaultdict[date, dict[str, InstrumentFacts]] = defaultdict(dict)
    for row in rows:
        if row.unit == "lots":
            by_day[day_of(row.traded_at)][row.secid] = instruments[row.secid]
    return {
        (secid, day): facts.lot_size
        for day, wanted in by_day.items()
        for secid, facts in zip(
            wanted, instruments_on(instruments=tuple(wanted.values()), day=day), strict=True
        )
    }


def _said(row: FileRow, qty_shares: int) -> Said:
    return Said(
        secid=row.secid,
        side=row.side,
        qty=qty_shares,
        unit="shares",
        origin="csv",
        price_rub=row.price_rub,
        commission_rub=row.commission_rub,
        traded_at=row.traded_at,
        stop_rub=row.stop_rub,
        signal_id=row.signal_id,
    )


def _check_signal(row: FileRow, instrument: InstrumentFacts, signals: Mapping[int, str]) -> None:
    if row.signal_id is not None and signals.get(row.signal_id) != instrument.secid:
        raise InputError(
            f"signal_id must be a signal of {instrument.secid}, was {row.signal_id}",
            code="unknown_signal",
            field="signal_id",
        )


def _looks_like(held: Sequence[TradeFacts]) -> set[tuple[str, str, int, float, date]]:
    """Return the figures of trades that came another way: entered by hand, and now in a file."""
    return {
        (each.secid, each.side, each.qty_shares, each.price_rub, day_of(each.traded_at))
        for each in held
        if each.origin in ("api", "manual")
    }


def _told(row: _Row, twice: set[tuple[str, str, int, float, date]]) -> ImportedRow:
    trade = row.trade
    figures = (
        trade.instrument.secid,
        trade.said.side,
        trade.qty_shares,
        trade.price_rub,
        day_of(trade.traded_at),
    )
    more = (Remark(code="maybe_twice"),) if figures in twice and not row.known else ()
    return ImportedRow(
        row=row.row,
        secid=trade.instrument.secid,
        side=trade.said.side,
        qty_shares=trade.qty_shares,
        price_rub=trade.price_rub,
        commission_rub=trade.commission_rub,
        traded_at=trade.traded_at,
        known=row.known,
        remarks=(*trade.remarks, *more),
    )


def _problem(row: int, error: TraderAIError, field: str = "") -> RowProblem:
    return RowProblem(row=row, field=field or error.field or "", code=error.code, detail=error.detail)
