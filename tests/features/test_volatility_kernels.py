"""Kernels of volatility, liquidity and position on series whose answer is known, and against plain statistics."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.kernels import liquidity, position, range_volatility, volatility, volume
from features.kernels.correlation import rolling_correlation
from features.kernels.quotient import quotient
from features.kernels.rank import rolling_percentile
from features.kernels.weighted import rolling_slope, rolling_sum_slope
from traderai.common.arrays import F64

# Few distinct values: ties and windows that do not move are common in thin shares.
VALUES = arrays(np.float64, st.integers(0, 60), elements=st.integers(-4, 9).map(float))
PAIRS = st.integers(0, 60).flatmap(
    lambda n: st.tuples(*[arrays(np.float64, n, elements=st.integers(-4, 9).map(float))] * 2)
)
WINDOWS = st.integers(2, 17)


@settings(deadline=None)
@given(values=VALUES, window=WINDOWS)
def test_a_percentile_is_the_mid_rank_among_the_others(values: F64, window: int) -> None:
    got = rolling_percentile(values, window=window)
    assert np.isnan(got[: window - 1]).all()
    for t in range(window - 1, values.size):
        others = values[t - window + 1 : t]
        want = (np.sum(others < values[t]) + np.sum(others == values[t]) / 2) / (window - 1)
        assert math.isclose(got[t], want, abs_tol=1e-12)


def test_a_percentile_takes_numbers_apart_by_more_than_rounding() -> None:
    same, apart = 2.0 * (1 + 1e-12), 2.0 * (1 + 1e-7)
    assert rolling_percentile(np.array([2.0, same]), window=2)[1] == 0.5
    assert rolling_percentile(np.array([2.0, apart]), window=2)[1] == 1.0
    with pytest.raises(ValueError, match="a NaN must not come after a number"):
        rolling_percentile(np.array([np.nan, 1.0, np.nan, 2.0]), window=2)
    np.testing.assert_array_equal(
        rolling_percentile(np.array([np.nan, 1.0, 0.0]), window=2), [np.nan, np.nan, 0.0]
    )


@settings(deadline=None)
@given(pair=PAIRS, window=WINDOWS, offset=st.sampled_from([0.0, 1e5]))
def test_a_correlation_equals_that_of_each_window(pair: tuple[F64, F64], window: int, offset: float) -> None:
    left, right = pair[0] + offset, pair[1]
    got = rolling_correlation(left, right, window=window)
    for t in range(left.size):
        x, y = left[max(0, t - window + 1) : t + 1], right[max(0, t - window + 1) : t + 1]
        if t < window - 1 or np.ptp(x) == 0 or np.ptp(y) == 0:
            assert math.isnan(got[t])
        else:
            assert abs(got[t]) <= 1.0
            assert math.isclose(got[t], np.corrcoef(x, y)[0, 1], abs_tol=1e-6)


def test_a_correlation_that_touches_a_missing_value_is_missing() -> None:
    left = np.array([1.0, 2.0, np.nan, 4.0, 6.0, 5.0, 9.0])
    got = rolling_correlation(left, np.arange(7.0), window=3)
    assert np.isfinite(got).tolist() == [False, False, False, False, False, True, True]


@settings(deadline=None)
@given(values=VALUES, window=WINDOWS)
def test_slopes_equal_a_fitted_line(values: F64, window: int) -> None:
    slope, sum_slope = rolling_slope(values, window=window), rolling_sum_slope(values, window=window)
    assert np.isnan(slope[: window - 1]).all()
    assert np.isnan(sum_slope[: window - 1]).all()
    total = np.cumsum(values)
    for t in range(window - 1, values.size):
        part = slice(t - window + 1, t + 1)
        for got, line in ((slope[t], values[part]), (sum_slope[t], total[part])):
            assert math.isclose(got, np.polyfit(np.arange(window), line, 1)[0], abs_tol=1e-9)


@settings(deadline=None)
@given(VALUES)
def test_a_quotient_without_a_divisor_is_unknown(below: F64) -> None:
    got = quotient(np.ones(below.size), below)
    assert (np.isnan(got) == (below == 0)).all()
    assert not np.isinf(got).any()
    np.testing.assert_array_equal(got[below != 0], 1.0 / below[below != 0])


class Walk(NamedTuple):
    """Bars of a random walk of many small steps."""

    open: F64
    high: F64
    low: F64
    close: F64


def walk(n: int, *, std: float, night_std: float = 0.0, drift: float = 0.0, spread: float = 0.0) -> Walk:
    """Return n bars of 400 trades each; trades are half a spread above or below the price, at random."""
    rng = np.random.default_rng(5)
    steps = rng.normal(drift / 400, std / 20.0, (n, 400))
    nights = rng.normal(0.0, night_std, n) if night_std else np.zeros(n)
    start = np.cumsum(nights) + np.concatenate([[0.0], np.cumsum(steps.sum(axis=1))[:-1]])
    price = np.exp(start[:, None] + np.cumsum(steps, axis=1))
    trades = price * (1.0 + spread / 2.0 * rng.choice([-1.0, 1.0], price.shape))
    return Walk(trades[:, 0], trades.max(axis=1), trades.min(axis=1), trades[:, -1])


@pytest.mark.parametrize("drift", [0.0, 0.03])
def test_ranges_tell_the_volatility_that_a_walk_was_made_with(drift: float) -> None:
    bars = walk(2_000, std=0.01, drift=drift)
    measured = {
        "garman_klass": range_volatility.garman_klass_volatility(*bars, window=2_000)[-1],
        "rogers_satchell": range_volatility.rogers_satchell_volatility(*bars, window=2_000)[-1],
        "yang_zhang": range_volatility.yang_zhang_volatility(*bars, window=1_999)[-1],
    }
    # The highest of 400 trades is a little below that of a path without steps, and a trend is in Garman-Klass.
    for name, value in measured.items():
        if drift == 0.0 or name != "garman_klass":
            assert 0.0090 < value < 0.0103, name
        else:
            assert value > 0.012


def test_only_yang_zhang_sees_the_gaps_between_bars() -> None:
    bars = walk(2_000, std=0.01, night_std=0.02)
    inside = range_volatility.rogers_satchell_volatility(*bars, window=2_000)[-1]
    assert inside < 0.0103
    whole = range_volatility.yang_zhang_volatility(*bars, window=1_999)[-1]
    assert math.isclose(whole, math.hypot(0.01, 0.02), rel_tol=0.05)


@pytest.mark.parametrize("spread_bp", [50.0, 150.0])
def test_spreads_are_found_in_trades_that_bounce_between_bid_and_ask(spread_bp: float) -> None:
    bars = walk(3_000, std=0.01, spread=spread_bp / 1e4)
    high, low, close = bars.high, bars.low, bars.close
    found = liquidity.corwin_schultz_spread_bp(high, low, close, window=2_000)[-1]
    none = walk(3_000, std=0.01)
    without = liquidity.corwin_schultz_spread_bp(none.high, none.low, none.close, window=2_000)[-1]
    # Negative estimates count as zero, so both see a spread where there is none, and the larger one where there is.
    assert 20.0 < without < 50.0
    assert 0.9 * spread_bp < found < spread_bp + 30.0
    other = liquidity.abdi_ranaldo_spread_bp(high, low, close, window=2_000)[-1]
    assert other > liquidity.abdi_ranaldo_spread_bp(none.high, none.low, none.close, window=2_000)[-1]
    assert 0.8 * spread_bp < other < 1.1 * spread_bp


def test_a_gap_is_not_taken_for_a_spread_nor_for_a_range() -> None:
    low = np.array([100.0, 110.0, 90.0])
    here = liquidity.corwin_schultz_spread_bp(low * 1.01, low, low, window=1)
    # Every bar moved to the close before it: the pair is then two ranges of nearly one per cent side by side.
    high_two, low_two = np.array([101.0, 101.1]), np.array([100.0, 100.0])
    alike = liquidity.corwin_schultz_spread_bp(high_two, low_two, low_two, window=1)
    np.testing.assert_allclose(here[1], alike[1], rtol=1e-9)
    assert here[1] > 0.0
    with pytest.raises(ValueError, match="a low is above its high"):
        liquidity.corwin_schultz_spread_bp(low, low * 1.01, low, window=1)


def test_steady_moves_are_no_jumps_and_a_single_move_is() -> None:
    steady = np.tile([0.01, -0.01], 30)
    assert volatility.jump_share(steady, window=60)[-1] == 0.0
    single = np.zeros(60)
    single[30] = 0.05
    assert volatility.jump_share(single, window=60)[-1] == 1.0
    assert math.isnan(volatility.jump_share(np.zeros(60), window=60)[-1])


def test_semivolatility_tells_rises_from_falls() -> None:
    moves = np.array([0.03, -0.01, 0.0, 0.04, -0.02])
    assert math.isclose(volatility.semivolatility_ratio(moves, window=5)[-1], math.sqrt(25 / 5))
    assert math.isclose(volatility.downside_share(moves, window=5)[-1], 5 / 30)
    assert math.isclose(volatility.downside_share(-moves, window=5)[-1], 25 / 30)


def test_the_squeeze_is_unknown_where_its_ratio_is() -> None:
    np.testing.assert_array_equal(
        volatility.squeeze_flag(np.array([np.nan, 0.0, 0.99, 1.0, 3.0])), [np.nan, 1, 1, 0, 0]
    )
    with pytest.raises(ValueError, match="width_atr must be above 0, was 0"):
        volatility.squeeze_ratio(np.ones(3), np.ones(3), width_std=2.0, width_atr=0.0)
    with pytest.raises(ValueError, match="width_std must be above 0, was -1"):
        volatility.bollinger_width(np.ones(3), np.ones(3), width_std=-1.0)


def test_volume_that_only_comes_with_rises_is_all_on_one_side() -> None:
    traded = np.full(40, 7.0)
    up = np.full(40, 0.01)
    assert volume.volume_balance(up, traded, window=20)[-1] == 1.0
    assert math.isclose(volume.obv_slope(up, traded, window=20)[-1], 1.0)
    assert math.isclose(volume.obv_slope(-up, traded, window=20)[-1], -1.0)
    assert math.isclose(volume.volume_trend(np.arange(1.0, 41.0), window=20)[-1], 1.0 / 30.5)
    at_high = volume.chaikin_money_flow(
        np.full(40, 11.0), np.full(40, 9.0), np.full(40, 11.0), traded, window=20
    )
    assert at_high[-1] == 1.0
    flat = volume.chaikin_money_flow(np.full(40, 9.0), np.full(40, 9.0), np.full(40, 9.0), traded, window=20)
    assert flat[-1] == 0.0
    with pytest.raises(ValueError, match="fast must be below slow, was 20 and 20"):
        volume.mean_ratio(traded, fast=20, slow=20)


def test_an_average_price_paid_weighs_by_volume() -> None:
    close, traded = np.array([10.0, 10.0, 20.0]), np.array([1.0, 3.0, 0.0])
    paid = np.array([10.0, 36.0, 0.0])
    got = liquidity.distance_to_vwap(close, paid, traded, window=2)
    np.testing.assert_allclose(got[1:], [math.log(10 / 11.5), math.log(20 / 12)])
    day = np.array([1, 2, 2])
    in_day = liquidity.distance_to_day_vwap(close, paid, traded, day)
    np.testing.assert_allclose(in_day, [np.nan, math.log(10 / 12), math.log(20 / 12)])
    assert np.isnan(liquidity.distance_to_vwap(close, 0.0 * paid, 0.0 * traded, window=2)).all()


@pytest.mark.parametrize(
    ("price", "steps", "distance_bp"),
    [
        (100.0, 50, 0.0),
        (101.0, 50, 1e4 * -1 / 101),  # half way between 100 and 102: the one above
        (99.0, 50, 0.0),  # steps of 1 below 100
        (99.4, 50, 1e4 * 0.4 / 99.4),
        (250.01, 50, 1e4 * 0.01 / 250.01),
        (0.018995, 50, 1e4 * -0.000005 / 0.018995),
        (0.0475, 10, 1e4 * -0.0005 / 0.0475),
        (6_991.5, 10, 1e4 * -8.5 / 6_991.5),
        (0.1 + 0.2, 50, 0.0),  # 0.30000000000000004
        (0.05, 50, 0.0),
    ],
)
def test_round_prices_are_multiples_of_1_2_and_5(price: float, steps: int, distance_bp: float) -> None:
    got = position.round_price_distance_bp(np.array([price]), steps=steps)[0]
    assert math.isclose(got, distance_bp, rel_tol=1e-6, abs_tol=1e-6)


@settings(deadline=None)
@given(arrays(np.float64, 30, elements=st.floats(1e-4, 1e6)), st.sampled_from([10, 50]))
def test_a_round_price_is_near_and_its_step_knows_no_order_of_prices(prices: F64, steps: int) -> None:
    got = position.round_price_distance_bp(prices, steps=steps)
    assert (np.abs(got) <= 1e4 / (2 * steps) * (1 + 1e-6)).all()
    np.testing.assert_array_equal(position.round_price_distance_bp(prices[::-1], steps=steps)[::-1], got)
    alone = [position.round_price_distance_bp(prices[t : t + 1], steps=steps)[0] for t in range(30)]
    np.testing.assert_array_equal(alone, got)


@settings(deadline=None)
@given(values=VALUES, window=st.integers(1, 17))
def test_bars_since_the_highest_count_to_the_latest_of_several(values: F64, window: int) -> None:
    high, low = (
        position.bars_since_high(values, window=window),
        position.bars_since_low(values, window=window),
    )
    assert np.isnan(high[: window - 1]).all()
    for t in range(window - 1, values.size):
        backwards = values[t - window + 1 : t + 1][::-1]
        assert (high[t], low[t]) == (np.argmax(backwards), np.argmin(backwards))


def test_a_window_that_is_too_short_is_refused() -> None:
    for kernel in (rolling_percentile, rolling_slope, rolling_sum_slope):
        with pytest.raises(ValueError, match="window must be at least 2, was 1"):
            kernel(np.ones(3), window=1)
    with pytest.raises(ValueError, match="window must be at least 1, was 0"):
        position.round_price_distance_bp(np.ones(3), steps=0)
