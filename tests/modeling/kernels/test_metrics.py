from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from modeling.kernels import metrics

seeds = st.integers(0, 10**6)


def drawn(seed, n=200):
    """Return labels of both classes and probabilities with many ties."""
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(n), 2)
    y = (rng.random(n) < p).astype(np.float64)
    y[:2] = (0.0, 1.0)
    return y, p


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_binary_metrics_equal_scikit_learn(seed):
    y, p = drawn(seed)
    assert metrics.roc_auc(y, p) == pytest.approx(reference.roc_auc_score(y, p), abs=1e-12)
    assert metrics.pr_auc(y, p) == pytest.approx(reference.average_precision_score(y, p), abs=1e-12)
    assert metrics.pr_auc_lift(y, p) == pytest.approx(reference.average_precision_score(y, p) / y.mean())
    assert metrics.brier(y, p) == pytest.approx(reference.brier_score_loss(y, p), abs=1e-12)
    inside = np.clip(p, 0.01, 0.99)
    assert metrics.log_loss(y, inside) == pytest.approx(reference.log_loss(y, inside), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_class_log_loss_pinball_and_rank_correlation_equal_the_libraries(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(5), 100)
    classes = rng.integers(0, 5, 100).astype(np.float64)
    wanted = reference.log_loss(classes, p, labels=range(5))
    assert metrics.log_loss_classes(classes, p) == pytest.approx(wanted, abs=1e-9)
    y, quantiles = rng.normal(size=100), np.sort(rng.normal(size=(100, 3)), axis=1)
    levels = np.array([0.1, 0.5, 0.9])
    loss = metrics.pinball_loss(y, quantiles, levels=levels)
    for column, level in enumerate(levels):
        assert loss[column] == pytest.approx(
            reference.mean_pinball_loss(y, quantiles[:, column], alpha=level), abs=1e-12
        )
    x, z = rng.integers(0, 10, 60).astype(float), rng.integers(0, 10, 60).astype(float)
    assert metrics.rank_correlation(x, z) == pytest.approx(scipy.stats.spearmanr(x, z).statistic, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(1, 120))
def test_precision_at_the_top_equals_a_walk_down_the_sorted_rows(seed, n):
    y, p = (values[:n] for values in drawn(seed))
    ranked = sorted(p, reverse=True)
    for top in metrics.precision_at_top(y, p, shares=(0.002, 0.01, 0.05, 0.3, 1.0)):
        wanted = next(count for count in range(1, n + 1) if count >= top.share * n - 1e-9)
        taken = [row for row in range(n) if p[row] >= ranked[wanted - 1]]
        hits = sum(y[row] for row in taken)
        assert (top.rows, top.score_min) == (len(taken), ranked[wanted - 1])
        assert (top.precision, top.base_rate) == (pytest.approx(hits / len(taken)), pytest.approx(y.mean()))
        interval = scipy.stats.binomtest(int(hits), len(taken)).proportion_ci(method="wilson")
        assert (top.low, top.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_constant_scores_take_every_row_and_give_the_base_rate():
    y = np.array([1.0, 1.0, 1.0, 0.0])
    (top,) = metrics.precision_at_top(y, np.zeros(4), shares=(0.01,))
    assert (top.rows, top.precision) == (4, 0.75)
    assert [top.share for top in metrics.precision_at_top(y, y)] == [0.002, 0.005, 0.01, 0.05]
    (top,) = metrics.precision_at_top(np.ones(100), np.arange(100.0), shares=(0.07,))
    assert top.rows == 7  # though 0.07 * 100 is above 7
    curve = metrics.precision_recall_curve(y, np.zeros(4))
    assert (list(curve.precision), list(curve.recall), list(curve.rows)) == ([0.75], [1.0], [4])


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(2, 150))
def test_the_precision_recall_curve_equals_scikit_learn(seed, points):
    y, p = drawn(seed)
    precision, recall, thresholds = reference.precision_recall_curve(y, p)
    full = metrics.precision_recall_curve(y, p, points=y.size)
    np.testing.assert_allclose(full.precision[::-1], precision[:-1])
    np.testing.assert_allclose(full.recall[::-1], recall[:-1])
    np.testing.assert_array_equal(full.score_min[::-1], thresholds)
    np.testing.assert_array_equal(full.rows, [(p >= threshold).sum() for threshold in full.score_min])
    few = metrics.precision_recall_curve(y, p, points=points)
    assert few.rows.size <= points
    assert (few.rows[0], few.rows[-1]) == (full.rows[0], full.rows[-1])
    places = np.searchsorted(full.rows, few.rows)
    np.testing.assert_array_equal(few.precision, full.precision[places])
    np.testing.assert_array_equal(few.recall, full.recall[places])
    assert few.base_rate == y.mean()


@settings(deadline=None, max_examples=40)
@given(seeds, st.floats(0.05, 1.0))
def test_the_cut_at_a_precision_is_the_lowest_of_all_that_reach_it(seed, precision):
    y, p = drawn(seed)
    reached = [least for least in np.unique(p) if y[p >= least].mean() >= precision - 1e-12]
    assert metrics.cut_at_precision(y, p, precision=precision) == (min(reached) if reached else None)


def test_the_cut_at_a_precision_takes_ties_together_and_rounds_nothing_away():
    y, p = np.zeros(100), np.linspace(0.0, 1.0, 100)
    y[[0, 50, 51, 52, 90, 91, 99]] = 1.0
    assert metrics.cut_at_precision(y, p, precision=0.07) == 0.0  # though 0.07 * 100 is above 7
    assert metrics.cut_at_precision(y, p, precision=1.0) == 1.0
    assert metrics.cut_at_precision(y, np.zeros(100), precision=0.08) is None


def test_quantile_coverage_counts_what_lies_below():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    quantiles = np.tile([1.5, 3.0], (4, 1))
    got = metrics.quantile_coverage(y, quantiles, levels=np.array([0.25, 0.75]))
    np.testing.assert_array_equal(got, [0.25, 0.75])


def test_reliability_of_known_bins():
    p = np.repeat([0.2, 0.8], 50)
    y = np.concatenate((np.repeat([1.0, 0.0], [10, 40]), np.repeat([1.0, 0.0], [30, 20])))
    table = metrics.reliability(y, p, bins=2)
    np.testing.assert_allclose(table.p_mean, [0.2, 0.8])
    np.testing.assert_allclose(table.happened, [0.2, 0.6])
    assert table.ece == pytest.approx(0.1)  # half the rows are 0.2 too sure


def test_calibrated_predictions_have_a_small_ece_and_distorted_ones_a_large_one():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(p.size) < p).astype(np.float64)
    assert metrics.reliability(y, p).ece < 0.02
    assert metrics.reliability(y, p**3).ece > 0.1


def test_rows_of_one_probability_are_not_parted():
    rng = np.random.default_rng(5)
    y = np.repeat([0.0, 1.0], [70, 30])  # in the order of a dataset: one share after another
    table = metrics.reliability(y, np.full(100, 0.2))
    assert table.rows.tolist() == [100.0]
    assert table.ece == pytest.approx(0.1)
    p = rng.integers(0, 15, 400) / 20
    hits = (rng.random(400) < p).astype(np.float64)
    order = rng.permutation(400)
    bins = metrics.equal_mass_bins(p, bins=10)
    assert metrics.reliability(hits[order], p[order]).ece == pytest.approx(
        metrics.reliability(hits, p).ece, abs=1e-12
    )
    assert metrics.equal_mass_bins(p[order], bins=10).tolist() == bins[order].tolist()
    assert bins.max() == np.unique(bins).size - 1
    assert np.all(np.diff(bins[np.argsort(p)]) >= 0)


def test_a_single_class_has_no_ranking():
    zeros, p = np.zeros(5), np.linspace(0, 1, 5)
    assert np.isnan(metrics.roc_auc(zeros, p))
    assert np.isnan(metrics.roc_auc(zeros + 1, p))
    assert np.isnan(metrics.pr_auc(zeros, p))
    assert np.isnan(metrics.pr_auc_lift(zeros, p))
    assert np.isnan(metrics.precision_recall_curve(zeros, p).recall).all()
    assert metrics.precision_at_top(zeros, p)[0].precision == 0.0
    assert np.isnan(metrics.roc_auc(zeros[:0], p[:0]))
    assert np.isnan(metrics.rank_correlation(zeros, p))
    assert np.isnan(metrics.rank_correlation(p[:1], p[:1]))


def test_certain_and_wrong_is_expensive_but_finite():
    assert 20 < metrics.log_loss(np.array([1.0]), np.array([0.0])) < 30


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: metrics.roc_auc(np.array([0.0, -1.0]), np.array([0.1, 0.2])), "drop null rows"),
        (lambda: metrics.roc_auc(np.array([0.0, 1.0]), np.array([0.1, np.nan])), "a score is missing"),
        (lambda: metrics.roc_auc(np.array([0.0, 1.0]), np.array([0.1])), "one shape"),
        (lambda: metrics.log_loss(np.array([0.0]), np.array([1.2])), r"must be in \[0, 1\]"),
        (lambda: metrics.brier(np.zeros(0), np.zeros(0)), "no row"),
        (lambda: metrics.reliability(np.zeros(1), np.zeros(1), bins=0), "bins must be"),
        (lambda: metrics.precision_at_top(np.zeros(0), np.zeros(0)), "no row"),
        (lambda: metrics.precision_at_top(np.zeros(1), np.zeros(1), shares=(0.0,)), "shares must lie"),
        (lambda: metrics.precision_at_top(np.zeros(1), np.zeros(1), shares=(1.1,)), "shares must lie"),
        (lambda: metrics.precision_at_top(np.zeros(1), np.array([np.nan])), "a score is missing"),
        (lambda: metrics.precision_recall_curve(np.zeros(0), np.zeros(0)), "no row"),
        (lambda: metrics.precision_recall_curve(np.zeros(1), np.zeros(1), points=1), "points must be"),
        (lambda: metrics.precision_recall_curve(np.array([2.0]), np.zeros(1)), "drop null rows"),
        (lambda: metrics.cut_at_precision(np.zeros(1), np.zeros(1), precision=0.0), "precision must lie"),
        (lambda: metrics.cut_at_precision(np.zeros(0), np.zeros(0), precision=0.5), "no row"),
        (
            lambda: metrics.log_loss_classes(np.array([-1.0]), np.array([[0.5, 0.5]])),
            "whole numbers from 0 to 1",
        ),
        (lambda: metrics.log_loss_classes(np.array([0.0]), np.array([[0.5, 0.6]])), "add up to 1"),
        (lambda: metrics.log_loss_classes(np.array([0.0]), np.array([0.5])), "must be"),
        (lambda: metrics.rank_correlation(np.array([np.nan]), np.array([1.0])), "finite"),
        (
            lambda: metrics.pinball_loss(np.array([1.0]), np.array([[1.0]]), levels=np.array([1.0])),
            "levels must lie",
        ),
        (
            lambda: metrics.pinball_loss(np.array([np.nan]), np.array([[1.0]]), levels=np.array([0.5])),
            "missing",
        ),
        (
            lambda: metrics.quantile_coverage(np.zeros(2), np.zeros((2, 3)), levels=np.array([0.5])),
            "quantiles must be",
        ),
    ],
)
def test_wrong_rows_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
