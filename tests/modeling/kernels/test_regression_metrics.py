from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from modeling.kernels.metrics import quantile_coverage
from modeling.kernels.regression_metrics import coverage_by_group, forecast_errors


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 80))
def test_errors_equal_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    y, predicted, naive = 100.0 + rng.normal(size=(3, n))
    got = forecast_errors(y, predicted, naive=naive)
    assert got.rows == n
    assert got.mse == pytest.approx(reference.mean_squared_error(y, predicted))
    assert got.rmse == pytest.approx(reference.root_mean_squared_error(y, predicted))
    assert got.mae == pytest.approx(reference.mean_absolute_error(y, predicted))
    assert got.naive_mse == pytest.approx(reference.mean_squared_error(y, naive))
    assert got.naive_rmse == pytest.approx(reference.root_mean_squared_error(y, naive))
    assert got.naive_mae == pytest.approx(reference.mean_absolute_error(y, naive))
    assert got.mae_skill == pytest.approx(1 - got.mae / got.naive_mae)
    # Against the mean of the rows themselves skill is the coefficient of determination.
    mean = np.full(n, y.mean())
    assert forecast_errors(y, predicted, naive=mean).skill == pytest.approx(
        reference.r2_score(y, predicted), rel=1e-9
    )


def test_skill_is_1_for_the_truth_0_for_the_naive_and_unknown_against_a_perfect_naive():
    y, naive = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0])
    assert forecast_errors(y, y, naive=naive).skill == 1.0
    same = forecast_errors(y, naive, naive=naive)
    assert (same.skill, same.mae_skill) == (0.0, 0.0)
    assert forecast_errors(y, y + 3 * (naive - y), naive=naive).skill == pytest.approx(1 - 9)
    perfect = forecast_errors(y, naive, naive=y)
    assert np.isnan([perfect.skill, perfect.mae_skill]).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_coverage_by_group_equals_the_coverage_of_each_part(seed):
    rng = np.random.default_rng(seed)
    y, levels = rng.normal(size=90), np.array([0.1, 0.5, 0.9])
    quantiles = np.sort(rng.normal(size=(90, 3)), axis=1)
    group = rng.choice([-1, 0, 7], 90)
    got = coverage_by_group(y, quantiles, levels=levels, group=group)
    np.testing.assert_array_equal(got.whole, quantile_coverage(y, quantiles, levels=levels))
    assert list(got.group) == sorted(set(group))
    for name, rows, coverage in zip(got.group, got.rows, got.coverage, strict=True):
        kept = [row for row in range(90) if group[row] == name]
        assert rows == len(kept)
        wanted = [sum(y[row] <= quantiles[row, q] for row in kept) / len(kept) for q in range(3)]
        np.testing.assert_allclose(coverage, wanted)
    np.testing.assert_allclose(got.rows @ got.coverage / 90, got.whole)


def test_right_on_the_whole_may_be_wrong_in_every_tercile():
    y = np.array([-1.0, -1.0, 1.0, 1.0])
    got = coverage_by_group(y, np.zeros((4, 1)), levels=np.array([0.5]), group=np.array([0, 0, 2, 2]))
    assert got.whole == [0.5]
    np.testing.assert_array_equal(got.coverage, [[1.0], [0.0]])


Y, Q, LEVELS, GROUP = np.zeros(3), np.zeros((3, 1)), np.array([0.5]), np.array([0, 1, 1])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: forecast_errors(Y, Y, naive=Y[:2]), "one shape"),
        (lambda: forecast_errors(Y, Y[:2], naive=Y), "one shape"),
        (lambda: forecast_errors(Y[:0], Y[:0], naive=Y[:0]), "a row at least"),
        (lambda: forecast_errors(Y, Y * np.nan, naive=Y), "drop null rows"),
        (lambda: forecast_errors(Y * np.nan, Y, naive=Y), "drop null rows"),
        (lambda: forecast_errors(Y, Y, naive=Y + np.inf), "drop null rows"),
        (lambda: coverage_by_group(Y, Q, levels=LEVELS, group=GROUP[:2]), "whole numbers"),
        (lambda: coverage_by_group(Y, Q, levels=LEVELS, group=GROUP * 0.5), "whole numbers"),
        (lambda: coverage_by_group(Y, Q, levels=LEVELS * 2, group=GROUP), "levels must lie"),
        (lambda: coverage_by_group(Y[:0], Q[:0], levels=LEVELS, group=GROUP[:0]), "a row at least"),
    ],
)
def test_wrong_rows_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
