"""The FIFO fold against a journal worked out by hand, and what must hold of every journal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.contracts import TradeFacts
from portfolio.kernels.fifo import fifo_fold
from tests.portfolio.kernels.trade_maker import at, split, stop, trade


def test_a_journal_worked_out_by_hand():
    """Partial fills, a flip to short, a split while short, commissions; each figure is worked out beside it."""
    trades = [
        trade(1, "BUY", 100, 10.0, commission_rub=10.0, stop_rub=9.0),
        trade(2, "BUY", 50, 12.0, commission_rub=6.0),
        trade(3, "SELL", 30, 13.0, commission_rub=3.0),
        trade(4, "SELL", 160, 11.0, commission_rub=16.0),  # closes 70 and 50, opens a short of 40
        # 1:10 before trade 6: the short is 400 at 1.10
        trade(6, "BUY", 150, 1.0, commission_rub=1.5),
        trade(7, "SELL", 50, 1.2, commission_rub=0.5, stop_rub=1.5),
    ]
    trips, positions = fifo_fold(trades, {"AAAA": [split(5, 10.0)]})
    told = [
        (t.opening_trade_id, t.closing_trade_id, t.is_long, t.qty_shares, t.entry_rub, t.exit_rub)
        for t in trips
    ]
    assert told == [
        (1, 3, True, 30, 10.0, 13.0),
        (1, 4, True, 70, 10.0, 11.0),
        (2, 4, True, 50, 12.0, 11.0),
        (4, 6, False, 150, pytest.approx(1.1), 1.0),
    ]
    # 10 * 30/100 + 3; 10 * 70/100 + 16 * 70/160; 6 + 16 * 50/160; (16 * 40/160) * 150/400 + 1.5
    assert [t.commission_rub for t in trips] == pytest.approx([6.0, 14.0, 11.0, 3.0])
    # 30 * 3 - 6; 70 * 1 - 14; 50 * -1 - 11; 150 * 0.1 - 3
    assert [t.pnl_rub for t in trips] == pytest.approx([84.0, 56.0, -61.0, 12.0])
    (open_one,) = positions
    assert not open_one.is_long and open_one.qty_shares == pytest.approx(300)
    assert open_one.avg_price_rub == pytest.approx((250 * 1.1 + 50 * 1.2) / 300)
    assert open_one.commission_rub == pytest.approx(4 * 250 / 400 + 0.5)
    assert open_one.trade_ids == (4, 7) and open_one.opened_at == at(4) and open_one.stop_rub == 1.5


def test_the_sum_of_the_hand_made_journal_is_its_cash_flow():
    """Second method: a closed journal's P&L is what came in less what went out."""
    trades = [
        trade(1, "SELL", 10, 100.0, commission_rub=1.0),
        trade(2, "BUY", 4, 90.0, commission_rub=0.4),
        trade(3, "BUY", 6, 110.0, commission_rub=0.6),
    ]
    trips, positions = fifo_fold(trades)
    assert positions == ()
    assert sum(trip.pnl_rub for trip in trips) == pytest.approx(1000 - 360 - 660 - 2.0)


def test_a_consolidation_leaves_parts_of_shares_and_nothing_behind():
    trades = [trade(1, "BUY", 1005, 0.02), trade(3, "SELL", 1, 250.0), trade(4, "SELL", 1, 250.0)]
    _, positions = fifo_fold(trades[:2], {"AAAA": [split(2, 0.001)]})
    assert positions[0].qty_shares == pytest.approx(0.005)
    _, after = fifo_fold(trades, {"AAAA": [split(2, 0.001)]})
    assert not after[0].is_long and after[0].qty_shares == pytest.approx(0.995)


def test_what_rounding_leaves_is_no_position():
    trades = [trade(1, "BUY", 3, 10.0), trade(4, "SELL", 3, 11.0)]
    _, positions = fifo_fold(trades, {"AAAA": [split(2, 0.1), split(3, 10.0)]})
    assert positions == ()


def test_stops_belong_to_the_position_they_were_set_in():
    trades = [trade(1, "BUY", 10, 10.0, stop_rub=9.0), trade(5, "SELL", 20, 11.0), trade(7, "BUY", 5, 10.0)]

    def stop_after(*stops):
        return fifo_fold(trades[:1], {}, stops)[1][0].stop_rub

    assert stop_after() == 9.0
    assert stop_after(stop(2, 9.5)) == 9.5
    assert stop_after(stop(2, 9.5), stop(3, None)) is None
    assert stop_after(stop(0.5, 9.5)) == 9.0, "set before there was a position"
    assert stop_after(stop(1, 9.5)) == 9.5, "of one moment: after the trade"
    assert stop_after(stop(2, 9.5, secid="BBBB")) == 9.0
    turned = fifo_fold(trades, {}, [stop(2, 9.5), stop(6, 12.0)])[1][0]
    assert turned.stop_rub == 12.0 and not turned.is_long
    assert fifo_fold(trades, {}, [stop(2, 9.5)])[1][0].stop_rub is None, "gone with the long"
    assert fifo_fold(trades[:1], {"AAAA": [split(3, 10.0)]}, [stop(2, 9.5)])[1][0].stop_rub == 0.95


def test_equal_times_count_in_the_order_of_ids():
    one = [trade(1, "BUY", 10, 10.0), trade(2, "BUY", 10, 20.0), trade(3, "SELL", 10, 30.0)]
    together = [replace(each, traded_at=at(0)) for each in one]
    expected = fifo_fold(together)
    assert expected[0][0].opening_trade_id == 1
    assert fifo_fold(together[::-1]) == expected
    split_first = fifo_fold(together[:1], {"AAAA": [split(0, 2.0)]})
    assert split_first[1][0].qty_shares == 10, "bought in new shares"


def test_shares_are_folded_apart():
    trades = [trade(1, "BUY", 10, 10.0), trade(2, "SELL", 5, 20.0, secid="BBBB"), trade(3, "SELL", 10, 12.0)]
    trips, positions = fifo_fold(trades)
    assert [trip.secid for trip in trips] == ["AAAA"] and [each.secid for each in positions] == ["BBBB"]
    assert fifo_fold([]) == ((), ())


@pytest.mark.parametrize(
    "trades", [[trade(1, "BUY", 1, 1.0), trade(1, "BUY", 1, 1.0)],
               [trade(1, "BUY", 1, 1.0), trade(2, "BUY", 1, 1.0, account_id=2)]]
)  # fmt: skip
def test_broken_journals_are_refused(trades):
    with pytest.raises(ValueError):
        fifo_fold(trades)


PRICES = st.floats(min_value=0.01, max_value=1e5)
JOURNALS = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]), st.integers(1, 1000), PRICES, st.floats(0, 100), st.integers(0, 5)
    ),
    min_size=1,
    max_size=25,
)
SPLITS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0.01, 0.1, 2.0, 10.0, 100.0])), max_size=2)


def journal(rows) -> list[TradeFacts]:
    return [
        trade(number, side, qty, price, commission_rub=commission, traded_at=at(hour))
        for number, (side, qty, price, commission, hour) in enumerate(rows, start=1)
    ]


def shares_now(each: TradeFacts, splits) -> float:
    """Return a trade's shares in those of the end."""
    qty = float(each.qty_shares)
    for one in splits:
        qty *= one.shares_after_per_before if each.traded_at < one.begins_at else 1.0
    return qty


@given(JOURNALS, SPLITS)
def test_quantity_money_and_commissions_are_conserved(rows, split_rows):
    trades, splits = journal(rows), [split(hour, ratio) for hour, ratio in split_rows]
    trips, positions = fifo_fold(trades, {"AAAA": splits})
    scale = max(shares_now(each, splits) for each in trades)
    net = sum((1 if each.side == "BUY" else -1) * shares_now(each, splits) for each in trades)
    held = sum((1 if each.is_long else -1) * each.qty_shares for each in positions)
    assert held == pytest.approx(net, abs=1e-6 * scale)
    paid = sum(each.commission_rub for each in trades)
    shared = sum(trip.commission_rub for trip in trips) + sum(each.commission_rub for each in positions)
    assert shared == pytest.approx(paid, abs=1e-6 * max(paid, 1.0))
    # P&L of the closed part and the cost of the open one together are the cash that flowed.
    flow = sum((-1 if each.side == "BUY" else 1) * each.qty_shares * each.price_rub for each in trades) - paid
    open_cost = sum(
        (1 if each.is_long else -1) * each.qty_shares * each.avg_price_rub + each.commission_rub
        for each in positions
    )
    turnover = sum(each.qty_shares * each.price_rub for each in trades) + paid
    assert sum(trip.pnl_rub for trip in trips) - open_cost == pytest.approx(flow, abs=1e-6 * turnover)


@given(JOURNALS, SPLITS, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_are_read_changes_nothing(rows, split_rows, random):
    trades, splits = journal(rows), {"AAAA": [split(hour, ratio) for hour, ratio in split_rows]}
    shuffled = trades[:]
    random.shuffle(shuffled)
    assert fifo_fold(shuffled, splits) == fifo_fold(trades, splits)


@given(JOURNALS, st.integers(0, 5))
def test_what_is_closed_stays_closed(rows, hour):
    """Causal: later trades change no round trip that was closed before them."""
    trades = journal(rows)
    before, _ = fifo_fold([each for each in trades if each.traded_at <= at(hour)])
    whole, _ = fifo_fold(trades)
    assert whole[: len(before)] == before


def test_lifo_would_be_seen():
    """The hand-made journal tells first in, first out from last in, first out."""
    trades = [trade(1, "BUY", 10, 10.0), trade(2, "BUY", 10, 20.0), trade(3, "SELL", 10, 15.0)]
    assert fifo_fold(trades)[0][0].pnl_rub == 50.0
    assert fifo_fold([replace(trades[1], traded_at=at(0)), trades[0], trades[2]])[0][0].pnl_rub == -50.0
