from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from market.kernels import quality as kernel
from market.kernels import quality_calendar as calendar
from market.kernels.sessions import EVENING, MAIN, OUTSIDE, WEEKEND, SessionSpan, SessionTable

FLOATS = st.floats(0.01, 1e6, allow_nan=False)
USUAL = np.array([2.0, 4.0, 5.0, 8.0, 10.0, 100.0, 5000.0])
TABLE = SessionTable(
    spans=(
        SessionSpan(code=MAIN, first_day=0, end_day=100_000, begin_s=35_400, end_s=67_800),  # 9:50 to 18:50
        SessionSpan(
            code=EVENING, first_day=0, end_day=100_000, begin_s=68_700, end_s=85_800
        ),  # 19:05 to 23:50
        SessionSpan(
            code=WEEKEND, first_day=0, end_day=100_000, begin_s=36_000, end_s=68_400
        ),  # 10:00 to 19:00
    )
)


def array(*values, dtype=np.float64):
    return np.array(values, dtype=dtype)


def slow_trailing_median(values, window, minimum):
    out = []
    for i in range(len(values)):
        known = [x for x in values[max(0, i - window) : i] if not np.isnan(x)]
        out.append(statistics.median(known) if len(known) >= minimum else np.nan)
    return np.array(out)


def test_repeated_begins_are_the_later_ones():
    assert kernel.repeated_begins(array(5, 3, 5, 7, 3, dtype=np.int64)).tolist() == [
        False,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("bar", "volume"),
    [
        ((10, 11, 10.5, 10), 1.0),  # low above open and close
        ((10, 9.5, 9, 10), 1.0),  # high below open
        ((10, 11, 0, 10), 1.0),
        ((10, np.inf, 9, 10), 1.0),
        ((10, 11, 9, np.nan), 1.0),
        ((10, 11, 9, 10), -1.0),
        ((10, 11, 9, 10), np.nan),
    ],
)
def test_a_broken_bar_is_told_from_a_sound_one(bar, volume):
    prices = np.array([bar, (10, 11, 9, 10)], dtype=np.float64)
    assert kernel.broken_bars(prices, array(volume, 0.0)).tolist() == [True, False]


def test_a_single_price_off_the_step_is_a_stray_and_a_month_of_them_is_another_step():
    prices = np.full((200, 4), 10.15)
    prices[7, 2] = 10.149  # one bar of the first month
    prices[100:, 3] = 10.123  # the whole second month
    stray, unknown = kernel.off_step(prices, np.full(200, 0.05), np.repeat([1, 2], 100), stray_max_frac=0.02)
    assert np.flatnonzero(stray).tolist() == [7]
    assert np.flatnonzero(unknown).tolist() == list(range(100, 200))
    none = kernel.off_step(prices, np.full(200, np.nan), np.repeat([1, 2], 100), stray_max_frac=0.02)
    assert not none[0].any() and not none[1].any()


@given(step=st.sampled_from([1e-6, 0.0001, 0.005, 0.02, 0.5, 1.0, 5.0]), steps=hnp.arrays(np.int64, (9, 4), elements=st.integers(1, 10**7)))  # fmt: skip
def test_prices_of_whole_steps_are_never_off(step, steps):
    stray, unknown = kernel.off_step(
        steps * step, np.full(9, step), np.zeros(9, dtype=np.int64), stray_max_frac=0.0
    )
    assert not stray.any() and not unknown.any()


@given(
    values=hnp.arrays(np.float64, st.integers(0, 40), elements=st.one_of(st.just(np.nan), FLOATS)),
    window=st.integers(1, 9),
    minimum=st.integers(1, 9),
)
def test_the_trailing_median_equals_the_slow_one_and_never_looks_ahead(values, window, minimum):
    minimum = min(window, minimum)
    got = kernel.trailing_median(values, window=window, minimum=minimum)
    np.testing.assert_allclose(got, slow_trailing_median(values.tolist(), window, minimum))
    cut = values.size // 2
    np.testing.assert_array_equal(
        kernel.trailing_median(values[:cut], window=window, minimum=minimum), got[:cut]
    )


def test_a_window_shorter_than_its_minimum_is_refused():
    with pytest.raises(ValueError, match="were 4 and 3"):
        kernel.trailing_median(np.ones(5), window=3, minimum=4)


@given(
    groups=st.lists(
        st.lists(st.one_of(st.just(float("nan")), FLOATS), min_size=1, max_size=6), min_size=0, max_size=8
    )
)
def test_group_medians_equal_numpys(groups):
    values = np.array([x for group in groups for x in group])
    labels = np.array([i for i, group in enumerate(groups) for _ in group], dtype=np.int64)
    wanted = [
        statistics.median(known) if (known := [x for x in group if not np.isnan(x)]) else np.nan
        for group in groups
    ]
    np.testing.assert_allclose(kernel.group_medians(values, labels), wanted)


def test_a_move_is_measured_by_the_days_before():
    day = np.repeat(np.arange(12), 5).astype(np.int64)
    returns = np.tile([0.01, -0.01, 0.01, -0.01, 0.01], 12)
    returns[-1] = 0.2
    sigmas = kernel.return_sigmas(returns, day, np.zeros(60), window=10, minimum=8)
    assert np.isnan(sigmas[:40]).all()
    assert sigmas[-1] == pytest.approx(0.2 / (1.4826 * 0.01))
    assert sigmas[-2] == pytest.approx(1 / 1.4826)
    floored = kernel.return_sigmas(returns, day, np.full(60, 0.1), window=10, minimum=8)
    assert floored[-1] == pytest.approx(0.2 / (1.4826 * 0.1))


def test_nothing_is_said_of_a_share_that_usually_does_not_move():
    returns = np.zeros(30)
    returns[-1] = 0.4
    sigmas = kernel.return_sigmas(returns, np.arange(30), np.full(30, 0.001), window=10, minimum=8)
    assert np.isnan(sigmas).all()


@given(returns=hnp.arrays(np.float64, 60, elements=st.floats(-0.1, 0.1)), cut=st.integers(1, 11))
def test_sigmas_never_look_ahead(returns, cut):
    day = np.repeat(np.arange(12), 5).astype(np.int64)
    whole = kernel.return_sigmas(returns, day, np.full(60, 1e-4), window=6, minimum=3)
    at = cut * 5
    np.testing.assert_array_equal(
        kernel.return_sigmas(returns[:at], day[:at], np.full(at, 1e-4), window=6, minimum=3), whole[:at]
    )


def test_a_spike_comes_back_and_news_does_not():
    close = array(100, 100, 130, 100.5, 100, 130, 131, 130)
    returns = kernel.log_returns(close)
    spikes = kernel.reverting_spikes(
        returns, np.full(8, 50.0), sigmas_min=12.0, move_min=0.05, reverts_frac=0.75
    )
    assert np.flatnonzero(spikes).tolist() == [2]
    calm = kernel.reverting_spikes(
        returns, np.full(8, 5.0), sigmas_min=12.0, move_min=0.05, reverts_frac=0.75
    )
    assert not calm.any()


def test_a_wick_stands_alone():
    prices = np.tile(array(100, 101, 99, 100), (6, 1))
    prices[2, 2] = 60
    prices[4, 1] = 140
    assert np.flatnonzero(kernel.lone_wicks(prices, wick_frac=0.25)).tolist() == [2, 4]
    prices[3, 2] = 62  # the neighbour went there too
    assert np.flatnonzero(kernel.lone_wicks(prices, wick_frac=0.25)).tolist() == [4]
    prices[[0, 5], 2] = 60, 10  # a first and a last bar have one neighbour only: nothing is said of them
    assert np.flatnonzero(kernel.lone_wicks(prices, wick_frac=0.25)).tolist() == [4]
    assert kernel.lone_wicks(prices[:0], wick_frac=0.25).size == 0


def causes(close, **changed):
    n = len(close)
    given_ = {
        "factor": np.ones(n),
        "dividend_rub": np.zeros(n),
        "market_move": np.zeros(n),
        "closed": np.zeros(n, dtype=np.bool_),
    } | changed
    return kernel.jump_causes(array(*close), **given_, jump_frac=0.3, market_move_min=0.05).tolist()


def test_a_jump_is_explained_by_what_explains_it():
    fall = [100, 100, 60]
    assert causes(fall) == [-1, -1, kernel.UNEXPLAINED]
    assert causes([100, 100, 71]) == [-1, -1, -1]
    assert causes([100, 100, 131]) == [-1, -1, kernel.UNEXPLAINED]
    assert causes(fall, dividend_rub=array(0, 0, 35)) == [-1, -1, kernel.BY_DIVIDEND]
    assert causes(fall, dividend_rub=array(0, 0, 5)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes(fall, market_move=array(0, 0, -0.4)) == [-1, -1, kernel.BY_MARKET]
    assert causes(fall, market_move=array(0, 0, 0.4)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes([100, 100, 69.9], market_move=array(0, 0, -0.04)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes(fall, market_move=array(0, 0, np.nan)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes(fall, closed=array(0, 0, 1, dtype=np.bool_)) == [-1, -1, kernel.BY_CLOSURE]


def test_a_split_explains_its_own_jump_and_makes_one_where_prices_ran_on():
    assert causes([15_000, 15_100, 151], factor=array(1, 1, 100)) == [-1, -1, kernel.BY_SPLIT]
    assert causes([150, 151, 151], factor=array(1, 1, 100)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes([15_000, 15_100, 15_000], factor=array(1, 1, 100)) == [-1, -1, kernel.UNEXPLAINED]
    assert causes([100]) == [-1] and causes([]) == []


@given(
    close=hnp.arrays(np.float64, 30, elements=st.floats(90.0, 110.0)),
    factor=hnp.arrays(np.float64, 30, elements=st.just(1.0)),
)
def test_a_calm_series_has_no_jump(close, factor):
    assert set(causes(close.tolist(), factor=factor)) == {-1}


@given(ratio=st.sampled_from(USUAL[1:].tolist()), noise=st.floats(0.9, 1.1), up=st.booleans())
def test_a_split_is_named_by_its_ratio(ratio, noise, up):
    change = (ratio if up else 1 / ratio) * noise
    named = kernel.split_ratios_near(array(change), USUAL, ratio_min=3.5, tolerance_frac=0.12)
    nearest = min(USUAL, key=lambda one: abs(np.log(one) - abs(np.log(change))))
    assert named[0] == pytest.approx(1 / nearest if up else nearest)


def test_ordinary_moves_look_like_no_split():
    named = kernel.split_ratios_near(
        array(0.5, 1.9, 1.0, 1 / 30, np.nan), USUAL, ratio_min=3.5, tolerance_frac=0.2
    )
    assert np.isnan(named).all()


def test_levels_are_those_on_both_sides():
    before, after = kernel.levels_around(array(1, 2, 3, 10, 20, 30), array(3, dtype=np.int64), bars=3)
    assert (before[0], after[0]) == (2.0, 20.0)


def test_bars_are_counted_by_day_and_session():
    days, counts = calendar.bars_by_day(
        array(5, 5, 5, 7, 7, dtype=np.int64), array(MAIN, MAIN, EVENING, OUTSIDE, MAIN, dtype=np.int8)
    )
    assert days.tolist() == [5, 7]
    assert counts.tolist() == [[0, 2, 1, 0, 0], [0, 1, 0, 0, 1]]


def test_workdays_are_measured_by_workdays_and_weekends_by_weekends():
    days = np.arange(20_000, 20_056)
    weekend = np.array([np.datetime64(int(day), "D").astype(object).weekday() >= 5 for day in days])
    counts = np.where(weekend, 9.0, 15.0)
    usual = calendar.usual_bars(days, counts, window=5, minimum=5)
    assert set(usual[np.isfinite(usual) & weekend]) == {9.0}
    assert set(usual[np.isfinite(usual) & ~weekend]) == {15.0}
    cut = calendar.usual_bars(days[:30], counts[:30], window=5, minimum=5)
    np.testing.assert_array_equal(cut, usual[:30])


@given(present=hnp.arrays(np.bool_, st.integers(0, 40)), window=st.integers(1, 10))
def test_presence_equals_the_slow_count(present, window):
    wanted = [np.mean(present[i - window : i]) if i >= window else np.nan for i in range(present.size)]
    np.testing.assert_allclose(calendar.presence_before(present, window=window), wanted)


def test_only_a_regular_share_is_missed():
    present = np.array([1] * 10 + [0, 0] + [1] * 3 + [0] + [1] * 2, dtype=np.bool_)
    runs = calendar.absent_runs(present, window=5, regular_frac=1.0)
    assert runs.tolist() == [[10, 12]]  # the later one follows three days only
    assert calendar.absent_runs(present, window=5, regular_frac=0.5).tolist() == [[10, 12], [15, 16]]
    assert (
        calendar.absent_runs(np.array([1] * 9 + [0, 0], dtype=np.bool_), window=5, regular_frac=1.0).size == 0
    )


def test_a_gap_counts_inside_one_session_only():
    hour = 3600
    begin = array(0, hour, 4 * hour, 8 * hour, 24 * hour, 30 * hour, dtype=np.int64)
    day = array(0, 0, 0, 0, 1, 1, dtype=np.int64)
    session = array(MAIN, MAIN, MAIN, EVENING, MAIN, MAIN, dtype=np.int8)
    gap_s, at = calendar.longest_gaps(begin, day, session, step_s=hour)
    assert gap_s.tolist() == [2 * hour, 5 * hour]
    assert at.tolist() == [1, 4]
    outside = np.full(6, OUTSIDE, dtype=np.int8)
    assert calendar.longest_gaps(begin, day, outside, step_s=hour)[0].tolist() == [0, 0]
    assert calendar.longest_gaps(begin[:0], day[:0], session[:0], step_s=hour)[0].size == 0


def test_the_grid_holds_as_many_bars_as_the_sessions_have_room_for():
    workday, saturday = 19_723, 19_728  # 2024-01-01 and 2024-01-06
    room = calendar.grid_bars(array(workday, saturday, dtype=np.int64), TABLE, bar_s=3600)
    assert room.tolist() == [[0, 10, 5, 0], [0, 0, 0, 9]]
    assert calendar.grid_bars(array(workday, dtype=np.int64), TABLE, bar_s=60).tolist() == [[0, 540, 285, 0]]


def test_days_behind_count_the_markets_days():
    days = array(10, 11, 14, 15, dtype=np.int64)
    assert [calendar.days_behind(day, days) for day in (9, 11, 12, 15)] == [4, 2, 2, 0]
