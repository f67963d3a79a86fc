"""Positions: told of, set right, taken off the book, and their stops."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NoReturn

from django.db import transaction

from market.selectors.instruments import instrument_get
from portfolio.contracts import AccountFacts, PositionFacts, TradeSide
from portfolio.ledger_contracts import PositionChange, Recorded, Said
from portfolio.models import StopChange
from portfolio.selectors.configuration import ledger_config_get
from portfolio.selectors.journal import account_get, position_get, positions_get
from portfolio.selectors.orders import closing_order
from portfolio.services.accounts import account_meant, lock_account
from portfolio.services.record import known_trade, trade_record, trades_write
from portfolio.services.trade_checks import Checked, checked_trade, day_of, instrument_meant, shares_of
from portfolio.services.virtual import order_place
from traderai.common.errors import ConflictError, InputError

_WHOLE = 1e-6  # of a share: what rounding leaves


def position_open(*, user_id: int, account_id: int | None, said: Said, now: datetime) -> Recorded:
    """Tell of a position that is held: the trade that would have opened it.

    Raises: ConflictError where there is one in the share already (PATCH sets it right), and what `trade_record` raises.
    """
    account = account_meant(user_id=user_id, account_id=account_id, now=now)
    secid = instrument_meant(said.secid).secid
    held = {each.secid for each in positions_get(account_id=account.id, as_of=now)}
    told = known_trade(account.id, said.external_id) is not None
    if secid in held and not told:
        raise ConflictError(
            f"a position in {secid} is held already; set it right by PATCH, or add a trade to it",
            code="position_exists",
            field="secid",
        )
    return trade_record(user_id=user_id, account_id=account.id, said=said, now=now)


def position_adjust(
    *, user_id: int, account_id: int, secid: str, change: PositionChange, now: datetime
) -> PositionFacts | None:
    """Set quantity, average price or stop right, by adjusting entries; return what is open then, None if nothing.

    Another quantity is an entry for the difference, at the given average price or at the present one. Another average
    price closes the position at its own average and opens it anew. Such entries cost nothing and no trade was made.
    Repeating changes nothing. The quantity of a virtual account is changed by trades alone.

    Raises: NotFoundError where nothing is held, or by another user; InputError for impossible figures.
    """
    account = account_get(user_id=user_id, account_id=account_id)
    with transaction.atomic():
        lock_account(account.id)
        position = position_get(account_id=account.id, secid=secid, as_of=now)
        if change.qty is not None or change.avg_price_rub is not None:
            if account.kind == "virtual":
                _refuse_virtual()
            _restate(account, position, change, now)
        if change.sets_stop:
            _stop_set(account, position, change.stop_rub, now)
    left = positions_get(account_id=account.id, as_of=now)
    return next((each for each in left if each.secid == position.secid), None)


def position_delete(*, user_id: int, account_id: int, secid: str, now: datetime) -> Recorded | None:
    """Take a position off the book: an adjusting entry at its average price; a virtual one is closed by an order.

    Raises: NotFoundError where nothing is held, or by another user.
    """
    account = account_get(user_id=user_id, account_id=account_id)
    with transaction.atomic():
        lock_account(account.id)
        position = position_get(account_id=account.id, secid=secid, as_of=now)
        qty = _whole_shares(position)
        if account.kind == "virtual":
            # Asked twice it must not turn the position round.
            closing = closing_order(account_id=account.id, position=position)
            if closing is not None:
                return Recorded(order=closing, created=False)
            return order_place(account=account, said=_said(position, qty, closes=True), now=now)
        _adjust(account, position, [(True, qty, position.avg_price_rub)], now)
    return None


def _restate(account: AccountFacts, position: PositionFacts, change: PositionChange, now: datetime) -> None:
    held = _whole_shares(position)
    wanted = held
    if change.qty is not None:
        told = _said(position, change.qty, closes=False, unit=change.unit)
        wanted = shares_of(told, instrument=instrument_get(secid=position.secid), day=day_of(now))
    price = position.avg_price_rub if change.avg_price_rub is None else change.avg_price_rub
    if not math.isclose(price, position.avg_price_rub, rel_tol=1e-9):
        _adjust(account, position, [(True, held, position.avg_price_rub), (False, wanted, price)], now)
    elif wanted != held:
        _adjust(account, position, [(wanted < held, abs(wanted - held), price)], now)


def _adjust(
    account: AccountFacts, position: PositionFacts, entries: list[tuple[bool, int, float]], now: datetime
) -> None:
    """Write entries of (closes, shares, price); the stop stays with what is opened anew."""
    instrument = instrument_get(secid=position.secid)
    checked: list[Checked] = []
    for closes, qty, price in entries:
        said = _said(position, qty, closes=closes, price=price)
        checked.append(
            checked_trade(said, instrument=instrument, ranges={}, config=ledger_config_get(), now=now)
        )
    trades_write(account.id, checked, now=now)
    if len(entries) > 1 and position.stop_rub is not None:
        _stop_write(account, position.secid, position.stop_rub, now)


def _said(
    position: PositionFacts, qty: int, *, closes: bool, price: float | None = None, unit: str = "shares"
) -> Said:
    side: TradeSide = "BUY" if position.is_long != closes else "SELL"
    return Said(
        secid=position.secid,
        side=side,
        qty=qty,
        unit="lots" if unit == "lots" else "shares",
        origin="adjustment",
        price_rub=price,
        commission_rub=None if price is None else 0.0,
    )


def _stop_set(account: AccountFacts, position: PositionFacts, stop_rub: float | None, now: datetime) -> None:
    if stop_rub is not None and not (math.isfinite(stop_rub) and stop_rub > 0):
        raise InputError(f"stop must be above 0, was {stop_rub}; null takes it away", field="stop")
    if stop_rub != position.stop_rub:
        _stop_write(account, position.secid, stop_rub, now)


def _stop_write(account: AccountFacts, secid: str, stop_rub: float | None, now: datetime) -> None:
    instrument = instrument_get(secid=secid)
    StopChange.objects.create(
        account_id=account.id, instrument_id=instrument.id, stop_rub=stop_rub, set_at=now
    )


def _whole_shares(position: PositionFacts) -> int:
    qty = round(position.qty_shares)
    if qty < 1 or abs(qty - position.qty_shares) > _WHOLE * qty:
        raise InputError(
            f"a position must be of whole shares to be set right, was {position.qty_shares:g} of {position.secid} after "
            "a consolidation; tell of the trade by which the rest was paid out",
            code="part_of_share",
            field="qty",
        )
    return qty


def _refuse_virtual() -> NoReturn:
    raise InputError(
        "a position of a virtual account changes by trades alone; send an order", code="virtual_fills_itself"
    )
