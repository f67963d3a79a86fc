from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from modeling.kernels.calibration import sigmoid
from modeling.kernels.offset_logistic import offset_logistic


def drawn(seed, n=60, d=3):
    rng = np.random.default_rng(seed)
    x, offset = rng.normal(size=(n, d)) * rng.uniform(0.1, 3.0, d), rng.normal(size=n)
    y = (rng.random(n) < sigmoid(offset + x @ rng.normal(size=d))).astype(np.float64)
    return x, y, offset, rng.uniform(0.1, 2.0, n)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.1, 100.0))
def test_coefficients_are_where_another_method_finds_the_least_loss(seed, penalty):
    x, y, offset, weight = drawn(seed)

    def loss(b):
        logits = offset + x @ b
        p = sigmoid(logits)
        value = weight @ (np.logaddexp(0.0, logits) - y * logits) + 0.5 * penalty * b @ b
        return value, x.T @ (weight * (p - y)) + penalty * b

    wanted = minimize(loss, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    np.testing.assert_allclose(offset_logistic(x, y, offset, weight, penalty=penalty), wanted, atol=1e-5)


def test_nothing_known_before_is_what_scikit_learn_fits():
    x, y, _, weight = drawn(1, n=300)
    wanted = LogisticRegression(C=0.25, fit_intercept=False, tol=1e-10).fit(x, y, weight).coef_[0]
    np.testing.assert_allclose(offset_logistic(x, y, np.zeros(300), weight, penalty=4.0), wanted, atol=1e-6)


def test_what_the_offset_knows_is_not_learned_again():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20_000, 2))
    truth = 1.5 * x[:, 0]
    y = (rng.random(20_000) < sigmoid(truth)).astype(np.float64)
    np.testing.assert_allclose(offset_logistic(x, y, truth, np.ones(20_000), penalty=1.0), 0.0, atol=0.06)
    assert offset_logistic(x, y, np.zeros(20_000), np.ones(20_000), penalty=1.0)[0] > 1.3


def test_separated_rows_and_far_offsets_end_somewhere():
    x, offset = np.linspace(-1, 1, 20)[:, None], np.full(20, 40.0)
    y = (x[:, 0] > 0).astype(np.float64)
    found = offset_logistic(x, y, offset, np.ones(20), penalty=1e-3)
    assert np.isfinite(found).all() and found[0] > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": np.full(60, 0.5)}, "y 0 or 1"),
        ({"offset": np.full(60, np.nan)}, "must be finite"),
        ({"offset": np.zeros(59)}, "x must be"),
        ({"penalty": 0.0}, "penalty and weights must be above 0"),
        ({"weight": np.zeros(60)}, "penalty and weights must be above 0"),
    ],
)
def test_what_cannot_teach_is_refused(change, said):
    arrays = dict(zip(("x", "y", "offset", "weight"), drawn(2), strict=True))
    with pytest.raises(ValueError, match=said):
        offset_logistic(**{**arrays, "penalty": 1.0, **change})
