"""Ranks of features within a date: pandas as the oracle, other dates change nothing, what is missing is the centre."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.ranked_features import ranks_within_dates

CELL = st.one_of(st.integers(-3, 3).map(float), st.just(float("nan")))


def slow(date: np.ndarray, values: np.ndarray) -> np.ndarray:
    groups = pd.DataFrame(values).groupby(date)
    ranks, known = groups.rank(), groups.transform("count")
    return ((2.0 * (ranks - 1.0) / (known - 1.0) - 1.0).where(known > 1)).fillna(0.0).to_numpy()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), CELL, CELL), min_size=1, max_size=30))
def test_ranks_equal_those_of_pandas(rows: list[tuple[int, float, float]]):
    date = np.array([row[0] for row in rows])
    values = np.array([row[1:] for row in rows], dtype=np.float32)
    np.testing.assert_allclose(ranks_within_dates(date, values), slow(date, values), atol=1e-6)


def test_a_date_does_not_know_another_one():
    rng = np.random.default_rng(1)
    date = np.repeat(np.arange(6), 20)
    values = rng.standard_normal((120, 3)).astype(np.float32)
    whole = ranks_within_dates(date, values)
    later = values.copy()
    later[60:] *= -7.0
    assert np.array_equal(ranks_within_dates(date[:60], values[:60]), whole[:60])
    assert np.array_equal(ranks_within_dates(date, later)[:60], whole[:60])
    assert not np.array_equal(ranks_within_dates(np.zeros(120, dtype=np.int64), values), whole)


def test_what_all_shares_have_alike_and_what_is_missing_stand_at_the_centre():
    values = np.array([[5.0, 1.0], [5.0, np.nan], [5.0, 9.0], [2.0, 3.0]], dtype=np.float32)
    found = ranks_within_dates(np.array([1, 1, 1, 2]), values)
    assert found.tolist() == [[0.0, -1.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


def test_other_shapes_and_infinite_values_are_refused():
    with pytest.raises(ValueError, match=r"date must be \(n,\)"):
        ranks_within_dates(np.zeros(3, dtype=np.int64), np.zeros((2, 1), dtype=np.float32))
    with pytest.raises(ValueError, match="infinite"):
        ranks_within_dates(np.zeros(1, dtype=np.int64), np.array([[np.inf]], dtype=np.float32))
