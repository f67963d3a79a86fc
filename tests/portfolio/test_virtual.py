"""Virtual accounts fill at the first candle after the order, at the simulator's costs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from market.contracts import Timeframe
from market.models import CorporateAction
from market.selectors.bars import bars_load
from modeling.kernels.simulator_market import Instrument
from modeling.kernels.simulator_orders import BorrowRate
from modeling.selectors.configuration import cost_model_get
from portfolio.ledger_contracts import FillReport, PositionChange, Said
from portfolio.models import Trade, VirtualOrder
from portfolio.selectors.journal import positions_get, round_trips_get
from portfolio.selectors.orders import orders_get
from portfolio.services.positions import position_adjust, position_delete
from portfolio.services.record import trade_record
from portfolio.services.virtual import virtual_orders_fill
from portfolio.tasks import virtual_orders_fill_due
from tests.modeling.kernels import simulator_maker
from tests.modeling.kernels.slow_simulator import simulate_slowly
from tests.portfolio import ledger_maker as make
from traderai.common.errors import ConflictError, InputError

pytestmark = pytest.mark.django_db
ORDERED = make.moscow("2024-03-04T10:30")
LATE = make.moscow("2024-03-20T00:00")


@pytest.fixture
def own():
    make.share(price_step_rub=0.5)
    make.candles("AAAA", "2024-03-04", [100.0, 104.0, 106.0])
    make.candles("AAAA", "2024-03-06", [110.0, 112.0, 90.0, 90.0])
    return make.account(make.user(), "paper", kind="virtual", capital_rub=10_000)


def order(own, side="BUY", qty=3, now=ORDERED, **changed):
    values = {"secid": "AAAA", "side": side, "qty": qty, "unit": "lots", "origin": "api", **changed}
    return trade_record(user_id=own.user_id, account_id=own.pk, said=Said(**values), now=now)


def fill(now=LATE) -> FillReport:
    return virtual_orders_fill(limit=100, now=now)


def test_an_order_fills_at_the_open_of_the_first_candle_after_it(own):
    placed = order(own, stop_rub=95.0)
    assert placed.trade is None and placed.order.state == "pending" and not Trade.objects.exists()
    assert fill(make.moscow("2024-03-04T11:59")) == FillReport(waiting=1), "its candle has not closed"
    at = make.moscow("2024-03-04T12:00")
    assert fill(at) == FillReport(filled=1) and fill(at) == FillReport()
    row = Trade.objects.get()
    assert (row.price_rub, row.qty_shares, row.origin, row.stop_rub) == (104.0, 30, "virtual", 95.0)
    assert row.traded_at == make.moscow("2024-03-04T11:00") and row.known_at == at
    # 0.03 % + 0.04 % + 1 bp + 1 bp of the value, and half a step on each share
    assert row.commission_rub == pytest.approx(30 * 104.0 * 0.0009 + 30 * 0.25)
    (told,) = orders_get(user_id=own.user_id)
    assert told.state == "filled" and told.trade_id == row.pk


def test_a_candle_that_begins_with_the_order_is_the_first_after_it(own):
    order(own, now=make.moscow("2024-03-04T11:00"))
    fill()
    assert Trade.objects.get().price_rub == 104.0


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_round_trip_makes_what_the_simulator_makes_of_it(own, side):
    """The second method: the simulator, on the same bars, at the same costs."""
    order(own, side=side)
    fill()
    # The next bar opens where the simulator's last one closes.
    order(own, side="SELL" if side == "BUY" else "BUY", now=make.moscow("2024-03-06T12:30"))
    fill()
    (trip,) = round_trips_get(account_id=own.pk, as_of=LATE)
    bars = bars_load(secid="AAAA", timeframe=Timeframe.H1, as_of=LATE)
    rules = simulator_maker.account(
        capital_rub=10_000.0, costs=cost_model_get(), stake_frac=0.35,
        borrow_rates=(BorrowRate(since_day=0, year_frac=0.27),),
    )  # fmt: skip
    orders = simulator_maker.orders_of(
        {"entry_bar": 1, "last_bar": 5, "side": 1 if side == "BUY" else -1, "take_profit_frac": 0.9, "stop_loss_frac": 0.9}
    )  # fmt: skip
    share = Instrument(bars=bars, price_step_rub=0.5, lot_size=10, shortable=True)
    (made,) = simulate_slowly([share], orders, rules, simulator_maker.calendar_of(bars)).trades
    assert (made["lots"], made["entry_price_rub"]) == (3, 104)
    assert trip.exit_rub == made["exit_price_rub"] == 90
    assert trip.pnl_rub == pytest.approx(float(made["net_rub"]), abs=1e-6)
    assert (made["borrow_rub"] > 0) == (side == "SELL")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"price_rub": 100.0}, "price"),
        ({"traded_at": ORDERED}, "traded_at"),
        ({"commission_rub": 0.0}, "commission"),
        ({"qty": 15, "unit": "shares"}, "qty"),
        ({"qty": 0}, "qty"),
        ({"signal_id": 77}, "signal_id"),
    ],
)
def test_the_market_gives_what_an_order_may_not_choose(own, changed, field):
    with pytest.raises(InputError) as caught:
        order(own, **changed)
    assert caught.value.field == field and not VirtualOrder.objects.exists()


def test_a_stop_where_there_is_profit_is_refused(own):
    with pytest.raises(InputError, match="below its price"):
        order(own, now=make.moscow("2024-03-04T12:00"), stop_rub=150.0)


def test_there_is_no_leverage(own):
    order(own, qty=10)  # 100 shares at 104: more than there is
    assert fill() == FillReport(refused=1)
    assert VirtualOrder.objects.get().refusal == "no_money" and not Trade.objects.exists()
    order(own, qty=9)
    assert fill() == FillReport(filled=1)
    order(own, qty=9, side="SELL", now=make.moscow("2024-03-04T11:30"))
    assert fill() == FillReport(filled=1), "closing is always possible"
    assert positions_get(account_id=own.pk, as_of=LATE) == ()


def test_what_cannot_be_borrowed_is_not_sold_short(own):
    make.share("BBBB", shortable=False)
    make.candles("BBBB", "2024-03-04", [100.0, 100.0])
    order(own, secid="BBBB", side="SELL")
    fill()
    assert VirtualOrder.objects.get().refusal == "not_shortable"


def test_an_order_lapses_when_its_share_is_not_traded(own):
    make.share("CCCC")
    order(own, secid="CCCC")
    assert fill(ORDERED + timedelta(days=5)) == FillReport(waiting=1)
    assert fill(ORDERED + timedelta(days=6)) == FillReport(refused=1)
    assert VirtualOrder.objects.get().refusal == "lapsed"
    make.candles("CCCC", "2024-03-15", [100.0])
    order(own, secid="CCCC", external_id="again")
    assert fill() == FillReport(refused=1), "its first candle came too late"


def test_a_split_before_the_fill_refuses_the_order(own):
    CorporateAction.objects.create(
        instrument_id=VirtualOrder.objects.get(
            pk=order(own, now=make.moscow("2024-03-05T20:00")).order.id
        ).instrument_id,
        kind="split",
        ex_date=date(2024, 3, 6),
        shares_after_per_before=10.0,
        known_at=make.moscow("2024-01-01T00:00"),
        source="test",
    )
    assert fill() == FillReport(refused=1)
    assert VirtualOrder.objects.get().refusal == "split"


def test_a_key_names_one_order(own):
    first, again = order(own, external_id="k"), order(own, external_id="k")
    assert (first.created, again.created) == (True, False) and first.order == again.order
    with pytest.raises(ConflictError):
        order(own, external_id="k", qty=4)


def test_a_virtual_position_changes_by_orders_alone(own):
    order(own)
    fill()
    which = {"user_id": own.user_id, "account_id": own.pk, "secid": "AAAA"}
    for change in (PositionChange(qty=5), PositionChange(avg_price_rub=1.0)):
        with pytest.raises(InputError, match="trades alone"):
            position_adjust(**which, change=change, now=LATE)
    stopped = position_adjust(**which, change=PositionChange(sets_stop=True, stop_rub=90.0), now=LATE)
    assert stopped.stop_rub == 90.0
    make.candles("AAAA", "2024-03-20", [95.0])
    closing = position_delete(**which, now=LATE)
    assert (closing.order.side, closing.order.qty_shares) == ("SELL", 30)
    later = LATE + timedelta(days=1)
    assert fill(later) == FillReport(filled=1)
    assert positions_get(account_id=own.pk, as_of=later) == ()


def test_the_task_fills_what_is_due(own):
    order(own)
    virtual_orders_fill_due()
    # By now the order has waited for more than its time, but its candle came in time.
    assert VirtualOrder.objects.get().state == "filled"
