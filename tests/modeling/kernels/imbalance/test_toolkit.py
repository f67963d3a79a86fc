from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from modeling.kernels.calibration import softmax
from modeling.kernels.imbalance import (
    downsampling,
    hard_negatives,
    label_smoothing,
    quota_batches,
    reweighting,
)
from modeling.kernels.imbalance.temperature import temperature_fit
from modeling.kernels.imbalance.window_views import VIEWS, window_view
from modeling.kernels.metrics import log_loss_classes

seeds = st.integers(0, 10**6)


def collapsed_labels(rng: np.random.Generator, n: int = 4000) -> np.ndarray:
    return rng.choice(3, size=n, p=[0.05, 0.9, 0.05]).astype(np.int64)


@settings(deadline=None, max_examples=30)
@given(seeds, st.lists(st.floats(0.05, 1.0), min_size=2, max_size=5), st.integers(8, 300))
def test_batches_meet_their_quotas_to_one_row(seed, raw, batch_rows):
    rng = np.random.default_rng(seed)
    quotas = np.array(raw) / sum(raw)
    label = np.concatenate([np.arange(quotas.size), rng.integers(0, quotas.size, 200)]).astype(np.int64)
    rows = quota_batches.quota_batches(
        label, quotas=quotas.tolist(), batch_rows=batch_rows, batches=3, rng=rng
    )
    assert rows.shape == (3, batch_rows)
    for batch in rows:
        counts = np.bincount(label[batch], minlength=quotas.size)
        assert np.all(np.abs(counts - quotas * batch_rows) < 1 + 1e-9)


def test_a_plain_draw_does_not_meet_the_quotas():
    rng = np.random.default_rng(0)
    label = collapsed_labels(rng)
    drawn = np.bincount(label[rng.choice(label.size, 100)], minlength=3)
    assert np.abs(drawn - [30, 40, 30]).max() > 20


def test_all_rows_of_a_class_are_seen_before_one_comes_again():
    label = np.repeat([0, 1, 2], [7, 90, 13]).astype(np.int64)
    rng = np.random.default_rng(1)
    rows = quota_batches.quota_batches(label, quotas=[0.3, 0.4, 0.3], batch_rows=10, batches=9, rng=rng)
    seen = np.bincount(rows.ravel(), minlength=label.size)
    for number in range(3):
        assert np.ptp(seen[label == number]) <= 1
    assert rows.base is None or rows.base.size <= rows.size  # numbers of rows, no copy of the data


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"quotas": [0.5, 0.4]}, "add up to 1"),
        ({"quotas": [1.0, 0.0]}, "positive shares"),
        ({"batch_rows": 1}, "a row for each class"),
        ({"batches": 0}, "at least 1"),
        ({"quotas": [0.3, 0.3, 0.4]}, "class 2 must have rows"),
    ],
)
def test_batches_that_cannot_be_are_refused(options, text):
    asked = {"quotas": [0.5, 0.5], "batch_rows": 4, "batches": 2, **options}
    with pytest.raises(ValueError, match=text):
        quota_batches.quota_batches(np.array([0, 1, 1]), **asked, rng=np.random.default_rng(0))


def test_class_weights_are_scikit_learns():
    label = collapsed_labels(np.random.default_rng(2))
    ours = reweighting.class_weights(label, classes=3)
    np.testing.assert_allclose(ours, compute_class_weight("balanced", classes=np.arange(3), y=label))
    assert ours[label].mean() == pytest.approx(1.0)
    with pytest.raises(ValueError, match="must have rows"):
        reweighting.class_weights(np.array([0, 2]), classes=3)


def test_positive_weights_are_each_tickers_own():
    label = np.array([1, 0, 0, 0, 1, 1, 0, 0, 0])
    ticker = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    weights = reweighting.positive_weights(label, ticker, tickers=4, most=10.0)
    np.testing.assert_allclose(
        weights, [3.0, 0.5, 2.0, 2.0]
    )  # the third has no positive row, the fourth none at all
    assert reweighting.positive_weights(label, ticker, tickers=4, most=2.5)[0] == 2.5
    with pytest.raises(ValueError, match="both classes"):
        reweighting.positive_weights(np.zeros(3, np.int64), ticker[:3], tickers=1, most=5.0)


@settings(deadline=None, max_examples=50)
@given(seeds, st.floats(0.01, 1.0))
def test_reweighting_moves_towards_what_is_wanted_and_keeps_the_mean(seed, step):
    rng = np.random.default_rng(seed)
    weights, wanted = rng.uniform(0.2, 3.0, 3), rng.dirichlet([5, 5, 5])
    predicted = rng.dirichlet([1, 1, 1])
    moved = reweighting.reweighted(weights, predicted=predicted, wanted=wanted, step=step)
    assert moved.mean() == pytest.approx(weights.mean())
    missed = np.log(wanted / np.maximum(predicted, 0.01))
    order = np.argsort(missed)
    assert np.all(np.diff((moved / weights)[order]) >= -1e-9)
    same = reweighting.reweighted(weights, predicted=wanted, wanted=wanted, step=step)
    np.testing.assert_allclose(same, weights)


def test_reweighting_brings_a_collapsed_classifier_back():
    """A classifier whose predictions follow its weights: steps of a fifth bring them to what is wanted."""
    weights, bias = np.ones(3), np.array([0.02, 0.96, 0.02])
    wanted = np.array([0.3, 0.4, 0.3])
    shares = bias
    for _ in range(40):
        weights = reweighting.reweighted(weights, predicted=shares, wanted=wanted, step=0.2)
        shares = weights * bias / (weights * bias).sum()
    np.testing.assert_allclose(shares, wanted, atol=0.01)


@settings(deadline=None, max_examples=30)
@given(seeds, st.lists(st.floats(0.0, 0.6), min_size=3, max_size=3))
def test_smoothed_labels_keep_the_class_and_add_up_to_one(seed, smoothing):
    label = np.random.default_rng(seed).integers(0, 3, 50)
    soft = label_smoothing.smoothed_labels(label, smoothing=smoothing)
    np.testing.assert_allclose(soft.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(soft.argmax(axis=1), label)
    np.testing.assert_allclose(soft[np.arange(50), label], 1.0 - np.array(smoothing)[label], atol=1e-6)


def test_smoothing_that_loses_the_class_is_refused():
    with pytest.raises(ValueError, match=r"0\.67"):
        label_smoothing.smoothed_labels(np.array([0]), smoothing=[0.7, 0.1, 0.1])
    with pytest.raises(ValueError, match="from 0 to 1"):
        label_smoothing.smoothed_labels(np.array([2]), smoothing=[0.1, 0.1])


def test_the_hardest_rows_are_those_of_the_highest_loss():
    loss = np.array([0.1, np.nan, 5.0, 0.3, 2.0, np.inf, 0.2, 0.4, 1.0, 0.05])
    assert hard_negatives.hard_rows(loss, share=0.5).tolist() == [2, 4, 8, 7]
    assert hard_negatives.hard_rows(loss, share=0.5, trimmed=0.2).tolist() == [4, 8, 7]
    with pytest.raises(ValueError, match="share"):
        hard_negatives.hard_rows(loss, share=0.2, trimmed=0.2)


def test_batches_take_their_share_of_hard_rows_and_keep_the_rest():
    rng = np.random.default_rng(3)
    batches = rng.integers(0, 900, (20, 40))
    hard = np.arange(1000, 1010)
    mixed = hard_negatives.mixed_with_hard(batches, hard, share=0.25, rng=rng)
    taken = np.isin(mixed, hard)
    np.testing.assert_array_equal(taken.sum(axis=1), 10)
    np.testing.assert_array_equal(mixed[~taken], batches[~taken])
    np.testing.assert_array_equal(hard_negatives.mixed_with_hard(batches, hard, share=0.0, rng=rng), batches)
    with pytest.raises(ValueError, match="held none"):
        hard_negatives.mixed_with_hard(batches, hard[:0], share=0.25, rng=rng)


def test_views_are_what_they_say():
    rng = np.random.default_rng(4)
    windows = rng.normal(3, 2, (6, 30, 4)).astype(np.float32)
    windows[:, :, 3] = 7.0
    assert window_view(windows, "identity") is windows
    scored = window_view(windows, "z_score")
    np.testing.assert_allclose(scored[:, :, :3].mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(scored[:, :, :3].std(axis=1), 1, atol=1e-4)
    np.testing.assert_array_equal(scored[:, :, 3], 7.0)
    smooth = window_view(windows, "gaussian", smoothing_bars=1.0)
    kernel = np.exp(-0.5 * np.arange(4) ** 2)
    expected = scipy.ndimage.convolve1d(
        windows.astype(np.float64), np.r_[np.zeros(3), kernel / kernel.sum()], axis=1
    )
    np.testing.assert_allclose(smooth[:, 4:], expected[:, 4:], atol=1e-5)
    assert smooth[:, :, :3].std() < windows[:, :, :3].std()


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "z_score"])
def test_no_bar_of_a_view_reads_a_later_one(view):
    rng = np.random.default_rng(5)
    windows = rng.normal(size=(3, 20, 2)).astype(np.float32)
    changed = windows.copy()
    changed[:, 12:] = 99.0
    np.testing.assert_array_equal(window_view(windows, view)[:, :12], window_view(changed, view)[:, :12])


def test_views_that_are_unknown_are_refused():
    windows = np.zeros((1, 4, 1), np.float32)
    with pytest.raises(ValueError, match="identity, z_score, gaussian"):
        window_view(windows, "mirror")
    with pytest.raises(ValueError, match="above 0"):
        window_view(windows, "gaussian", smoothing_bars=0.0)


@settings(deadline=None, max_examples=25)
@given(seeds, st.floats(0.3, 4.0))
def test_a_temperature_lowers_the_loss_and_never_changes_the_likeliest_class(seed, sureness):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (500, 3))
    label = (rng.random(500)[:, None] > softmax(logits).cumsum(axis=1)).sum(axis=1)
    told = logits * sureness
    temperature = temperature_fit(told, label)
    assert 0.05 <= temperature <= 20.0
    after = softmax(told / temperature)
    np.testing.assert_array_equal(after.argmax(axis=1), told.argmax(axis=1))
    y = label.astype(np.float64)
    assert log_loss_classes(y, after) <= log_loss_classes(y, softmax(told)) + 1e-12
    assert temperature == pytest.approx(sureness, rel=0.35)


def test_a_temperature_cannot_be_found_without_rows():
    with pytest.raises(ValueError, match="with rows"):
        temperature_fit(np.zeros((0, 2)), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="labels from 0 to 1"):
        temperature_fit(np.zeros((1, 2)), np.array([2]))


def test_probabilities_of_downsampled_rows_are_put_right():
    rng = np.random.default_rng(6)
    p = rng.uniform(0.01, 0.2, 400_000)
    label = (rng.random(p.size) < p).astype(np.int64)
    rows = downsampling.downsampled_rows(label, keep_frac=0.1, rng=rng)
    assert label[rows].sum() == label.sum()
    assert (label[rows] == 0).sum() == round(0.1 * (label == 0).sum())
    # What a perfect model of the sample says where the truth is p, and back.
    told = p / (p + 0.1 * (1 - p))
    assert abs(told[rows].mean() - label[rows].mean()) < 0.01
    np.testing.assert_allclose(downsampling.prior_corrected(told, keep_frac=0.1), p)
    with pytest.raises(ValueError, match="keep_frac"):
        downsampling.downsampled_rows(label, keep_frac=0.0, rng=rng)
    with pytest.raises(ValueError, match="lie in"):
        downsampling.prior_corrected(np.array([1.2]), keep_frac=0.5)
