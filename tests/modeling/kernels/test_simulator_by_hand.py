"""The simulator against sums on paper: 100,000 rubles, half of them in a position, 10 bp for a round trip.

Unless a test says otherwise a lot is 10 shares, the step a kopeck, and entry is bar 1 at 100: 50 lots, 50,000 rubles.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from market.contracts import Bars
from modeling.kernels.simulator import EXIT_REASONS, FATES, Simulation, simulate
from modeling.kernels.simulator_market import day_ends_s, stack_market
from modeling.kernels.simulator_orders import BorrowRate
from tests.modeling.kernels.bars_maker import START_S, make_bars
from tests.modeling.kernels.simulator_maker import (
    COSTS,
    INF,
    account,
    by_day,
    calendar_of,
    instrument,
    orders_of,
)

CALM = (100.0, 101.0, 99.0, 100.0)


def bars_of(*rows: tuple[float, float, float, float], **options) -> Bars:
    """Return bars of (open, high, low, close), a calm one for the decision before them."""
    return make_bars(*zip(CALM, *rows, strict=True), **options)


def traded(bars: Bars, *rows: dict, rules=None, **terms) -> Simulation:
    market = stack_market([instrument(bars, **terms)])
    return simulate(market, orders_of(*(rows or ({},))), rules or account(), calendar=calendar_of(bars))


def only(got: Simulation) -> dict:
    assert len(got.trades) == 1
    row = {field.name: getattr(got.trades, field.name)[0] for field in dataclasses.fields(got.trades)}
    return row | {"reason": EXIT_REASONS[row["reason"]]}


def check(got: dict, **wanted) -> None:
    for name, value in wanted.items():
        assert got[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), name


def test_a_long_reaches_its_profit():
    bars = bars_of(CALM, (101, 104.5, 100.5, 104), CALM)
    # 500 shares: +4 each are 2,000; fees 50,000 x 5 bp = 25 and 52,000 x 5 bp = 26.
    got = traded(bars)
    check(
        only(got), reason="take_profit", lots=50, entry_price_rub=100.0, exit_price_rub=104.0, gross_rub=2000.0,
        fees_rub=51.0, slippage_rub=0.0, borrow_rub=0.0, net_rub=1949.0, net_frac=0.03898, r_multiple=1.949,
        entry_bar=1, exit_bar=2, bars_held=2, entry_s=START_S + 3600, exit_s=START_S + 3 * 3600, at_open=False,
    )  # fmt: skip
    assert got.daily.equity_rub[-1] == pytest.approx(101_949.0, rel=1e-12)
    assert got.daily.turnover_rub.sum() == pytest.approx(102_000.0)
    assert got.refused == {}


def test_a_short_is_stopped():
    bars = bars_of(CALM, (101, 102.5, 97, 101), CALM)
    # Bought back at 102: -2 x 500 = -1,000; fees 25 and 51,000 x 5 bp = 25.50; within the day nothing is borrowed.
    check(
        only(traded(bars, {"side": -1})), reason="stop_loss", exit_price_rub=102.0, gross_rub=-1000.0, fees_rub=50.5,
        borrow_rub=0.0, net_rub=-1050.5, r_multiple=-0.02101 / 0.02,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("side", "opened", "reason", "gross"),
    [
        (1, 106.0, "take_profit", 3000.0),  # +6 x 500, more than the 2,000 of the barrier
        (1, 95.0, "stop_loss", -2500.0),
        (-1, 95.0, "take_profit", 2500.0),
        (-1, 106.0, "stop_loss", -3000.0),
    ],
)
def test_a_gap_over_a_barrier_exits_at_the_open(side, opened, reason, gross):
    bars = bars_of(CALM, (opened, opened + 1, opened - 1, opened), CALM)
    check(
        only(traded(bars, {"side": side})), reason=reason, exit_price_rub=opened, gross_rub=gross, at_open=True,
        exit_s=START_S + 2 * 3600,
    )  # fmt: skip


def test_both_barriers_in_one_bar_are_the_stop():
    bars = bars_of((100, 105, 97, 100), CALM, CALM)
    check(only(traded(bars)), reason="stop_loss", exit_bar=1, gross_rub=-1000.0)


@pytest.mark.parametrize("side", [1, -1])
def test_a_dividend_moves_the_barriers_and_is_paid(side):
    # 3 rubles go off at bar 2: the stop moves from 98 to 95, the low of 96 is none. Out at 97.50 when time is up:
    # 500 x -2.50 = -1,250 of the price, 500 x 3 = 1,500 of the dividend; a short has both the other way round.
    bars = bars_of(CALM, (97, 98, 96, 97), (97, 98, 96.5, 97.5), CALM, per_day=8, dividends=[0, 0, 3.0, 0, 0])
    check(
        only(traded(bars, {"side": side})), reason="timeout", exit_bar=3, gross_rub=side * 250.0,
        dividend_rub=side * 1500.0,
    )  # fmt: skip


def test_a_split_moves_no_ruble():
    # 1:10 at bar 2: 500 shares of 100 become 5,000 of 10, sold at 10.40.
    rows = (CALM, (101, 104.5, 100.5, 104), CALM)
    split = traded(bars_of(*rows, factor=[1, 1, 10, 10]))
    check(only(split), exit_price_rub=10.4, exit_value_rub=52_000.0, gross_rub=2000.0, net_rub=1949.0)
    plain = traded(bars_of(*rows))
    np.testing.assert_allclose(split.daily.equity_rub, plain.daily.equity_rub, rtol=1e-12)


def test_a_position_sits_a_halt_out_and_leaves_behind_it():
    # Ten days without trading after bar 1 (close 100.50), then an open at 90, far below the stop at 98.
    bars = bars_of((100, 101, 99, 100.5), (90, 91, 89, 90), CALM, gaps=[(2, 10)])
    got = traded(bars)
    check(only(got), reason="stop_loss", exit_price_rub=90.0, at_open=True, gross_rub=-5000.0)
    # Every day of the halt: 49,975 in cash (50,000 paid, 25 of fees), 500 x 100.50 in shares.
    assert got.daily.open_positions[1:11].tolist() == [1] * 10
    np.testing.assert_allclose(got.daily.cash_rub[1:11], 49_975.0)
    np.testing.assert_allclose(got.daily.positions_rub[1:11], 50_250.0)
    np.testing.assert_allclose(got.daily.equity_rub[1:11], 100_225.0)


def test_an_order_lapses_in_a_halt():
    # Decided at 11:00, the next bar begins 5 days later: with 4 days of patience the order is dead.
    bars = bars_of(CALM, CALM, CALM, gaps=[(1, 5)])
    assert traded(bars, rules=account(max_wait_days=4.0)).refused == {"lapsed": 1}
    assert len(traded(bars, rules=account(max_wait_days=5.0)).trades) == 1


def test_whole_lots_only():
    # 50,000 / (10 x 333) = 15.015: 15 lots, 49,950 rubles. With 6,000 rubles half of them buy no lot.
    bars = make_bars([333] * 4, [334] * 4, [332] * 4, [333] * 4)
    check(only(traded(bars)), lots=15, entry_value_rub=49_950.0)
    assert traded(bars, rules=account(capital_rub=6_000.0)).refused == {"less_than_one_lot": 1}
    assert len(traded(bars, rules=account(capital_rub=6_660.0)).trades) == 1  # exactly one


@pytest.mark.parametrize(
    ("side", "row", "reason", "exit_price"),
    [
        # From 100.50: 104.52 goes down to 104.50, 98.49 to 98; a short's 96.48 up to 96.50, 102.51 to 103.
        (1, (100.5, 104.5, 100, 104), "take_profit", 104.5),
        (1, (100.5, 101, 98, 99), "stop_loss", 98.0),
        (-1, (100.5, 101, 96.5, 99), "take_profit", 96.5),
        (-1, (100.5, 103, 100, 101), "stop_loss", 103.0),
    ],
)
def test_levels_lie_on_the_step_away_from_profit(side, row, reason, exit_price):
    bars = bars_of(
        (100.5, 101, 100, 100.5), row, (100.5, 101, 100, 100.5), (100.5, 101, 100, 100.5), per_day=8
    )
    check(only(traded(bars, {"side": side}, price_step_rub=0.5)), reason=reason, exit_price_rub=exit_price)


def test_a_barrier_within_the_step_is_no_trade():
    # 0.3 % of 100 are 30 kopecks: on a step of 50 the profit of a long lies at 100 itself.
    row = {"take_profit_frac": 0.003}
    assert traded(bars_of(CALM, CALM, CALM), row, price_step_rub=0.5).refused == {"barrier_within_step": 1}


def test_a_barrier_that_a_dividend_moved_fills_on_the_step():
    # The profit at 104 falls by 0.125 to 103.875; nobody can trade there on a step of 0.50: 103.50.
    bars = bars_of(CALM, (101, 104, 100, 103), CALM, dividends=[0, 0, 0.125, 0])
    check(
        only(traded(bars, price_step_rub=0.5)), exit_price_rub=103.5, gross_rub=500 * 3.5 + 62.5, dividend_rub=62.5
    )  # fmt: skip


def test_a_short_pays_for_every_midnight():
    # Daily bars, Friday to Monday: 3 midnights, 50,000 x 36.5 % / 365 = 50 each; from Sunday on twice as much.
    calm = [CALM] * 8
    bars = by_day(bars_of(*calm))
    friday = 4
    row = {"side": -1, "decision_bar": friday - 1, "entry_bar": friday, "last_bar": friday + 1}
    check(only(traded(bars, row)), borrow_rub=150.0, gross_rub=0.0, net_rub=-200.0)
    sunday = int(START_S // 86_400 + friday + 2)
    rates = (BorrowRate(since_day=0, year_frac=0.365), BorrowRate(since_day=sunday, year_frac=0.73))
    check(only(traded(bars, row, rules=account(borrow_rates=rates))), borrow_rub=200.0)
    check(only(traded(bars, row | {"side": 1})), borrow_rub=0.0)


def test_what_cannot_be_shorted_is_not_shorted():
    bars = bars_of(CALM, CALM, CALM)
    assert traded(bars, {"side": -1}, shortable=False).refused == {"not_shortable": 1}
    banned = np.array([True, False, True, True])  # on the entry's bar
    assert traded(bars, {"side": -1}, shortable=banned).refused == {"not_shortable": 1}
    assert len(traded(bars, {"side": 1}, shortable=False).trades) == 1


def test_nobody_trades_where_nobody_trades():
    bars = bars_of(CALM, CALM, CALM, volume=[1, 0, 1, 1])
    assert traded(bars).refused == {"no_volume": 1}


@pytest.mark.parametrize(("priorities", "winner"), [((1.0, 2.0), 1), ((2.0, 1.0), 0), ((1.0, 1.0), 0)])
def test_two_orders_compete_for_one_place(priorities, winner):
    bars = bars_of(CALM, CALM, CALM)
    market = stack_market([instrument(bars), instrument(bars)])
    orders = orders_of(*({"instrument": i, "priority": p} for i, p in enumerate(priorities)))
    got = simulate(market, orders, account(), calendar=calendar_of(bars))
    assert got.trades.order.tolist() == [winner]
    assert FATES[got.fate[1 - winner]] == "no_place"


def test_one_position_in_a_share():
    bars = bars_of(CALM, CALM, CALM)
    rules = account(max_open=2, stake_frac=0.25)
    assert traded(bars, {}, {"decision_bar": 1, "entry_bar": 2}, rules=rules).refused == {"in_position": 1}
    again = {"decision_bar": 2, "entry_bar": 3}
    assert len(traded(bars, {"last_bar": 2}, again, rules=rules).trades) == 2  # out at 13:00, in at 13:00


def test_the_limits_of_size():
    bars = bars_of(CALM, CALM, CALM)
    check(only(traded(bars, {"max_value_rub": 20_500.0})), lots=20)
    check(only(traded(bars, {"size_factor": 0.5})), lots=25)
    assert traded(bars, {"max_value_rub": 999.0}).refused == {"illiquid": 1}
    # The second of two may bring longs and shorts to 60 % of the equity: 0.6 x 99,975 - 50,000 = 9,985 rubles less
    # what its own fee takes off: 9 lots. A third has no room.
    market = stack_market([instrument(bars)] * 3)
    orders = orders_of(*({"instrument": i, "side": side} for i, side in enumerate((1, -1, 1))))
    rules = account(max_open=3, max_gross_frac=0.6)
    got = simulate(market, orders, rules, calendar=calendar_of(bars))
    assert got.trades.lots.tolist() == [50, 9]
    assert got.refused == {"gross_limit": 1}


@pytest.mark.parametrize(("compounding", "lots"), [(True, 49), (False, 48)])
def test_stakes_grow_with_the_equity_if_they_compound(compounding, lots):
    # A first trade brings 1,949 (see above): half of 101,949 at 104 are 49 lots (50,960); half of 100,000 are 48.
    bars = bars_of(
        CALM, (101, 104.5, 100.5, 104), (104, 105, 103, 104), (104, 105, 103, 104), (104, 105, 103, 104), per_day=8
    )  # fmt: skip
    second = {"decision_bar": 2, "entry_bar": 3, "last_bar": 4}
    got = traded(bars, {}, second, rules=account(compounding=compounding))
    assert got.trades.lots.tolist() == [50, lots]


def test_a_cost_model_charges_each_side():
    # In: 50,000 x 7 bp = 35 of fees; 1 bp + 1 bp of 50,000 = 10 and half a kopeck x 500 = 2.50 of slippage.
    # Out: 52,000 x 7 bp = 36.40; 10.40 + 2.50. A measured half spread of 20 bp makes it 21 bp: 105 + 109.20 + 5.
    bars = bars_of(CALM, (101, 104.5, 100.5, 104), CALM)
    got = only(traded(bars, rules=account(costs=COSTS)))
    check(got, fees_rub=71.4, slippage_rub=25.4, net_rub=1903.2)
    wide = only(traded(bars, {"half_spread_frac": 0.002}, rules=account(costs=COSTS)))
    check(wide, fees_rub=71.4, slippage_rub=219.2)


@pytest.mark.parametrize(
    ("first_exit", "fate"),
    [
        ((100, 101, 97, 98), "no_place"),  # stopped within the bar at whose open the other wants to enter
        ((97, 98, 96, 97), "filled"),  # the gap let it out at that open
    ],
)
def test_a_place_is_free_when_the_exit_has_happened(first_exit, fate):
    one, other = bars_of(CALM, first_exit, CALM, CALM, per_day=8), bars_of(CALM, CALM, CALM, CALM, per_day=8)
    market = stack_market([instrument(one), instrument(other)])
    orders = orders_of({}, {"instrument": 1, "decision_bar": 1, "entry_bar": 2, "priority": 9.0})
    got = simulate(market, orders, account(), calendar=calendar_of(one))
    assert FATES[got.fate[1]] == fate
    later = orders_of({}, {"instrument": 1, "decision_bar": 2, "entry_bar": 3})
    assert len(simulate(market, later, account(), calendar=calendar_of(one)).trades) == 2


def test_a_share_that_is_no_longer_traded():
    bars = bars_of(CALM, (100, 101, 99, 100.5))
    check(only(traded(bars, {"last_bar": 40})), reason="data_end", exit_price_rub=100.5, gross_rub=250.0)
    check(only(traded(bars, {"last_bar": 2})), reason="timeout", exit_price_rub=100.5)


def test_the_account_day_by_day():
    # Two bars a day, a short of 500 from the first day's second bar (at 100) to the third day's last (at 98).
    bars = make_bars([100] * 6, [101] * 6, [97] * 6, [100, 100, 100, 99, 100, 98], per_day=2)
    got = traded(bars, {"side": -1, "last_bar": 5, "take_profit_frac": INF})
    daily = got.daily
    # Cash: 100,000 + 50,000 sold - 25 of fees, each midnight 50; at last 49,000 and 24.50 to buy back.
    assert daily.day[0] == START_S // 86_400 - 1
    np.testing.assert_allclose(daily.cash_rub, [100_000, 149_975, 149_925, 100_850.5], rtol=1e-12)
    np.testing.assert_allclose(daily.positions_rub, [0, -50_000, -49_500, 0], rtol=1e-12)
    np.testing.assert_allclose(daily.equity_rub, [100_000, 99_975, 100_425, 100_850.5], rtol=1e-12)
    np.testing.assert_allclose(daily.gross_rub, [0, 50_000, 49_500, 0], rtol=1e-12)
    np.testing.assert_allclose(daily.turnover_rub, [0, 50_000, 0, 49_000], rtol=1e-12)
    assert daily.open_positions.tolist() == [0, 1, 1, 0]
    check(only(got), net_rub=850.5)


def test_a_daily_bar_belongs_to_the_day_it_begins_with():
    # It is entered at midnight sharp, which ends the day before: that day must not show it.
    bars = by_day(bars_of(CALM, (100, 101, 99, 100.5), CALM))
    got = traded(bars)
    entered = int(np.searchsorted(day_ends_s(got.daily.day), bars.begin_s[1], side="right"))
    assert got.daily.open_positions[entered - 1 : entered + 3].tolist() == [0, 1, 1, 0]
    assert got.daily.turnover_rub[entered - 1 : entered + 1].tolist() == [0.0, 50_000.0]


def test_without_a_stop_there_is_no_multiple_of_it():
    got = only(traded(bars_of(CALM, CALM, CALM), {"stop_loss_frac": INF, "take_profit_frac": INF}))
    assert np.isnan(got["r_multiple"])
    check(got, reason="timeout", net_rub=-50.0)


@pytest.mark.parametrize(("compounding", "fate"), [(True, "less_than_one_lot"), (False, "gross_limit")])
def test_who_is_ruined_trades_no_more(compounding, fate):
    # A short of 100,000 rubles less its fee (99 lots) has to be bought back at 400: 297,000 rubles are lost.
    bars = bars_of(CALM, (400, 401, 399, 400), (400, 401, 399, 400), (400, 401, 399, 400), per_day=8)
    second = {"decision_bar": 2, "entry_bar": 3}
    got = traded(bars, {"side": -1}, second, rules=account(stake_frac=1.0, compounding=compounding))
    assert got.trades.gross_rub.tolist() == [-297_000.0]
    assert got.refused == {fate: 1}
    assert got.daily.equity_rub[-1] < -190_000


def test_a_day_off_the_calendar_counts_to_the_next():
    bars = bars_of(CALM, CALM, CALM, per_day=1)
    market, order = stack_market([instrument(bars)]), orders_of({"last_bar": 2})
    days = START_S // 86_400 + np.array([0, 3])  # entered on the first day after it, left on the second
    got = simulate(market, order, account(), calendar=days).daily
    assert got.turnover_rub.tolist() == [0.0, 100_000.0]
    assert got.open_positions.tolist() == [0, 0]


def test_no_orders_no_trades():
    bars = bars_of(CALM)
    got = simulate(stack_market([instrument(bars)]), orders_of(), account(), calendar=calendar_of(bars))
    assert len(got.trades) == 0
    assert set(got.daily.equity_rub) == {100_000.0}


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        ([], "rising days, at least one"),
        ([3, 2], "rising days"),
        ([START_S // 86_400 + 1, START_S // 86_400 + 2], "must hold the days"),
        ([START_S // 86_400 - 2, START_S // 86_400 - 1], "give more days"),
    ],
)
def test_a_calendar_that_does_not_hold_the_trades_is_refused(calendar, text):
    bars = bars_of(CALM, CALM, CALM)
    with pytest.raises(ValueError, match=text):
        simulate(
            stack_market([instrument(bars)]),
            orders_of({}),
            account(),
            calendar=np.array(calendar, dtype=np.int64),
        )
