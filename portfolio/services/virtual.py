"""Virtual accounts: an order waits for the first candle after it and fills at its open, by the simulator's rules."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from market.contracts import CandleFacts, InstrumentFacts, SplitFacts, Timeframe
from market.selectors.candles import candle_list
from market.selectors.closes import closes_get
from market.selectors.first_candles import first_candle
from market.selectors.instruments import instrument_get, instruments_on
from market.selectors.splits import splits_get
from market.selectors.trading_rules import borrow_terms, may_short
from modeling.selectors.configuration import account_get as simulated_account_get
from modeling.selectors.configuration import cost_model_get
from portfolio.contracts import AccountFacts, PositionFacts, TradeFacts
from portfolio.kernels.fifo import fifo_fold
from portfolio.kernels.virtual import borrow_cost_rub, cash_rub, has_room, side_cost_rub, standing
from portfolio.ledger_contracts import FillReport, OrderFacts, Recorded, Said
from portfolio.models import Account, StopChange, Trade, VirtualOrder
from portfolio.selectors.journal import trades_get
from portfolio.selectors.orders import ORDER_COLUMNS, order_facts
from portfolio.services.accounts import check_room, lock_account
from portfolio.services.trade_checks import check_signal, check_stop, day_of, instrument_meant, shares_of
from portfolio.services.virtual_stops import Touched, stop_touched
from signals.selectors.configuration import service_get
from traderai.common.errors import ConflictError, InputError

_NOT_STORED = 2**62  # the id of a trade while it is weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fill:
    """What filling an order would be."""

    order: OrderFacts
    candle: CandleFacts
    instrument: InstrumentFacts  # on the terms of the candle's day
    timeframe: Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """An order that can be settled."""

    order: OrderFacts
    instrument: InstrumentFacts
    candle: CandleFacts | None  # None: it has lapsed
    moment: datetime


def order_place(*, account: AccountFacts, said: Said, now: datetime) -> Recorded:
    """Place an order of a virtual account; repeating with the same `external_id` returns the one there is.

    Raises: InputError for a price, time or commission (the market gives them), a quantity that is not of whole lots, a
    stop where there is profit at the last close; ConflictError where another order has the same `external_id`.
    """
    instrument = instrument_meant(said.secid)
    qty = _checked_qty(said, instrument, now)
    with transaction.atomic():
        lock_account(account.id)
        known = _known_order(account.id, said.external_id)
        if known is not None:
            if (known.secid, known.side, known.qty_shares) != (instrument.secid, said.side, qty):
                raise ConflictError(
                    f"this key must name one order, and named {known.side} {known.qty_shares} {known.secid}; send "
                    "another order under another key",
                    code="key_used",
                )
            return Recorded(order=known, created=False)
        check_room(held=VirtualOrder.objects.filter(account_id=account.id).count(), more=1)
        row = VirtualOrder.objects.create(
            account_id=account.id,
            instrument_id=instrument.id,
            side=said.side,
            qty_shares=qty,
            stop_rub=said.stop_rub,
            signal_id=said.signal_id,
            ordered_at=now,
            external_id=said.external_id,
        )
    return Recorded(order=_order(row.pk), created=True)


def _checked_qty(said: Said, instrument: InstrumentFacts, now: datetime) -> int:
    """Return the shares of an order that may be placed."""
    given = {"price": said.price_rub, "traded_at": said.traded_at, "commission": said.commission_rub}
    for name, value in given.items():
        if value is not None:
            raise InputError(
                f"{name} of a virtual order must be left out, was {value}: it fills at the open of the next candle",
                code="virtual_fills_itself",
                field=name,
            )
    check_signal(said.signal_id, instrument.secid)
    qty = shares_of(said, instrument=instrument, day=day_of(now))
    lot = instruments_on(instruments=(instrument,), day=day_of(now))[0].lot_size
    if qty % lot:
        raise InputError(
            f"qty must be whole lots of {lot} shares, was {qty} shares", code="not_in_lots", field="qty"
        )
    last = candle_list(secid=instrument.secid, timeframe=_timeframe(), as_of=now, limit=1)
    if last:
        check_stop(said, last[-1].close)
    return qty


def virtual_orders_fill(*, now: datetime) -> FillReport:
    """Fill the pending orders whose candle has closed, or say why not, and close what stops were reached.

    What happened first is done first, account by account. Repeating changes nothing.
    """
    accounts = list(_accounts_due())
    if not accounts:
        return FillReport()
    timeframe = _timeframe()
    done: Counter[str] = Counter()
    for account_id in accounts:
        done += _account_settle(account_id, timeframe, now)
    waiting = VirtualOrder.objects.filter(state=VirtualOrder.State.PENDING).count()
    return FillReport(
        filled=done["filled"], refused=done["refused"], stopped=done["stopped"], waiting=waiting
    )


def _accounts_due() -> QuerySet[Account, int]:
    """Return the virtual accounts in which an order waits or a stop was ever set."""
    own = OuterRef("pk")
    pending = VirtualOrder.objects.filter(account=own, state=VirtualOrder.State.PENDING)
    planned = Trade.objects.filter(account=own, stop_rub__isnull=False)
    moved = StopChange.objects.filter(account=own, stop_rub__isnull=False)
    due = Account.objects.filter(Exists(pending) | Exists(planned) | Exists(moved))
    return due.filter(kind=Account.Kind.VIRTUAL).order_by("pk").values_list("pk", flat=True)


@transaction.atomic
def _account_settle(account_id: int, timeframe: Timeframe, now: datetime) -> Counter[str]:
    """Settle an account's orders and stops under its lock, one after the other as they happened."""
    lock_account(account_id)
    due = deque(_orders_due(account_id, timeframe, now))
    done: Counter[str] = Counter()
    while True:
        touched = stop_touched(account_id=account_id, timeframe=timeframe, now=now)
        if touched is not None and (not due or touched.place < (due[0].moment, 1)):
            _stop_out(touched, now)
            done["stopped"] += 1
        elif due:
            done[_order_settle(due.popleft(), timeframe, now)] += 1
        else:
            return done


def _orders_due(account_id: int, timeframe: Timeframe, now: datetime) -> list[_Due]:
    """Return the orders that can be settled, in the order of their candles."""
    wait = timedelta(days=simulated_account_get().max_wait_days)
    rows = VirtualOrder.objects.filter(account_id=account_id, state=VirtualOrder.State.PENDING)
    due: list[_Due] = []
    for order in order_facts(rows.order_by("ordered_at", "id").values_list(*ORDER_COLUMNS)):
        instrument = instrument_get(secid=order.secid)
        candle = first_candle(
            instrument_id=instrument.id, timeframe=timeframe, since=order.ordered_at, as_of=now
        )
        moment = now if candle is None else candle.begin
        lapsed = moment - order.ordered_at > wait
        if candle is not None or lapsed:
            due.append(
                _Due(order=order, instrument=instrument, candle=None if lapsed else candle, moment=moment)
            )
    return sorted(due, key=lambda each: each.moment)


def _order_settle(due: _Due, timeframe: Timeframe, now: datetime) -> str:
    """Settle one order and return its state."""
    order, candle = due.order, due.candle
    if candle is None:
        return _refuse(order, "lapsed")
    # So many shares of before are not so many of after.
    splits = splits_get(secids=[order.secid], as_of=candle.begin).get(order.secid, ())
    if any(order.ordered_at < split.begins_at for split in splits):
        return _refuse(order, "split")
    on_day = instruments_on(instruments=(due.instrument,), day=day_of(candle.begin))[0]
    return _fill(_Fill(order=order, candle=candle, instrument=on_day, timeframe=timeframe), now)


def _stop_out(touched: Touched, now: datetime) -> None:
    """Close a position at its stop."""
    position = touched.position
    trades = trades_get(account_id=position.account_id, as_of=now)
    splits = splits_get(secids=[position.secid], as_of=now)
    trade = TradeFacts(
        id=_NOT_STORED,
        account_id=position.account_id,
        secid=position.secid,
        side="SELL" if position.is_long else "BUY",
        qty_shares=round(position.qty_shares),
        price_rub=touched.price_rub,
        commission_rub=0.0,
        traded_at=touched.exit_at,
        known_at=now,
        origin="virtual",
        stop_rub=None,
        signal_id=None,
    )
    _book(
        trade,
        _side_cost(trade, touched.instrument) + _borrow_rub([*trades, trade], splits),
        touched.instrument,
    )


def _side_cost(trade: TradeFacts, instrument: InstrumentFacts) -> float:
    return side_cost_rub(
        qty_shares=trade.qty_shares,
        price_rub=trade.price_rub,
        price_step_rub=instrument.price_step_rub,
        costs=cost_model_get(),
    )


def _fill(fill: _Fill, now: datetime) -> str:
    order, begin = fill.order, fill.candle.begin
    trades = trades_get(account_id=order.account_id, as_of=now)
    splits = splits_get(secids=sorted({each.secid for each in trades} | {order.secid}), as_of=begin)
    trade = TradeFacts(
        id=_NOT_STORED,
        account_id=order.account_id,
        secid=order.secid,
        side=order.side,
        qty_shares=order.qty_shares,
        price_rub=fill.candle.open,
        commission_rub=0.0,
        traded_at=begin,
        known_at=now,
        origin="virtual",
        stop_rub=order.stop_rub,
        signal_id=order.signal_id,
    )
    cost = _side_cost(trade, fill.instrument)
    refusal = _refusal(fill, trades, fifo_fold(trades, splits)[1], cost)
    if refusal:
        return _refuse(order, refusal)
    row = _book(trade, cost + _borrow_rub([*trades, trade], splits), fill.instrument)
    VirtualOrder.objects.filter(pk=order.id).update(state=VirtualOrder.State.FILLED, trade=row)
    return "filled"


def _refusal(
    fill: _Fill, trades: Sequence[TradeFacts], positions: Sequence[PositionFacts], cost: float
) -> str:
    """Return why an order is not filled, "" if it is."""
    order, price, day = fill.order, fill.candle.open, day_of(fill.candle.begin)
    held = sum(
        each.qty_shares if each.is_long else -each.qty_shares
        for each in positions
        if each.secid == order.secid
    )
    traded = order.qty_shares if order.side == "BUY" else -order.qty_shares
    if order.qty_shares % fill.instrument.lot_size:
        return "not_in_lots"
    allowed = may_short(secid=order.secid, day=day, shortable=fill.instrument.shortable).allowed
    if traded < 0 and held + traded < 0 and not allowed:
        return "not_shortable"
    held_in = [each.secid for each in positions]
    closes = closes_get(secids=held_in, timeframe=fill.timeframe, as_of=fill.candle.begin)
    prices = {secid: last.close for secid, last in closes.items()} | {order.secid: price}
    capital = Account.objects.values_list("capital_rub", flat=True).get(pk=order.account_id)
    worth = standing(cash_rub(float(capital or 0), trades), positions, prices)
    limit = simulated_account_get().max_gross_frac
    room = has_room(worth, held=held, traded=traded, price_rub=price, cost_rub=cost, max_gross_frac=limit)
    return "" if room else "no_money"


def _borrow_rub(trades: Sequence[TradeFacts], splits: Mapping[str, Sequence[SplitFacts]]) -> float:
    """Return what borrowing the shares has cost that the last trade, not stored yet, gives back."""
    terms = borrow_terms()
    return sum(
        borrow_cost_rub(
            entry_value_rub=trip.qty_shares * trip.entry_rub,
            opened_on=day_of(trip.opened_at),
            closed_on=day_of(trip.closed_at),
            terms=terms,
        )
        for trip in fifo_fold(trades, splits)[0]
        if trip.closing_trade_id == _NOT_STORED and not trip.is_long
    )


def _book(trade: TradeFacts, commission_rub: float, instrument: InstrumentFacts) -> Trade:
    return Trade.objects.create(
        account_id=trade.account_id,
        instrument_id=instrument.id,
        side=trade.side,
        qty_shares=trade.qty_shares,
        price_rub=trade.price_rub,
        commission_rub=commission_rub,
        traded_at=trade.traded_at,
        known_at=trade.known_at,
        origin=trade.origin,
        stop_rub=trade.stop_rub,
        signal_id=trade.signal_id,
    )


def _refuse(order: OrderFacts, refusal: str) -> str:
    VirtualOrder.objects.filter(pk=order.id).update(state=VirtualOrder.State.REFUSED, refusal=refusal)
    return "refused"


def _order(pk: int) -> OrderFacts:
    return order_facts(VirtualOrder.objects.filter(pk=pk).values_list(*ORDER_COLUMNS))[0]


def _known_order(account_id: int, external_id: str) -> OrderFacts | None:
    if not external_id:
        return None
    rows = VirtualOrder.objects.filter(account_id=account_id, external_id=external_id)
    return next(iter(order_facts(rows.values_list(*ORDER_COLUMNS))), None)


def _timeframe() -> Timeframe:
    """Return the bars on which orders fill: those that signals are told on."""
    return Timeframe.parse(service_get().timeframe)
