from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from modeling.kernels import calibration, metrics

seeds = st.integers(0, 10**6)


@settings(deadline=None, max_examples=20)
@given(seeds, st.floats(0.3, 5.0))
def test_the_fitted_temperature_is_where_scipy_finds_it(seed, sharpness):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.0, 500)
    y = (rng.random(500) < scipy.special.expit(logits)).astype(np.float64)

    def loss(log_temperature):
        p = scipy.special.expit(sharpness * logits / np.exp(log_temperature))
        return metrics.log_loss(y, np.clip(p, 1e-12, 1 - 1e-12))

    wanted = scipy.optimize.minimize_scalar(loss, bounds=np.log([0.05, 20.0]), method="bounded")
    fitted = calibration.fit_temperature_sigmoid(sharpness * logits, y)
    assert loss(np.log(fitted)) <= wanted.fun + 1e-7


@settings(deadline=None, max_examples=15)
@given(seeds)
def test_the_temperature_of_classes_is_the_least_of_a_fine_grid(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.0, (400, 5))
    y = np.array([rng.choice(5, p=row) for row in scipy.special.softmax(logits, axis=1)], dtype=float)
    fitted = calibration.fit_temperature_softmax(3.0 * logits, y)

    def loss(temperature):
        return metrics.log_loss_classes(y, calibration.softmax(3.0 * logits, temperature=temperature))

    assert loss(fitted) <= min(loss(temperature) for temperature in np.geomspace(0.5, 20.0, 200)) + 1e-9


def test_overconfident_logits_are_recovered():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 50_000)
    y = (rng.random(logits.size) < scipy.special.expit(logits)).astype(np.float64)
    assert calibration.fit_temperature_sigmoid(2.5 * logits, y) == pytest.approx(2.5, rel=0.05)


def test_probabilities_equal_scipy_and_never_overflow():
    logits = np.array([-1000.0, -3.0, 0.0, 3.0, 1000.0])
    np.testing.assert_allclose(
        calibration.sigmoid(logits, temperature=2.0), scipy.special.expit(logits / 2.0), atol=1e-15
    )
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
    mapped = calibration.apply_isotonic(np.linspace(-1, 1, 101), mapping)
    assert np.all(np.diff(mapped) >= 0)


def test_the_isotonic_map_is_near_scikit_learns_on_a_plain_relation():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, 20_000)
    y = (rng.random(x.size) < np.clip(0.4 + x, 0, 1)).astype(np.float64)
    ours = calibration.apply_isotonic(np.linspace(-0.15, 0.15, 50), calibration.fit_isotonic(x, y))
    theirs = IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(np.linspace(-0.15, 0.15, 50))
    assert np.max(np.abs(ours - theirs)) < 0.05


def test_a_falling_relation_becomes_one_flat_pool():
    x = np.linspace(-1, 1, 400)
    mapping = calibration.fit_isotonic(x, (x < 0).astype(np.float64))
    assert mapping.values == (pytest.approx(0.5),)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: calibration.sigmoid(np.zeros(1), temperature=0.0), "temperature must be above 0"),
        (lambda: calibration.fit_temperature_sigmoid(np.zeros(2), np.array([0.0, -1.0])), "drop null rows"),
        (lambda: calibration.fit_temperature_sigmoid(np.array([np.nan]), np.ones(1)), "missing"),
        (lambda: calibration.fit_temperature_sigmoid(np.zeros(0), np.zeros(0)), "no row"),
        (lambda: calibration.fit_temperature_softmax(np.zeros((1, 2)), np.array([2.0])), "whole numbers"),
        (lambda: calibration.fit_isotonic(np.zeros(1), np.array([np.nan])), "y finite"),
        (lambda: calibration.fit_isotonic(np.zeros(1), np.zeros(2)), "shapes do not match"),
    ],
)
def test_wrong_rows_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
