from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from modeling.kernels import calibration

seeds = st.integers(0, 10**6)


def test_probabilities_equal_scipy_and_never_overflow():
    logits = np.array([-1000.0, -3.0, 0.0, 3.0, 1000.0])
    np.testing.assert_allclose(calibration.sigmoid(logits), scipy.special.expit(logits), atol=1e-15)
    rows = np.array([[1000.0, 0.0, -1000.0], [0.1, 0.2, 0.3]])
    np.testing.assert_allclose(calibration.softmax(rows), scipy.special.softmax(rows, axis=1), atol=1e-15)


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(1, 400))
def test_the_isotonic_map_never_falls_and_keeps_the_mean(seed, n):
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(0, 0.1, n), 2)
    y = (rng.random(n) < 0.4 + x).astype(np.float64)
    mapping = calibration.fit_isotonic(x, y)
    assert np.all(np.diff(mapping.knots) > 0)
    assert np.all(np.diff(mapping.values) >= 0)
    assert min(mapping.values) >= 0
    assert max(mapping.values) <= 1
    assert len(mapping.knots) <= 50
    mapped = np.interp(np.linspace(-1, 1, 101), mapping.knots, mapping.values)
    assert np.all(np.diff(mapped) >= 0)


def test_the_isotonic_map_is_near_scikit_learns_on_a_plain_relation():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, 20_000)
    y = (rng.random(x.size) < np.clip(0.4 + x, 0, 1)).astype(np.float64)
    mapping = calibration.fit_isotonic(x, y)
    ours = np.interp(np.linspace(-0.15, 0.15, 50), mapping.knots, mapping.values)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(np.linspace(-0.15, 0.15, 50))
    assert np.max(np.abs(ours - theirs)) < 0.05


def test_a_falling_relation_becomes_one_flat_pool():
    x = np.linspace(-1, 1, 400)
    mapping = calibration.fit_isotonic(x, (x < 0).astype(np.float64))
    assert mapping.values == (pytest.approx(0.5),)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: calibration.fit_isotonic(np.array([np.nan]), np.ones(1)), "missing"),
        (lambda: calibration.fit_isotonic(np.zeros(0), np.zeros(0)), "no row"),
        (lambda: calibration.fit_isotonic(np.zeros(1), np.array([np.nan])), "y finite"),
        (lambda: calibration.fit_isotonic(np.zeros(1), np.zeros(2)), "shapes do not match"),
    ],
)
def test_wrong_rows_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
