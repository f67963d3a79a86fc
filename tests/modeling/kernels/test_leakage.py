from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from modeling.kernels.leakage import chance_auc, column_aucs, which_apart, windows_apart

seeds = st.integers(0, 10**6)


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_aucs_equal_scikit_learn_on_the_rows_that_are_there(seed):
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(80, 3)), 1).astype(np.float32)  # with many ties
    values[rng.random(values.shape) < 0.2] = np.nan
    labels = rng.integers(-1, 2, (80, 2)).astype(np.int8)
    found = column_aucs(values, labels)
    for column in range(3):
        for label in range(2):
            own = (labels[:, label] >= 0) & np.isfinite(values[:, column])
            wanted = roc_auc_score(labels[own, label], values[own, column])
            assert found[column, label] == pytest.approx(wanted, abs=1e-12)


def test_a_single_class_and_an_empty_column_have_no_auc():
    values = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]], dtype=np.float32)
    one_class = np.array([[1], [1], [-1]], dtype=np.int8)
    assert np.isnan(column_aucs(values, one_class)).all()
    both = np.array([[0], [1], [1]], dtype=np.int8)
    np.testing.assert_array_equal(column_aucs(values, both), [[1.0], [np.nan]])


def test_wrong_input_is_refused():
    values = np.zeros((3, 1), dtype=np.float32)
    with pytest.raises(ValueError, match=r"labels \(n, t\)"):
        column_aucs(values, np.zeros((2, 1), dtype=np.int8))
    with pytest.raises(ValueError, match="must be 0, 1 or -1"):
        column_aucs(values, np.full((3, 1), 2, dtype=np.int8))
    with pytest.raises(ValueError, match="no end before its start"):
        windows_apart(np.array([5]), np.array([4]))


def test_chance_stays_below_its_limit_as_often_as_promised():
    rng = np.random.default_rng(0)
    labels = (np.arange(60) < 20).astype(np.int8)[:, None]
    drawn = column_aucs(rng.normal(size=(60, 4000)).astype(np.float32), labels)[:, 0]
    beyond = float((drawn > chance_auc(20, 40, sigmas=2.0)).mean())
    assert 0.015 < beyond < 0.03  # 0.023 of a normal distribution
    assert drawn.max() < chance_auc(20, 40, sigmas=4.0)
    assert chance_auc(0, 40, sigmas=2.0) == 1.0
    assert chance_auc(1e9, 1e9, sigmas=4.0) == pytest.approx(0.5, abs=1e-4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=30))
def test_windows_apart_equal_a_slow_walk(drawn):
    start, end = (np.array([s for s, _ in drawn], np.int64), np.array([s + n for s, n in drawn], np.int64))
    taken, free = 0, -1
    for s, e in sorted(zip(start.tolist(), end.tolist(), strict=True)):
        if s >= free:
            taken, free = taken + 1, e
    assert windows_apart(start, end) == taken
    mask = which_apart(start, end)
    order = np.lexsort((end[mask], start[mask]))
    assert np.all(start[mask][order][1:] >= end[mask][order][:-1])
    assert mask.sum() == taken
