"""Virtual accounts fill at the first candle after the order, at the simulator's costs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from market.contracts import Timeframe
from market.models import CorporateAction, Instrument
from market.selectors.bars import bars_load
from modeling.kernels.simulator_market import Instrument as SimulatedShare
from modeling.kernels.simulator_orders import BorrowRate
from modeling.selectors.configuration import cost_model_get
from portfolio.ledger_contracts import FillReport, PositionChange, Said
from portfolio.models import StopChange, Trade, VirtualOrder
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
    return virtual_orders_fill(now=now)


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
    share = SimulatedShare(bars=bars, price_step_rub=0.5, lot_size=10, shortable=True)
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


def test_a_stop_closes_the_position_where_it_is_reached(own):
    order(own, stop_rub=103.7)  # entered at 104; the same bar reaches down to 102.96
    assert fill() == FillReport(filled=1, stopped=1) and fill() == FillReport()
    entry, out = Trade.objects.order_by("id")
    assert (entry.price_rub, out.price_rub, out.side, out.qty_shares) == (104.0, 103.5, "SELL", 30)
    assert out.traded_at == make.moscow("2024-03-04T12:00"), "inside the bar: known at its end"
    assert out.commission_rub == pytest.approx(30 * 103.5 * 0.0009 + 30 * 0.25)
    assert positions_get(account_id=own.pk, as_of=LATE) == ()


@pytest.mark.parametrize(
    ("side", "stop"),
    [("BUY", 103.5), ("BUY", 103.0), ("BUY", 91.0), ("SELL", 104.5), ("SELL", 105.0), ("SELL", 109.5)],
)
def test_a_stop_makes_what_the_simulator_makes_of_it(own, side, stop):
    order(own, side=side, stop_rub=stop)
    assert fill() == FillReport(filled=1, stopped=1)
    (trip,) = round_trips_get(account_id=own.pk, as_of=LATE)
    bars = bars_load(secid="AAAA", timeframe=Timeframe.H1, as_of=LATE)
    # A little nearer than the step, to which the simulator rounds away from the entry.
    orders = simulator_maker.orders_of(
        {"entry_bar": 1, "last_bar": 6, "side": 1 if side == "BUY" else -1, "take_profit_frac": 0.9,
         "stop_loss_frac": (abs(104.0 - stop) - 1e-9) / 104.0}
    )  # fmt: skip
    share = SimulatedShare(bars=bars, price_step_rub=0.5, lot_size=10, shortable=True)
    rules = simulator_maker.account(
        capital_rub=10_000.0, costs=cost_model_get(), stake_frac=0.35,
        borrow_rates=(BorrowRate(since_day=0, year_frac=0.27),),
    )  # fmt: skip
    (made,) = simulate_slowly([share], orders, rules, simulator_maker.calendar_of(bars)).trades
    assert made["reason"] == "stop_loss"
    assert trip.exit_rub == pytest.approx(float(made["exit_price_rub"]))
    assert int(trip.closed_at.timestamp()) == made["exit_s"]
    assert trip.pnl_rub == pytest.approx(float(made["net_rub"]), abs=1e-6)


def test_a_gap_over_the_stop_leaves_at_the_open(own):
    order(own, side="SELL", stop_rub=109.0)
    fill(make.moscow("2024-03-04T13:00"))
    assert fill() == FillReport(stopped=1)
    out = Trade.objects.latest("id")
    assert (out.price_rub, out.traded_at) == (110.0, make.moscow("2024-03-06T10:00"))
    night = 30 * 104.0 * 0.27 / 365 * 2
    assert out.commission_rub == pytest.approx(30 * 110.0 * 0.0009 + 30 * 0.25 + night)


def test_a_stop_set_later_is_looked_at_from_the_next_bar_on(own):
    order(own)
    fill(make.moscow("2024-03-04T13:00"))
    StopChange.objects.create(
        account=own,
        instrument=Trade.objects.get().instrument,
        stop_rub=109.5,
        set_at=make.moscow("2024-03-06T10:30"),
    )
    assert fill() == FillReport(stopped=1)
    # The bar of ten o'clock had begun; that of eleven stays above; that of noon opens at 90.
    out = Trade.objects.latest("id")
    assert (out.price_rub, out.traded_at) == (90.0, make.moscow("2024-03-06T12:00"))


def test_what_happened_first_is_done_first(own):
    """The stop is reached in the first bar; the sale ordered behind it opens a short, for nothing is held then."""
    order(own, stop_rub=103.0)
    order(own, side="SELL", now=make.moscow("2024-03-04T11:30"))
    assert fill() == FillReport(filled=2, stopped=1)
    assert [row.side for row in Trade.objects.order_by("traded_at", "id")] == ["BUY", "SELL", "SELL"]
    (held,) = positions_get(account_id=own.pk, as_of=LATE)
    assert not held.is_long


def test_a_stop_that_was_taken_away_closes_nothing(own):
    order(own, stop_rub=100.0)
    fill(make.moscow("2024-03-04T13:00"))
    StopChange.objects.create(
        account=own,
        instrument=Trade.objects.get().instrument,
        stop_rub=None,
        set_at=make.moscow("2024-03-05T10:30"),
    )
    assert fill() == FillReport()


def test_a_real_account_s_stop_is_a_plan(own):
    real = make.account(own.user, "broker")
    make.trade(
        real, Instrument.objects.get(secid="AAAA"), "BUY", 10, 104.0, "2024-03-04T11:00", stop_rub=103.9
    )
    assert fill() == FillReport() and Trade.objects.count() == 1


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
