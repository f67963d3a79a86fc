"""Rolling statistics against plain statistics of each window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.kernels.rolling import rolling_mean, rolling_robust_z, rolling_std
from traderai.common.arrays import F64

# Few distinct values: ties and windows without any deviation are common in volumes of thin shares.
SERIES = arrays(np.float64, st.integers(0, 60), elements=st.integers(-4, 9).map(float))


@settings(max_examples=100, deadline=None)
@given(values=SERIES, window=st.integers(2, 17))
def test_the_robust_score_equals_medians_of_each_window(values: F64, window: int) -> None:
    want = np.full(values.size, np.nan)
    for t in range(window - 1, values.size):
        part = values[t - window + 1 : t + 1]
        deviation = 1.4826 * np.median(np.abs(part - np.median(part)))
        if deviation > 0:
            want[t] = (values[t] - np.median(part)) / deviation
    np.testing.assert_allclose(rolling_robust_z(values, window=window), want, rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(values=SERIES, window=st.integers(2, 17))
def test_mean_and_deviation_equal_those_of_each_window(values: F64, window: int) -> None:
    mean, std = rolling_mean(values, window=window), rolling_std(values, window=window)
    assert np.isnan(mean[: window - 1]).all()
    for t in range(window - 1, values.size):
        part = values[t - window + 1 : t + 1]
        np.testing.assert_allclose([mean[t], std[t]], [part.mean(), part.std(ddof=1)], rtol=1e-12, atol=1e-12)


def test_a_window_that_touches_a_missing_value_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, 4.0, 6.0])
    np.testing.assert_array_equal(rolling_mean(values, window=2), [np.nan, np.nan, np.nan, 3.5, 5.0])
    with pytest.raises(ValueError, match="values must not hold a NaN"):
        rolling_robust_z(values, window=2)
