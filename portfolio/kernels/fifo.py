"""What follows from the trades of an account: first in, first out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from market.contracts import SplitFacts
from portfolio.contracts import PositionFacts, RoundTrip, StopChange, TradeFacts

_NOTHING = 1e-9  # of a trade's quantity: what is left by rounding after a consolidation is no share
_SPLIT, _TRADE, _STOP = range(3)  # what comes first of one moment


@dataclass(slots=True, kw_only=True)
class _Part:
    """What is still open of one trade, in the shares of the moment."""

    trade: TradeFacts
    qty: float
    price: float
    commission: float


@dataclass(slots=True)
class _Book:
    """One share of the account while its events are told."""

    parts: deque[_Part] = field(default_factory=deque)
    is_long: bool = True
    stop: float | None = None


def fifo_fold(
    trades: Sequence[TradeFacts],
    splits: Mapping[str, Sequence[SplitFacts]] | None = None,
    stops: Sequence[StopChange] = (),
) -> tuple[tuple[RoundTrip, ...], tuple[PositionFacts, ...]]:
    """Return the round trips of one account in the order of their closes, and what is open, by ticker.

    A trade against the position closes its oldest parts first; what it has left opens the other side. The commission
    of a trade is split by quantity over what it opens and closes. A split restates open parts and the stop: so many
    more shares at so much lower a price. Trades of one moment count in the order of their ids, after a split of that
    moment and before a stop set then. A stop belongs to the position in which it was set: when that is closed or
    turned round it is gone.

    Shapes: trades and stops in any order; splits by ticker, those to be applied only.
    Units:  RUB and shares as traded; a quantity need not be whole after a consolidation.
    NaN:    not accepted.
    Causal: what is told of a moment depends on nothing after it.
    Raises: ValueError for trades or stops of more than one account, or an id that comes twice.
    """
    _check(trades, stops)
    by_ticker: dict[str, list[TradeFacts]] = {}
    for trade in trades:
        by_ticker.setdefault(trade.secid, []).append(trade)
    closed: list[tuple[TradeFacts, int, RoundTrip]] = []
    positions: list[PositionFacts] = []
    for secid in sorted(by_ticker):
        own_stops = [stop for stop in stops if stop.secid == secid]
        book = _Book()
        for event in _events(by_ticker[secid], (splits or {}).get(secid, ()), own_stops):
            if isinstance(event, TradeFacts):
                closed += [(event, place, trip) for place, trip in enumerate(_traded(book, event))]
            elif isinstance(event, StopChange):
                book.stop = event.stop_rub if book.parts else None
            else:
                _restate(book, event.shares_after_per_before)
        if book.parts:
            positions.append(_position(book))
    closed.sort(key=lambda row: (row[0].traded_at, row[0].id, row[1]))
    return tuple(trip for _, _, trip in closed), tuple(positions)


def _check(trades: Sequence[TradeFacts], stops: Sequence[StopChange]) -> None:
    accounts = {trade.account_id for trade in trades} | {stop.account_id for stop in stops}
    if len(accounts) > 1:
        raise ValueError(f"trades must be of one account, were of {sorted(accounts)}; fold each by itself")
    if len({trade.id for trade in trades}) < len(trades):
        raise ValueError("each trade must come once; an id came twice")


def _events(
    trades: Sequence[TradeFacts], splits: Sequence[SplitFacts], stops: Sequence[StopChange]
) -> Iterator[TradeFacts | SplitFacts | StopChange]:
    keyed: list[tuple[tuple[float, int, int], TradeFacts | SplitFacts | StopChange]] = []
    keyed += [((trade.traded_at.timestamp(), _TRADE, trade.id), trade) for trade in trades]
    keyed += [((split.begins_at.timestamp(), _SPLIT, 0), split) for split in splits]
    keyed += [((stop.set_at.timestamp(), _STOP, 0), stop) for stop in stops]
    return (event for _, event in sorted(keyed, key=lambda row: row[0]))


def _traded(book: _Book, trade: TradeFacts) -> Iterator[RoundTrip]:
    """Book one trade, and tell of what it closed."""
    is_buy = trade.side == "BUY"
    left = float(trade.qty_shares)
    while book.parts and book.is_long != is_buy and left > _NOTHING * trade.qty_shares:
        part = book.parts[0]
        qty = min(part.qty, left)
        # What is left of a part by rounding goes with the trade that closes it.
        if abs(part.qty - left) <= _NOTHING * trade.qty_shares:
            qty = left = part.qty
        yield _round_trip(book, part, trade, qty)
        part.commission *= 1.0 - qty / part.qty
        part.qty -= qty
        left -= qty
        if part.qty <= 0.0:
            book.parts.popleft()
    if not book.parts:
        book.stop = None
    if left > _NOTHING * trade.qty_shares:
        book.is_long = is_buy
        commission = trade.commission_rub * left / trade.qty_shares
        book.parts.append(_Part(trade=trade, qty=left, price=trade.price_rub, commission=commission))
    if trade.stop_rub is not None and book.parts:
        book.stop = trade.stop_rub


def _round_trip(book: _Book, part: _Part, trade: TradeFacts, qty: float) -> RoundTrip:
    commission = part.commission * qty / part.qty + trade.commission_rub * qty / trade.qty_shares
    moved = (trade.price_rub - part.price) * (1.0 if book.is_long else -1.0)
    return RoundTrip(
        secid=trade.secid,
        is_long=book.is_long,
        qty_shares=qty,
        opened_at=part.trade.traded_at,
        closed_at=trade.traded_at,
        entry_rub=part.price,
        exit_rub=trade.price_rub,
        commission_rub=commission,
        pnl_rub=moved * qty - commission,
        opening_trade_id=part.trade.id,
        closing_trade_id=trade.id,
    )


def _restate(book: _Book, shares_after_per_before: float) -> None:
    for part in book.parts:
        part.qty *= shares_after_per_before
        part.price /= shares_after_per_before
    if book.stop is not None:
        book.stop /= shares_after_per_before


def _position(book: _Book) -> PositionFacts:
    oldest = book.parts[0].trade
    qty = sum(part.qty for part in book.parts)
    return PositionFacts(
        account_id=oldest.account_id,
        secid=oldest.secid,
        is_long=book.is_long,
        qty_shares=qty,
        avg_price_rub=sum(part.qty * part.price for part in book.parts) / qty,
        commission_rub=sum(part.commission for part in book.parts),
        opened_at=oldest.traded_at,
        stop_rub=book.stop,
        trade_ids=tuple(part.trade.id for part in book.parts),
    )
