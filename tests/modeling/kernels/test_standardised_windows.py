from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.sparse import standardise
from modeling.kernels.standardised_windows import gather_standardised
from modeling.kernels.windows import eligible_rows
from tests.modeling.window_maker import plain_windows, stacked


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_standardised_windows_have_the_bits_of_the_standardised_matrix(seed, lookback):
    values, instrument = stacked(seed)
    rng = np.random.default_rng(seed)
    values[rng.random(values.shape) < 0.05] *= 1e4  # beyond the clip
    sparse = np.array([True, False, rng.random() < 0.5])
    may_miss = np.ones(3, dtype=np.bool_)
    rows = np.flatnonzero(eligible_rows(values, instrument, lookback=lookback, may_miss=may_miss))
    scale = {"mean": rng.normal(size=3), "std": rng.random(3) + 0.1, "sparse": sparse}
    found = gather_standardised(values, rows, lookback=lookback, **scale)
    assert found.shape == (rows.size, lookback, 3) and found.dtype == np.float32
    if rows.size:
        np.testing.assert_array_equal(found, plain_windows(standardise(values, **scale), rows, lookback))


def test_memory_grows_with_the_batch_not_with_the_rows():
    values, scale = np.zeros((200_000, 4), dtype=np.float32), {"mean": np.zeros(4), "std": np.ones(4)}
    tracemalloc.start()
    try:
        gather_standardised(values, np.arange(63, 95), lookback=64, **scale, sparse=np.zeros(4, np.bool_))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * 32 * 64 * 4 * 4


def test_wrong_scales_and_rows_are_refused():
    values, ones = np.zeros((5, 2), dtype=np.float32), np.ones(2)
    scale = {"mean": ones, "std": ones, "sparse": np.zeros(2, dtype=np.bool_)}
    with pytest.raises(ValueError, match="rows must lie from 2 to 4"):
        gather_standardised(values, np.array([1]), lookback=3, **scale)
    with pytest.raises(ValueError, match=r"must be \(2,\), were \(3,\)"):
        gather_standardised(values, np.array([3]), lookback=3, **{**scale, "mean": np.ones(3)})
