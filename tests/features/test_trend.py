"""Trend, oscillators and returns: their ranges, their silence where nothing is known, and their turning points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import BY_NAME
from features.families import oscillators, returns, trend
from features.kernels import return_shape
from features.kernels.averages import cross_freshness, ema, macd, slope_in_ranges, sma
from features.kernels.directional import directional_movement
from features.kernels.divergence import swing_divergence
from features.kernels.engine import compute_columns
from features.kernels.oscillators import commodity_channel_index
from features.kernels.regression import line_fit
from features.kernels.window import window_of
from features.spec import FeatureSpec
from market.contracts import Bars
from tests.features.series import random_bars
from tests.features.test_causality import assert_same_bits
from traderai.common.arrays import F32, F64

SPECS = (*trend.FEATURES, *oscillators.FEATURES, *returns.FEATURES)
NAMES = [spec.name for spec in SPECS]


def columns(bars: Bars, specs: tuple[FeatureSpec, ...] = SPECS) -> F32:
    return compute_columns(window_of(bars, start=0, stop=len(bars)), specs)


def with_prices(bars: Bars, close: F64) -> Bars:
    return replace(
        bars,
        open=close.copy(),
        high=close.copy(),
        low=close.copy(),
        close=close,
        dividend_rub=np.zeros(len(bars)),
    )


def quiet_bars(n: int, *, seed: int) -> Bars:
    """Return bars of a price in steps of 0.5 that seldom moves, as those of a share that hardly trades."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-0.5, 0.0, 0.5], n, p=[0.04, 0.92, 0.04])
    return with_prices(random_bars(n, seed=seed), 150.0 + np.cumsum(steps))


# What holds for every feature


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), quiet=st.booleans())
def test_values_stay_in_the_range_that_the_catalogue_names(seed: int, quiet: bool) -> None:
    matrix = columns(quiet_bars(700, seed=seed) if quiet else random_bars(700, seed=seed))
    for j, spec in enumerate(SPECS):
        known = matrix[:, j][np.isfinite(matrix[:, j])]
        # 1e-5 of float32 rounding in numbers up to 100
        assert spec.low is None or known.min(initial=np.inf) >= spec.low - 1e-5, spec.name
        assert spec.high is None or known.max(initial=-np.inf) <= spec.high + 1e-5, spec.name


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), power=st.sampled_from([-12, -3, 1, 10]))
def test_the_scale_of_the_prices_changes_no_bit(seed: int, power: int) -> None:
    bars = random_bars(500, seed=seed)
    scaled = {
        name: 2.0**power * getattr(bars, name) for name in ("open", "high", "low", "close", "dividend_rub")
    }
    # Logarithms of scaled prices round differently: returns agree to their digits.
    exact = tuple(spec for spec in SPECS if spec.family != "returns" or "efficiency" in spec.name)
    assert_same_bits(columns(replace(bars, **scaled), exact), columns(bars, exact), exact)
    rest = returns.FEATURES
    np.testing.assert_allclose(
        columns(replace(bars, **scaled), rest), columns(bars, rest), rtol=1e-4, atol=1e-9
    )


def test_a_feature_that_is_not_scale_free_would_be_seen() -> None:
    bars = random_bars(300, seed=1)
    doubled = replace(bars, close=2.0 * bars.close)
    with pytest.raises(AssertionError, match="sma"):
        assert_same_bits(
            sma(doubled.close, window=5).astype(np.float32)[:, None],
            sma(bars.close, window=5).astype(np.float32)[:, None],
            [replace(SPECS[0], name="sma")],
        )


def test_the_first_value_comes_after_the_look_back() -> None:
    matrix = columns(random_bars(400, seed=11))
    for j, spec in enumerate(SPECS):
        assert np.flatnonzero(np.isfinite(matrix[:, j]))[0] == spec.lookback_bars, spec.name
        assert np.isfinite(matrix[spec.lookback_bars :, j]).all(), spec.name


@pytest.mark.parametrize("n", [1, 2, 3, 14, 30])
def test_short_histories_are_unknown_and_no_error(n: int) -> None:
    bars = random_bars(400, seed=11).cut(n)
    matrix = columns(bars)
    for j, spec in enumerate(SPECS):
        assert np.isnan(matrix[: min(n, spec.lookback_bars), j]).all(), spec.name


def test_what_columns_share_depends_on_none_of_them() -> None:
    bars = random_bars(400, seed=3)
    together = columns(bars)
    backwards = columns(bars, SPECS[::-1])[:, ::-1]
    assert_same_bits(backwards, together, SPECS)
    for j, spec in enumerate(SPECS):
        assert_same_bits(columns(bars, (spec,)), together[:, j : j + 1], (spec,))


def assert_exact_tail(spec: FeatureSpec, bars: Bars) -> None:
    whole = columns(bars, (spec,))
    for stop in (spec.lookback_bars + 1, 300, 411, 500):
        tail = window_of(bars, start=stop - spec.lookback_bars - 1, stop=stop)
        assert compute_columns(tail, [spec])[-1].tobytes() == whole[stop - 1].tobytes(), spec.name


def test_an_exact_tail_needs_its_look_back_alone() -> None:
    bars = replace(random_bars(500, seed=2), dividend_rub=np.zeros(500))
    exact = [spec for spec in SPECS if spec.exact_tail]
    assert len(exact) >= 20
    for spec in exact:
        assert_exact_tail(spec, bars)
    with pytest.raises(AssertionError, match="price_ema_20"):
        assert_exact_tail(next(spec for spec in SPECS if spec.name == "price_ema_20"), bars)


def test_a_price_that_never_moved_says_nothing() -> None:
    matrix = columns(with_prices(random_bars(500, seed=1), np.full(500, 250.37)))
    zero = {name for name in NAMES if name.startswith(("price_", "ema_spread", "sma_cross", "up_share"))}
    zero |= {f"ret_{span}" for span in (1, 2, 3, 5, 10, 20, 60)}
    for j, name in enumerate(NAMES):
        if name in zero:
            np.testing.assert_allclose(matrix[SPECS[j].lookback_bars :, j], 0.0, atol=1e-7, err_msg=name)
        else:
            assert np.isnan(matrix[:, j]).all(), name


def test_a_price_that_stopped_moving_makes_no_noise() -> None:
    walk = random_bars(300, seed=4).close
    matrix = columns(
        with_prices(random_bars(2_000, seed=4), np.concatenate([walk, np.full(1_700, walk[-1])]))
    )
    end = matrix[-200:]
    silent = [
        name for name in NAMES if name.endswith("_atr") or "_slope_" in name or name.startswith("line_")
    ]
    silent += [
        "cci_20",
        "stoch_k_14",
        "donchian_55",
        "efficiency_60",
        "ret_skew_60",
        "ret_autocorr_20",
        "mfi_14",
    ]
    for name in silent:
        assert np.isnan(end[:, NAMES.index(name)]).all(), name
    for name in ("sma_cross_20_50", "sma_cross_50_200", "rsi_divergence_14"):
        assert not end[:, NAMES.index(name)].any(), name


# Averages


def test_a_cross_is_fresh_on_its_bar_and_fades() -> None:
    slow = np.full(60, 100.0)
    fast = np.where(np.arange(60) < 30, 99.0, 101.0)
    got = cross_freshness(fast, slow, within=20)
    assert np.isnan(got[:20]).all()
    np.testing.assert_allclose(got[20:30], 0.0)
    np.testing.assert_allclose(got[30:50], 1.0 - np.arange(20) / 20)
    np.testing.assert_allclose(got[50:], 0.0)
    np.testing.assert_array_equal(cross_freshness(200.0 - fast, slow, within=20)[20:], -got[20:])


def test_averages_that_only_touch_do_not_cross() -> None:
    slow = np.full(60, 100.0)
    fast = np.full(60, 99.0)
    fast[30:35] = 100.0 + 1e-12
    np.testing.assert_allclose(cross_freshness(fast, slow, within=20)[20:], 0.0)
    fast[32] = 100.1
    assert cross_freshness(fast, slow, within=20)[32] == 1.0
    assert cross_freshness(fast, slow, within=20)[35] == -1.0


def test_the_slope_of_a_steady_rise() -> None:
    close: F64 = np.linspace(100.0, 249.5, 300)
    for average in (sma(close, window=20), ema(close, window=20)):
        slope = slope_in_ranges(average, np.full(300, 0.25), span=5)
        # The exponential average begins as a plain mean, so it climbs evenly from its first bar.
        np.testing.assert_allclose(slope[24:], 2.0, rtol=1e-9)
        assert np.isnan(slope[:24]).all()


def test_the_macd_holds_together() -> None:
    line, signal, histogram = macd(random_bars(300, seed=1).close)
    np.testing.assert_allclose(line - signal, histogram, rtol=1e-12)
    assert np.isfinite(line).argmax() == 33


# Directional movement


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(2, 30))
def test_directional_movement_equals_talib(seed: int, window: int) -> None:
    bars = random_bars(300, seed=seed)
    got = directional_movement(bars.high, bars.low, bars.close, window=window)
    want = [of(bars.high, bars.low, bars.close, window) for of in (talib.PLUS_DI, talib.MINUS_DI, talib.ADX)]
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


def test_directional_movement_of_a_seldom_moving_price_equals_talib() -> None:
    close = quiet_bars(800, seed=5).close
    got = directional_movement(close, close, close, window=14)
    want = np.array([of(close, close, close, 14) for of in (talib.PLUS_DI, talib.MINUS_DI, talib.ADX)])
    known = np.isfinite(got)
    assert 600 < known[2].sum() < 790
    np.testing.assert_allclose(got[known], want[known], rtol=1e-9, atol=1e-9)


def decimal_bars(n: int, *, seed: int) -> Bars:
    """Return bars whose prices are whole steps of a kopeck, so that many moves are equal."""
    bars = random_bars(n, seed=seed)
    steps = np.random.default_rng(seed).integers(-4, 5, n).cumsum() + 5_000
    close, tops = steps.astype(np.float64), np.random.default_rng(seed + 1).integers(0, 4, (2, n))
    prices = {"open": close, "close": close, "high": close + tops[0], "low": close - tops[1]}
    return replace(bars, dividend_rub=np.zeros(n), **{name: array / 100.0 for name, array in prices.items()})


@pytest.mark.parametrize("scale", [100.0, 0.37, 1.0 / 3.0])
def test_equal_moves_of_decimal_prices_count_for_neither_side(scale: float) -> None:
    """On any scale: a dividend before them makes other decimals of the prices."""
    bars = decimal_bars(2_000, seed=11)
    prices = (bars.high, bars.low, bars.close)
    there = directional_movement(*(scale * price for price in prices), window=14)
    np.testing.assert_allclose(there, directional_movement(*prices, window=14), rtol=1e-9)
    of_steps = directional_movement(*(np.rint(100.0 * price) for price in prices), window=14)
    np.testing.assert_allclose(there, of_steps, rtol=1e-9)
    # TA-Lib tells them apart by rounding: whole steps give other numbers than kopecks.
    kopecks = talib.ADX(*prices, 14)
    assert np.nanmax(np.abs(kopecks - talib.ADX(*(np.rint(100.0 * price) for price in prices), 14))) > 0.1


@pytest.mark.parametrize("scale", [100.0, 0.37, 1.0 / 3.0])
def test_a_level_is_not_passed_by_rounding(scale: float) -> None:
    flags = (BY_NAME["stoch_overbought_14"], BY_NAME["stoch_oversold_14"])
    bars = decimal_bars(2_000, seed=12)
    scaled = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    assert_same_bits(columns(replace(bars, **scaled), flags), columns(bars, flags), flags)
    k = columns(bars, (BY_NAME["stoch_k_14"],))
    assert np.isclose(k, 80.0, rtol=1e-6).any()
    assert not columns(bars, flags)[np.isclose(k, 80.0, rtol=1e-6)[:, 0], 0].any()


# Lines


@settings(max_examples=60, deadline=None)
@given(
    slope=st.floats(-5.0, 5.0).filter(lambda x: abs(x) > 1e-3),
    window=st.integers(3, 80),
    level=st.sampled_from([1e-2, 1e2, 1e6]),
)
def test_a_straight_line_is_found_wherever_it_lies(slope: float, window: int, level: float) -> None:
    values: F64 = level * np.linspace(10.0, 10.0 + 1.99 * slope, 200)
    fitted, r2 = line_fit(values, window=window)
    np.testing.assert_allclose(fitted[window - 1 :], level * slope / 100.0, rtol=1e-7)
    np.testing.assert_allclose(r2[window - 1 :], 1.0, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), window=st.integers(3, 40), spike=st.sampled_from([1.0, 1e6]))
def test_a_line_equals_that_of_polyfit(seed: int, window: int, spike: float) -> None:
    values = np.random.default_rng(seed).normal(100.0, 1.0, 120)
    values[40] *= spike
    fitted, r2 = line_fit(values, window=window)
    for t in (window - 1, 60, 100, 119):
        part = values[t - window + 1 : t + 1]
        np.testing.assert_allclose(fitted[t], np.polyfit(np.arange(window), part, 1)[0], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(
            r2[t], np.corrcoef(np.arange(window), part)[0, 1] ** 2, rtol=1e-7, atol=1e-10
        )


def test_two_points_are_refused() -> None:
    with pytest.raises(ValueError, match="window must be at least 3, was 2"):
        line_fit(np.ones(9), window=2)


# Oscillators


def test_the_channel_index_equals_talib() -> None:
    bars = random_bars(400, seed=8)
    got = commodity_channel_index(bars.high, bars.low, bars.close, window=20)
    np.testing.assert_allclose(got, talib.CCI(bars.high, bars.low, bars.close, 20), rtol=1e-8, atol=1e-8)


# Divergence


def two_lows(first: float, second: float) -> F64:
    """Return a price that falls to `first` on bar 40, recovers, and falls to `second` on bar 60."""
    marks = {0: 110.0, 40: first, 50: 108.0, 60: second, 120: 120.0}
    return np.interp(np.arange(121), list(marks), list(marks.values()))


def divergence(close: F64, oscillator: F64, **changes: int) -> F64:
    wanted: dict[str, Any] = {"span": 5, "reach": 25, "hold": 10} | changes
    return swing_divergence(close, oscillator, **wanted)


RISING_STRENGTH = np.linspace(30.0, 60.0, 121)


def test_a_lower_low_with_more_strength_is_bullish_from_its_confirmation_on() -> None:
    got = divergence(two_lows(100.0, 99.0), RISING_STRENGTH)
    assert np.isnan(got[:39]).all()
    np.testing.assert_array_equal(np.flatnonzero(got[39:]) + 39, np.arange(65, 75))
    assert set(got[65:75]) == {1.0}
    mirrored = divergence(200.0 - two_lows(100.0, 99.0), -RISING_STRENGTH)
    np.testing.assert_array_equal(mirrored[39:], -got[39:])


@pytest.mark.parametrize(
    ("close", "oscillator", "changes"),
    [
        (two_lows(100.0, 101.0), RISING_STRENGTH, {}),  # a higher low
        (two_lows(100.0, 100.0), RISING_STRENGTH, {}),  # the same low
        (two_lows(100.0, 99.0), -RISING_STRENGTH, {}),  # the oscillator agrees
        (two_lows(100.0, 99.0), RISING_STRENGTH, {"reach": 19}),  # too far apart
    ],
)
def test_what_is_no_divergence(close: F64, oscillator: F64, changes: dict[str, int]) -> None:
    got = divergence(close, oscillator, **changes)
    assert not got[39:].any()


def test_a_turning_point_is_not_known_before_it_is_confirmed() -> None:
    close = two_lows(100.0, 99.0)
    whole = divergence(close, RISING_STRENGTH)
    for cut in range(58, 76):
        assert divergence(close[:cut], RISING_STRENGTH[:cut]).tobytes() == whole[:cut].tobytes()
    early = np.roll(whole, -5)  # as if the turning point were known on its own bar
    fallen_on = np.concatenate([close[:62], np.linspace(98.5, 90.0, 59)])
    assert divergence(fallen_on, RISING_STRENGTH)[61] != early[61]


@pytest.mark.parametrize("name", ["span", "reach", "hold"])
def test_a_divergence_needs_room(name: str) -> None:
    with pytest.raises(ValueError, match="window must be at least 1, was 0"):
        divergence(two_lows(100.0, 99.0), RISING_STRENGTH, **{name: 0})


# Shape of the returns


def test_equal_returns_have_no_shape() -> None:
    close: F64 = np.geomspace(100.0, 2_000.0, 300)
    matrix = columns(with_prices(random_bars(300, seed=1), close))
    for name in (
        "ret_skew_60",
        "ret_kurtosis_60",
        "ret_autocorr_20",
        "ret_autocorr_60",
        "variance_ratio_5_60",
    ):
        assert np.isnan(matrix[:, NAMES.index(name)]).all(), name
    np.testing.assert_allclose(matrix[60:, NAMES.index("efficiency_60")], 1.0)
    np.testing.assert_allclose(matrix[60:, NAMES.index("up_share_60")], 1.0)


def test_trends_and_turns_show_in_the_variance_ratio_and_the_autocorrelation() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, 0.01, 4_000)
    shapes = {}
    for name, memory in (("trending", 0.5), ("walking", 0.0), ("turning", -0.5)):
        moves = noise.copy()
        for t in range(1, moves.size):
            moves[t] += memory * moves[t - 1]
        matrix = columns(with_prices(random_bars(4_000, seed=1), 100.0 * np.exp(np.cumsum(moves) / 20)))
        shapes[name] = [
            float(np.nanmean(matrix[:, NAMES.index(column)]))
            for column in ("variance_ratio_5_60", "ret_autocorr_60")
        ]
    assert shapes["trending"][0] > 1.6 and shapes["turning"][0] < 0.6
    assert abs(shapes["walking"][0] - 1.0) < 0.1
    assert shapes["trending"][1] > 0.4 and shapes["turning"][1] < -0.4


def test_one_move_among_quiet_bars_is_as_lopsided_as_can_be() -> None:
    close = np.full(200, 100.0)
    close[120:] = 103.0
    matrix = columns(with_prices(random_bars(200, seed=1), close))
    skew = matrix[:, NAMES.index("ret_skew_60")]
    # One of n values differs: the moments give sqrt(n) exactly, whatever the move.
    np.testing.assert_allclose(skew[120:180], np.sqrt(60.0), rtol=1e-6)
    assert np.isnan(skew[:120]).all() and np.isnan(skew[180:]).all()


def test_moments_refuse_windows_that_are_too_short() -> None:
    sums = np.ones(5)
    with pytest.raises(ValueError, match="at least 3, was 2"):
        return_shape.skewness(sums, sums, sums, window=2)
    with pytest.raises(ValueError, match="at least 4, was 3"):
        return_shape.excess_kurtosis(sums, sums, sums, sums, window=3)
    with pytest.raises(ValueError, match="span must be below window, was 60 and 60"):
        return_shape.variance_ratio(sums, sums, sums, window=60, span=60)
