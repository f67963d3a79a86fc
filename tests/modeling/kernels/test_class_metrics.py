from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from modeling.kernels.class_metrics import class_scores, confusion_matrix


def drawn(seed, classes, n=120):
    """Return labels and predictions in which classes may be absent or never predicted."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, rng.integers(1, classes + 1), n)
    predicted = rng.integers(0, rng.integers(1, classes + 1), n)
    return y, np.where(rng.random(n) < 0.4, y, predicted)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_scores_equal_scikit_learn(seed, classes):
    y, predicted = drawn(seed, classes)
    confusion = confusion_matrix(y, predicted, classes=classes)
    every = range(classes)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(y, predicted, labels=every))
    got = class_scores(confusion)
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        y, predicted, labels=every, zero_division=np.nan
    )
    np.testing.assert_allclose(got.precision, precision)
    np.testing.assert_allclose(got.recall, recall)
    np.testing.assert_allclose(got.f1, f1)
    np.testing.assert_array_equal(got.support, support)
    assert got.rows == y.size
    assert got.accuracy == pytest.approx(reference.accuracy_score(y, predicted))
    assert got.balanced_accuracy == pytest.approx(np.mean(recall[support > 0]))
    assert got.majority_share == pytest.approx(np.bincount(y).max() / y.size)
    seen = sorted(set(y) | set(predicted))
    assert got.macro_precision == pytest.approx(np.mean(precision[seen]), nan_ok=True)
    assert got.macro_recall == pytest.approx(np.mean(recall[seen]), nan_ok=True)
    assert got.macro_f1 == pytest.approx(reference.f1_score(y, predicted, average="macro"))
    if set(predicted) <= set(y) and len(seen) > 1:
        assert got.balanced_accuracy == pytest.approx(reference.balanced_accuracy_score(y, predicted))


def test_of_two_classes_the_figures_of_class_1_are_the_binary_ones():
    y, predicted = np.array([0, 0, 1, 1, 1, 0]), np.array([0, 1, 1, 0, 1, 0])
    got = class_scores(confusion_matrix(y, predicted, classes=2))
    assert got.precision[1] == pytest.approx(reference.precision_score(y, predicted))
    assert got.recall[1] == pytest.approx(reference.recall_score(y, predicted))
    assert got.f1[1] == pytest.approx(reference.f1_score(y, predicted))


def test_a_class_never_predicted_has_no_precision_and_spoils_the_macro_average():
    got = class_scores(confusion_matrix(np.array([0, 0, 1]), np.zeros(3, dtype=np.int64), classes=3))
    np.testing.assert_array_equal(np.isnan(got.precision), [False, True, True])
    np.testing.assert_allclose(got.f1, [0.8, 0.0, np.nan])
    assert np.isnan(got.macro_precision)
    assert got.macro_f1 == pytest.approx(0.4)
    assert (got.accuracy, got.balanced_accuracy) == (pytest.approx(2 / 3), 0.5)
    assert got.majority_share == got.accuracy  # and so shows no skill


def test_one_class_alone():
    got = class_scores(confusion_matrix(np.ones(4, dtype=np.int64), np.ones(4, dtype=np.int64), classes=2))
    assert got.accuracy == got.balanced_accuracy == got.majority_share == got.macro_f1 == 1.0
    assert np.isnan(got.recall[0])


GOOD = np.array([0, 1, 1])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: confusion_matrix(GOOD, GOOD, classes=1), "classes must be at least 2"),
        (lambda: confusion_matrix(GOOD, GOOD[:2], classes=2), "one shape"),
        (lambda: confusion_matrix(GOOD, GOOD + 1, classes=2), "predicted must be from 0 to 1"),
        (lambda: confusion_matrix(GOOD - 1, GOOD, classes=2), "y must be from 0 to 1"),
        (lambda: confusion_matrix(GOOD * np.nan, GOOD, classes=2), "drop null rows"),
        (lambda: class_scores(np.zeros((2, 3), dtype=np.int64)), r"must be \(k, k\)"),
        (lambda: class_scores(np.zeros((2, 2), dtype=np.int64)), "a row at least"),
        (lambda: class_scores(np.array([[2, -1], [0, 3]])), "negative"),
    ],
)
def test_wrong_rows_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
