from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.contracts import Bars, Timeframe
from market.kernels.sessions import MAIN
from modeling.kernels.label_windows import HALT, INCOMPLETE, ROW_STATES, RowInputs, row_inputs
from modeling.kernels.labels import EXIT_REASONS, BarrierOutcomes, SideOutcomes, barrier_labels
from tests.modeling.kernels import slow_labels
from tests.modeling.kernels.bars_maker import (
    labelled,
    make_bars,
    random_bars,
    random_inputs,
    spec,
    wild_bars,
)

COST = 0.002
TIMEFRAMES = (Timeframe.M1, Timeframe.M5, Timeframe.H1, Timeframe.D1)


def compare(bars, label_set, horizon, inputs, mutation="", every=1):
    """Fail where the kernel and the slow reference differ in anything, at each `every`-th row."""
    got = barrier_labels(bars, label_set, horizon, inputs)
    for t in range(0, len(bars), every):
        state, entry, last = slow_labels.row_state(bars, label_set, inputs, horizon, t, mutation)
        levels = None
        if state == "labelled":
            levels = slow_labels.levels(bars, label_set, inputs, t, entry, mutation)
            state = levels if isinstance(levels, str) else state
        assert ROW_STATES[got.row_state[t]] == state, f"row {t}"
        if state == "labelled":
            compare_row(bars, label_set, got, t, (entry, last, levels), inputs.cost_frac[t], mutation)
        else:
            assert_null(got, t)


def compare_row(bars, label_set, got, t, window, cost, mutation):
    entry, last, levels = window
    ends_s = bars.known_s
    assert (got.entry_index[t], got.last_index[t]) == (entry, last)
    assert got.entry_s[t] == bars.begin_s[entry]
    assert got.entry_price[t] == bars.open[entry]
    assert got.window_end_s[t] == ends_s[last]
    np.testing.assert_allclose((got.take_profit_frac[t], got.stop_loss_frac[t]), [float(x) for x in levels])
    moves = slow_labels.forward_moves(bars, entry, last)
    np.testing.assert_allclose((got.forward_return[t], got.forward_volatility[t]), moves, atol=1e-9)
    assert got.direction[t] == slow_labels.direction(bars, label_set, t, entry, last)
    for side, outcomes in ((1, got.long), (-1, got.short)):
        reason, bar, price, gross, mfe, mae = slow_labels.side_outcome(
            bars, levels, entry, last, side, mutation
        )
        assert EXIT_REASONS[outcomes.exit_reason[t]] == reason, f"row {t} side {side}"
        assert outcomes.label[t] == (reason == "take_profit")
        assert outcomes.exit_s[t] == ends_s[bar]
        assert outcomes.bars_held[t] == bar - entry + 1
        net = float(gross) - cost
        wanted = (price, gross, mfe, mae, net, net / float(levels[1]))
        figures = ("exit_price", "gross_frac", "mfe_frac", "mae_frac", "net_frac", "r_multiple")
        found = [getattr(outcomes, name)[t] for name in figures]
        np.testing.assert_allclose(found, [float(x) for x in wanted], atol=1e-9)


def assert_null(got, t):
    assert (got.entry_index[t], got.last_index[t], got.entry_s[t], got.window_end_s[t]) == (-1, -1, 0, 0)
    assert got.direction[t] == -1
    for name in ("entry_price", "take_profit_frac", "stop_loss_frac", "forward_return", "forward_volatility"):
        assert np.isnan(getattr(got, name)[t])
    for side in (got.long, got.short):
        assert (side.label[t], side.exit_reason[t], side.exit_s[t], side.bars_held[t]) == (-1, 0, 0, 0)
        for name in ("exit_price", "gross_frac", "net_frac", "r_multiple", "mfe_frac", "mae_frac"):
            assert np.isnan(getattr(side, name)[t])


def wild_case(seed):
    """Return bars, a label set, a horizon and inputs, all drawn from the seed."""
    rng = np.random.default_rng(seed)
    timeframe = TIMEFRAMES[rng.integers(len(TIMEFRAMES))]
    minutes, daily = timeframe.minutes, timeframe is Timeframe.D1
    unit = rng.choice(["bars", "d"] if daily else ["min", "bars", "d", "eod"])
    count = int(rng.integers(1, 5) if unit == "d" else rng.integers(1, 20))
    horizon = "eod" if unit == "eod" else f"{count * minutes + 3 if unit == 'min' else count}{unit}"
    per_atr = bool(rng.random() < 0.6)
    rules = spec(
        timeframe=timeframe.value,
        horizons=(horizon,),
        data_lag_min=int(rng.choice([0, 0, 1, minutes, 2 * minutes])) if not daily else 0,
        within_day=bool(unit != "d" and not daily and rng.random() < 0.5),
        max_gap_min=None if rng.random() < 0.3 else 2 * minutes + 5,
        max_gap_days=float(rng.choice([5.5, 8.5])),
        split_guard_bars=int(rng.integers(0, 4)),
        min_median_turnover_rub=float(rng.choice([0.0, 2e5])),
        skip_auctions=bool(rng.random() < 0.7),
        barrier_unit="atr_14" if per_atr else "frac",
        take_profit=2.0 if per_atr else 0.04,
        stop_loss=1.0 if per_atr else 0.02,
        max_spread_of_take_profit_frac=float(rng.choice([0.1, 1.0])),
    )
    bars = wild_bars(seed, timeframe)
    return bars, rules, horizon, random_inputs(bars, seed)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_random_markets_equal_the_slow_reference(seed):
    compare(*wild_case(seed))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(("1d", "2d", "3d")), st.integers(0, 60))
def test_hourly_markets_equal_the_slow_reference(seed, horizon, lag):
    bars = random_bars(seed)
    compare(bars, spec(data_lag_min=lag), horizon, row_inputs(bars, cost_frac=COST))


@pytest.mark.parametrize("mutation", slow_labels.MUTATIONS)
def test_the_reference_would_notice_each_mistake(mutation):
    with pytest.raises(AssertionError):
        for seed in range(300):
            compare(*wild_case(seed), mutation)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(2, 59))
def test_labels_read_nothing_after_their_window(seed, stop):
    bars, rules, horizon, inputs = wild_case(seed)
    begun = {field.name: getattr(inputs, field.name)[:stop] for field in dataclasses.fields(inputs)}
    whole = barrier_labels(bars, rules, horizon, inputs)
    cut = barrier_labels(bars.cut(stop), rules, horizon, RowInputs(**begun))
    known = cut.row_state != INCOMPLETE
    np.testing.assert_array_equal(cut.row_state[known], whole.row_state[:stop][known])
    assert np.all(cut.window_end_s <= bars.known_s[stop - 1])
    for field in dataclasses.fields(BarrierOutcomes):
        if field.name not in ("long", "short"):
            a, b = (getattr(x, field.name) for x in (cut, whole))
            np.testing.assert_array_equal(a[known], b[:stop][known])
    for name in SideOutcomes._fields:
        for side in ("long", "short"):
            a, b = (getattr(getattr(x, side), name) for x in (cut, whole))
            np.testing.assert_array_equal(a[known], b[:stop][known])


def flat(n, price=100.0):
    return [np.full(n, price) for _ in range(4)]


def test_entry_is_the_first_open_after_the_lag():
    # A bar begins exactly when the decision is made: reachable without a lag, missed with one.
    bars = make_bars(*flat(12))
    assert labelled(bars, spec(data_lag_min=0), "1d", COST).entry_index[0] == 1
    assert labelled(bars, spec(data_lag_min=15), "1d", COST).entry_index[0] == 2
    assert labelled(bars, spec(data_lag_min=60), "1d", COST).entry_index[0] == 2
    assert labelled(bars, spec(data_lag_min=15), "1d", COST).entry_index[3] == 4  # next morning


def test_window_ends_with_the_last_bar_of_the_day_h_days_after_the_decision():
    bars = make_bars(*flat(16))
    got = labelled(bars, spec(), "2d", COST)
    assert list(got.window_end_s[:4]) == [bars.known_s[11]] * 4
    assert [ROW_STATES[state] for state in got.row_state[3:5]] == ["labelled", "incomplete_window"]


def test_both_barriers_in_one_bar_are_the_stop_for_both_sides():
    open_, high, low, close = flat(12)
    high[3], low[3] = 105.0, 95.0
    got = labelled(make_bars(open_, high, low, close), spec(), "1d", COST)
    for side in (got.long, got.short):
        assert EXIT_REASONS[side.exit_reason[0]] == "stop_loss"
        assert side.gross_frac[0] == pytest.approx(-0.02)
        assert side.r_multiple[0] == pytest.approx((-0.02 - COST) / 0.02)


@pytest.mark.parametrize(
    ("gap_open", "reason", "gross"), [(90.0, "stop_loss", -0.10), (110.0, "take_profit", 0.10)]
)
def test_an_open_beyond_a_barrier_exits_at_the_open(gap_open, reason, gross):
    open_, high, low, close = flat(12)
    for series in (open_, high, low, close):
        series[4:] = gap_open
    low[4], high[4] = 85.0, 115.0
    got = labelled(make_bars(open_, high, low, close), spec(), "1d", COST)
    assert EXIT_REASONS[got.long.exit_reason[0]] == reason
    assert got.long.gross_frac[0] == pytest.approx(gross)
    assert got.long.exit_price[0] == gap_open


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(
    ("first_print", "reason"), [(93.0, {"long": "stop_loss", "short": "take_profit"}),
                                (107.0, {"long": "take_profit", "short": "stop_loss"})],
)  # fmt: skip
def test_a_halt_inside_a_day_fills_at_the_first_print_after_it(side, first_print, reason):
    """No bar was traded for two hours; the levels lay in the hole, and nobody could be filled at them there."""
    open_, high, low, close = flat(18)
    for series in (open_, high, low, close):
        series[3:] = first_print
    bars = make_bars(open_, high, low, close, per_day=6)
    begin_s = bars.begin_s.copy()
    begin_s[3:6] += 2 * 3600
    halted = dataclasses.replace(bars, begin_s=begin_s)
    got = getattr(labelled(halted, spec(), "1d", COST), side)
    assert EXIT_REASONS[got.exit_reason[0]] == reason[side]
    assert got.exit_price[0] == first_print
    assert got.exit_s[0] == halted.known_s[3]
    sign = 1 if side == "long" else -1
    assert got.gross_frac[0] == pytest.approx(sign * (first_print - 100.0) / 100.0)


def test_a_price_exactly_on_the_barrier_touches_it():
    open_, high, low, close = flat(12, 273.5)
    high[3] = 284.44  # 273.5 * 1.04, which no float hits exactly
    assert labelled(make_bars(open_, high, low, close), spec(), "1d", COST).long.label[0] == 1
    high[3] = 284.43
    assert labelled(make_bars(open_, high, low, close), spec(), "1d", COST).long.label[0] == 0


def test_a_dividend_gap_is_no_stop_and_is_credited_to_the_long_and_charged_to_the_short():
    open_, high, low, close = flat(12)
    for series in (open_, high, low, close):
        series[4:] = 90.0
    dividends = np.zeros(12)
    dividends[4] = 10.0
    with_dividend = labelled(make_bars(open_, high, low, close, dividends=dividends), spec(), "1d", COST)
    for side in (with_dividend.long, with_dividend.short):
        assert EXIT_REASONS[side.exit_reason[0]] == "timeout"
        assert side.gross_frac[0] == pytest.approx(0.0)
    assert with_dividend.forward_return[0] == pytest.approx(0.0)
    assert with_dividend.forward_volatility[0] == pytest.approx(0.0)
    without = labelled(make_bars(open_, high, low, close), spec(), "1d", COST)
    assert EXIT_REASONS[without.long.exit_reason[0]] == "stop_loss"
    assert without.short.label[0] == 1


def test_barriers_lie_lower_by_the_dividend_after_the_ex_date():
    open_, high, low, close = flat(12)
    for series in (open_, high, low, close):
        series[4:] = 90.0
    dividends = np.zeros(12)
    dividends[4] = 10.0
    low[5] = 88.0  # 100 * 0.98 - 10
    got = labelled(make_bars(open_, high, low, close, dividends=dividends), spec(), "1d", COST)
    assert EXIT_REASONS[got.long.exit_reason[0]] == "stop_loss"
    assert got.long.exit_price[0] == pytest.approx(88.0)
    assert got.long.gross_frac[0] == pytest.approx(-0.02)


def test_an_ex_date_on_the_entry_bar_pays_nothing():
    dividends = np.zeros(12)
    dividends[2] = 10.0
    got = labelled(make_bars(*flat(12), dividends=dividends), spec(), "1d", COST)
    assert got.entry_index[0] == 2
    assert got.long.gross_frac[0] == 0.0


def test_rows_not_to_trade_are_null_with_their_reason_not_losses():
    volume, factor = np.ones(24), np.ones(24)
    volume[1] = 0.0
    factor[12:] = 10.0
    got = labelled(make_bars(*flat(24), volume=volume, factor=factor, gaps=[(8, 6)]), spec(), "1d", COST)
    states = [ROW_STATES[state] for state in got.row_state]
    assert states[1] == "zero_volume"
    assert states[0] == "labelled"  # its entry is bar 2
    assert states[11] == states[12] == "split_neighbour"
    assert states[10] == states[13] == "labelled"
    assert set(states[4:8]) == {"halt"}
    assert set(states[20:]) == {"incomplete_window"}
    null = ~got.labelled
    assert np.all(got.long.label[null] == -1)
    assert np.all(got.direction[null] == -1)
    assert np.isnan(got.forward_return[null]).all()


def test_no_bar_in_the_window_after_the_lag_is_no_entry():
    # One bar a day and a lag of two days: the first reachable bar lies beyond the window.
    got = labelled(make_bars(*flat(8), per_day=1), spec(data_lag_min=2 * 1440), "1d", COST)
    assert ROW_STATES[got.row_state[0]] == "no_entry"


def test_no_bars_give_no_rows_and_constant_prices_no_direction():
    empty = labelled(make_bars(*flat(0)), spec(), "1d", COST)
    assert empty.row_state.size == empty.long.label.size == 0
    still = labelled(make_bars(*flat(40)), spec(), "1d", COST)
    assert np.all(still.direction == -1)


def test_the_cost_may_differ_by_row():
    cost = np.linspace(0.001, 0.002, 12)
    got = labelled(make_bars(*flat(12)), spec(), "1d", cost)
    np.testing.assert_allclose(got.long.net_frac[got.labelled], -cost[got.labelled])


@pytest.mark.parametrize(
    ("change", "horizon", "cost", "text"),
    [
        ({"timeframe": "1d"}, "1d", COST, "wants 1d bars, was 1h"),
        ({}, "7d", COST, "horizon must be one of"),
        ({}, "1d", 0.0, "cost_frac must be above 0"),
        ({}, "1d", float("nan"), "cost_frac must be above 0"),
    ],
)
def test_wrong_requests_are_refused(change, horizon, cost, text):
    with pytest.raises(ValueError, match=text):
        labelled(make_bars(*flat(8)), spec(**change), horizon, cost)


def test_wrong_bars_are_refused():
    bars = make_bars(*flat(8))
    with pytest.raises(ValueError, match="positive and finite"):
        labelled(make_bars(*flat(8, 0.0)), spec(), "1d", COST)
    with pytest.raises(ValueError, match="order of time"):
        labelled(dataclasses.replace(bars, begin_s=bars.begin_s[::-1].copy()), spec(), "1d", COST)


def real_bars(folder, secid, since, until, dividends=()) -> Bars:
    path = folder / "candles" / "1h_blue_chips_2022_2024.parquet"
    frame = (
        pl.read_parquet(path)
        .filter((pl.col("secid") == secid) & pl.col("begin").is_between(since, until))
        .sort("begin")
    )
    dates = frame["begin"].dt.date()
    ex_dates = {date.isoformat(): amount for date, amount in dividends}
    first_bars = dates.ne_missing(dates.shift(1))
    paid = [
        ex_dates.get(date.isoformat(), 0.0) if first else 0.0
        for date, first in zip(dates, first_bars, strict=True)
    ]
    n = frame.height
    return Bars(
        secid=secid,
        timeframe=Timeframe.H1,
        begin_s=frame["begin"].dt.epoch("s").to_numpy() - 3 * 3600,
        **{name: frame[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close")},
        volume_shares=frame["volume"].to_numpy().astype(np.float64),
        turnover_rub=np.ones(n),
        split_factor=np.ones(n),
        dividend_rub=np.asarray(paid, dtype=np.float64),
        trading_day=dates.rank("dense").cast(pl.Int64).to_numpy(),
        session=np.full(n, MAIN, dtype=np.int8),
    )


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("secid", "since", "until"),
    [
        ("SBER", (2022, 2, 1), (2022, 4, 30)),
        ("LKOH", (2024, 11, 20), (2024, 12, 31)),
        ("GMKN", (2024, 3, 1), (2024, 4, 30)),
    ],
)
def test_real_bars_equal_the_slow_reference(real_data, secid, since, until):
    bars = real_bars(real_data, secid, pl.datetime(*since), pl.datetime(*until))
    assert len(bars) > 200
    compare(bars, spec(horizons=("3d",), trailing_bars=100), "3d", row_inputs(bars, cost_frac=COST), every=4)


@pytest.mark.realdata
def test_no_label_crosses_the_halt_of_2022(real_data):
    bars = real_bars(real_data, "SBER", pl.datetime(2022, 1, 10), pl.datetime(2022, 6, 1))
    got = labelled(bars, spec(horizons=("3d", "10d")), "10d", COST)
    halt_s = 1_646_000_000  # 2022-02-27
    crossing = (got.decision_s < halt_s) & (got.window_end_s > halt_s)
    assert not crossing.any()
    assert np.sum(got.row_state == HALT) > 50


@pytest.mark.realdata
def test_sberbanks_dividend_gap_of_2024_is_not_a_stop(real_data):
    import datetime

    ex_date = (datetime.date(2024, 7, 11), 33.3)
    span = (pl.datetime(2024, 7, 1), pl.datetime(2024, 8, 1))
    adjusted = real_bars(real_data, "SBER", *span, dividends=[ex_date])
    plain = real_bars(real_data, "SBER", *span)
    before = np.flatnonzero(adjusted.dividend_rub)[0] - 4
    assert plain.open[before + 4] / plain.close[before + 3] - 1 < -0.05  # the gap is there
    with_it = labelled(adjusted, spec(), "3d", COST)
    without = labelled(plain, spec(), "3d", COST)
    assert without.long.gross_frac[before] < -0.05
    assert with_it.long.gross_frac[before] > -0.03
