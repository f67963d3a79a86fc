"""Writing trades down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from market.selectors.day_ranges import day_ranges
from portfolio.contracts import AccountFacts, TradeFacts
from portfolio.ledger_contracts import Recorded, Said
from portfolio.models import Trade
from portfolio.selectors.configuration import ledger_config_get
from portfolio.selectors.journal import TRADE_COLUMNS, trade_facts, trades_get
from portfolio.services.accounts import account_meant, check_room, lock_account
from portfolio.services.trade_checks import (
    Checked,
    check_signal,
    checked_trade,
    day_of,
    instrument_meant,
    sales_refused,
    short_refusal,
)
from portfolio.services.virtual import order_place
from traderai.common.errors import ConflictError


def trade_record(*, user_id: int, account_id: int | None, said: Said, now: datetime) -> Recorded:
    """Write a user's trade down; in a virtual account it becomes an order, filled at the first candle after it.

    Repeating with the same `external_id` changes nothing and returns what there is; another trade under a used one is
    a ConflictError.

    Raises: NotFoundError for an unknown ticker or account; InputError that names the field otherwise.
    """
    account = account_meant(user_id=user_id, account_id=account_id, now=now)
    if account.kind == "virtual":
        return order_place(account=account, said=said, now=now)
    with transaction.atomic():
        lock_account(account.id)
        return _record(account, said, now)


def _record(account: AccountFacts, said: Said, now: datetime) -> Recorded:
    instrument = instrument_meant(said.secid)
    known = known_trade(account.id, said.external_id)
    traded_at = known.traded_at if known is not None else said.traded_at or now
    check_signal(said.signal_id, instrument.secid)
    trade = checked_trade(
        said,
        instrument=instrument,
        ranges=day_ranges(asked=[(instrument.id, day_of(traded_at))], as_of=now),
        config=ledger_config_get(),
        now=now,
    )
    if known is not None:
        _same_or_conflict(known, trade)
        return Recorded(trade=known, created=False, remarks=trade.remarks)
    if trade.sign < 0 and sales_refused(trades_get(account_id=account.id, as_of=now), [trade], now=now)[0]:
        raise short_refusal(trade)
    (written,) = trades_write(account.id, [trade], now=now)
    return Recorded(trade=written, created=True, remarks=trade.remarks)


def known_trade(account_id: int, external_id: str) -> TradeFacts | None:
    """Return the trade that has this name elsewhere, None without one."""
    if not external_id:
        return None
    rows = Trade.objects.filter(account_id=account_id, external_id=external_id)
    return next(iter(trade_facts(rows.values_list(*TRADE_COLUMNS))), None)


def trades_write(account_id: int, trades: Sequence[Checked], *, now: datetime) -> tuple[TradeFacts, ...]:
    """Write checked trades down, known from now on.

    Raises: InputError for more than an account takes; then none is written.
    """
    check_room(held=Trade.objects.filter(account_id=account_id).count(), more=len(trades))
    rows = Trade.objects.bulk_create(
        Trade(
            account_id=account_id,
            instrument_id=trade.instrument.id,
            side=trade.said.side,
            qty_shares=trade.qty_shares,
            price_rub=trade.price_rub,
            commission_rub=trade.commission_rub,
            traded_at=trade.traded_at,
            known_at=now,
            origin=trade.said.origin,
            stop_rub=trade.said.stop_rub,
            signal_id=trade.said.signal_id,
            external_id=trade.said.external_id,
        )
        for trade in trades
    )
    written = Trade.objects.filter(pk__in=[row.pk for row in rows]).order_by("id")
    return trade_facts(written.values_list(*TRADE_COLUMNS))


def _same_or_conflict(known: TradeFacts, trade: Checked) -> None:
    was = (known.secid, known.side, known.qty_shares, known.price_rub)
    told = (trade.instrument.secid, trade.said.side, trade.qty_shares, trade.price_rub)
    moved = trade.said.traded_at is not None and trade.said.traded_at != known.traded_at
    if was != told or moved:
        raise ConflictError(
            f"this key must name one trade, and named {known.side} {known.qty_shares} {known.secid} at "
            f"{known.price_rub:g}; send another trade under another key",
            code="key_used",
        )
