"""Reading positions with what they are worth."""

from __future__ import annotations

from datetime import datetime

from market.contracts import CloseFacts, InstrumentFacts, Timeframe
from market.selectors.closes import closes_get
from market.selectors.instruments import instrument_list
from portfolio.contracts import PositionFacts
from portfolio.ledger_contracts import PositionView
from portfolio.selectors.journal import positions_held, unknown_position
from signals.selectors.configuration import service_get


def positions_valued(
    *, user_id: int, account_id: int | None = None, secid: str | None = None, as_of: datetime
) -> tuple[PositionView, ...]:
    """Return what a user holds, by account and ticker, at the last closes known at `as_of`.

    Raises: NotFoundError for another user's account, or with `secid` where nothing is held in it.
    """
    held = positions_held(user_id=user_id, account_id=account_id, as_of=as_of)
    if secid is not None:
        held = tuple(position for position in held if position.secid == secid)
        if not held:
            raise unknown_position(secid)
    if not held:
        return ()
    known = {each.secid: each for each in instrument_list(active_only=False)}
    timeframe = Timeframe.parse(service_get().timeframe)
    closes = closes_get(secids=sorted({each.secid for each in held}), timeframe=timeframe, as_of=as_of)
    return tuple(_valued(each, known[each.secid], closes.get(each.secid)) for each in held)


def position_id(position: PositionFacts) -> str:
    """Return how a position is named in addresses."""
    return f"{position.account_id}-{position.secid}"


def _valued(position: PositionFacts, instrument: InstrumentFacts, last: CloseFacts | None) -> PositionView:
    sign = 1.0 if position.is_long else -1.0
    cost = position.qty_shares * position.avg_price_rub
    price = None if last is None else last.close
    value = None if price is None else sign * position.qty_shares * price
    pnl = None if value is None else value - sign * cost - position.commission_rub
    return PositionView(
        id=position_id(position),
        position=position,
        name_ru=instrument.name_ru,
        name_en=instrument.name_en,
        price_rub=price,
        priced_at=None if last is None else last.begin,
        value_rub=value,
        pnl_rub=pnl,
        pnl_frac=None if pnl is None else pnl / cost,
    )
