"""Sparse features: a missing value is 0 after scaling beside its flag; a dense one stays missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.sparse import flag_names, sparse_columns, standardise, with_flags

BLOCKS = ("", "news", "flow", "news", "")


def drawn(seed: int, n: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(BLOCKS))).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[rng.random(values.shape) < 0.05] = np.inf
    return values


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_inputs_equal_a_slow_walk(seed):
    values = drawn(seed)
    mean, std = np.arange(7) / 10.0, np.array([2.0, 3.0, 0.001, 1.0, 1.0, 1.0, 1.0])
    mean[5:] = 0.0
    found = standardise(with_flags(values, BLOCKS), mean=mean, std=std, sparse=sparse_columns(BLOCKS))
    for row, got in zip(values, found, strict=True):
        for column, block in enumerate(BLOCKS):
            if np.isfinite(row[column]):
                scaled = (row[column] - np.float32(mean[column])) / np.float32(std[column])
                assert got[column] == np.clip(scaled, -10, 10)
            elif block:
                assert got[column] == 0.0
            else:
                assert np.isnan(got[column])
        assert got[5] == np.mean([not np.isfinite(row[1]), not np.isfinite(row[3])])
        assert got[6] == (not np.isfinite(row[2]))


def test_a_row_has_the_same_bits_alone_and_in_any_window():
    values = drawn(0, 64)
    whole = with_flags(values, BLOCKS)
    for row in range(64):
        np.testing.assert_array_equal(with_flags(values[row], BLOCKS), whole[row])
    np.testing.assert_array_equal(with_flags(values.reshape(8, 8, 5), BLOCKS), whole.reshape(8, 8, 7))


def test_flags_stand_behind_the_features_one_for_each_sparse_block():
    assert flag_names(BLOCKS) == ("missing_news", "missing_flow")
    assert sparse_columns(BLOCKS).tolist() == [False, True, True, True, False, False, False]
    assert flag_names(("", "")) == ()
    values = np.array([[1.0, np.inf]], dtype=np.float32)
    np.testing.assert_array_equal(with_flags(values, ("", "")), [[1.0, np.nan]])
    assert np.isinf(values[0, 1])  # what was given is not changed
    with pytest.raises(ValueError, match="one column for each block"):
        with_flags(values, ("",))
