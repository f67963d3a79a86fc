"""Rolling statistics against plain statistics of each window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.kernels.rolling import (
    rolling_highest,
    rolling_lowest,
    rolling_mean,
    rolling_robust_z,
    rolling_std,
    rolling_sum,
)
from traderai.common.arrays import F64

# Few distinct values: ties and windows without any deviation are common in volumes of thin shares.
SERIES = arrays(np.float64, st.integers(0, 60), elements=st.integers(-4, 9).map(float))
# Windows on both sides of a power of two: they are put together from parts of such lengths.
WINDOWS = st.one_of(st.integers(2, 17), st.integers(31, 41))
LONG_SERIES = arrays(np.float64, st.integers(0, 140), elements=st.floats(-1e3, 1e3, allow_subnormal=False))


@settings(max_examples=100, deadline=None)
@given(values=st.one_of(SERIES, LONG_SERIES), window=WINDOWS)
def test_the_robust_score_equals_medians_of_each_window(values: F64, window: int) -> None:
    want = np.full(values.size, np.nan)
    for t in range(window - 1, values.size):
        part = values[t - window + 1 : t + 1]
        deviation = 1.4826 * np.median(np.abs(part - np.median(part)))
        if deviation > 0:
            want[t] = (values[t] - np.median(part)) / deviation
    np.testing.assert_allclose(rolling_robust_z(values, window=window), want, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(values=st.one_of(SERIES, LONG_SERIES), window=WINDOWS)
def test_sum_mean_deviation_and_extremes_equal_those_of_each_window(values: F64, window: int) -> None:
    got = np.array(
        [
            of(values, window=window)
            for of in (rolling_sum, rolling_mean, rolling_std, rolling_highest, rolling_lowest)
        ]
    )
    assert np.isnan(got[:, : window - 1]).all()
    for t in range(window - 1, values.size):
        part = values[t - window + 1 : t + 1]
        want = [part.sum(), part.mean(), part.std(ddof=1), part.max(), part.min()]
        np.testing.assert_allclose(got[:, t], want, rtol=1e-9, atol=1e-11)


def test_a_window_that_touches_a_missing_value_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, 4.0, 6.0])
    np.testing.assert_array_equal(rolling_mean(values, window=2), [np.nan, np.nan, np.nan, 3.5, 5.0])
    with pytest.raises(ValueError, match="values must not hold a NaN"):
        rolling_robust_z(values, window=2)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 999), window=WINDOWS, gaps=st.sets(st.integers(0, 139), max_size=4))
def test_a_missing_value_spoils_the_windows_that_touch_it_and_no_other(
    seed: int, window: int, gaps: set[int]
) -> None:
    values = np.random.default_rng(seed).normal(5.0, 1.0, 140)
    values[list(gaps)] = np.nan
    touched = [np.isnan(values[max(t - window + 1, 0) : t + 1]).any() or t < window - 1 for t in range(140)]
    for of in (rolling_sum, rolling_mean, rolling_std):
        np.testing.assert_array_equal(np.isnan(of(values, window=window)), touched)


@pytest.mark.parametrize("window", [5, 20, 32, 33, 120])
def test_an_outlier_leaves_nothing_behind(window: int) -> None:
    values = np.random.default_rng(3).normal(0.0, 1e-4, 2_000)
    values[::400] = 1e9
    for of, plain in ((rolling_sum, np.sum), (rolling_std, lambda part: np.std(part, ddof=1))):
        got = of(values, window=window)
        for t in range(window - 1, values.size):
            part = values[t - window + 1 : t + 1]
            if np.abs(part).max() < 1.0:
                np.testing.assert_allclose(got[t], plain(part), rtol=1e-10, atol=1e-16)


def test_the_outlier_would_be_seen_in_a_plain_running_sum() -> None:
    values = np.full(100, 1e-4)
    values[50] = 1e9
    running = np.cumsum(values)
    assert abs(running[90] - running[80] - 1e-3) > 1e-8
    np.testing.assert_allclose(rolling_sum(values, window=10)[90], 1e-3, rtol=1e-12)


@pytest.mark.parametrize("window", [3, 20, 33, 250])
@pytest.mark.parametrize("price", [0.1, 250.37, 1e-5 / 3])
def test_equal_values_have_exactly_no_deviation(window: int, price: float) -> None:
    assert not rolling_std(np.full(600, price), window=window)[window - 1 :].any()


@pytest.mark.parametrize("window", [5, 32, 60, 250])
def test_windows_have_the_same_bits_on_their_own(window: int) -> None:
    values = np.random.default_rng(4).lognormal(3.0, 2.0, 400)
    for of in (rolling_sum, rolling_mean, rolling_std):
        whole = of(values, window=window)
        for t in (window - 1, 277, 300, 399):
            assert of(values[t - window + 1 : t + 1], window=window)[-1] == whole[t]


@pytest.mark.parametrize("window", [7, 60, 250])
def test_the_end_of_the_series_changes_no_earlier_bit(window: int) -> None:
    values = np.random.default_rng(5).lognormal(3.0, 2.0, 700)
    for of in (rolling_sum, rolling_std, rolling_highest, rolling_lowest, rolling_robust_z):
        whole = of(values, window=window)
        for cut in (1, window - 1, window, window + 1, 2 * window + 3, 699):
            noise = np.concatenate([values[:cut], np.full(700 - cut, 1e12)])
            assert of(values[:cut], window=window).tobytes() == whole[:cut].tobytes()
            assert of(noise, window=window)[:cut].tobytes() == whole[:cut].tobytes()


def test_windows_that_are_too_short_are_refused() -> None:
    values = np.ones(5)
    with pytest.raises(ValueError, match="window must be at least 1, was 0"):
        rolling_sum(values, window=0)
    for of in (rolling_std, rolling_robust_z, rolling_highest, rolling_lowest):
        with pytest.raises(ValueError, match="window must be at least 2, was 1"):
            of(values, window=1)


def test_no_input_is_changed() -> None:
    values = np.random.default_rng(6).normal(size=200)
    before = values.copy()
    for of in (rolling_sum, rolling_mean, rolling_std, rolling_highest, rolling_lowest, rolling_robust_z):
        of(values, window=40)
        of(values, window=4)
    np.testing.assert_array_equal(values, before)
