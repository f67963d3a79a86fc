"""Synthetic windows and filtered rows: what is made, of what, and in how much memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from modeling.kernels.imbalance.row_filter import rows_between
from modeling.kernels.imbalance.smote import SmotePlan, smote_windows

BARS, FEATURES = 60, 25


def market(rows: int, *, seed: int = 0, bars: int = 4, features: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.choice(3, size=rows, p=[0.1, 0.8, 0.1]).astype(np.int64)
    windows = rng.standard_normal((rows, bars, features)).astype(np.float32)
    return windows + label[:, None, None].astype(np.float32) * 10, label


def plan(**changes) -> SmotePlan:
    return SmotePlan(**({"chunk_rows": 300, "neighbours": 5, "to_frac": 0.5, "max_bytes": 2**24} | changes))


def test_rare_classes_reach_their_share_of_each_chunk():
    windows, label = market(900)
    made, made_label = smote_windows(lambda at: windows[at], label, plan(), classes=3, seed=1)
    counts = np.bincount(label) + np.bincount(made_label, minlength=3)
    np.testing.assert_allclose(counts[[0, 2]] / counts[1], 0.5, atol=0.02)
    assert made_label.tolist().count(1) == 0
    again, _ = smote_windows(lambda at: windows[at], label, plan(), classes=3, seed=1)
    np.testing.assert_array_equal(made, again)


def test_what_is_made_lies_between_two_windows_of_its_class():
    windows, label = market(120)
    made, made_label = smote_windows(lambda at: windows[at], label, plan(), classes=3, seed=1)
    for window, number in zip(made[:20], made_label[:20], strict=True):
        own = windows[label == number].reshape(-1, windows[0].size)
        best = np.inf
        for start in own:
            towards = own - start
            share = towards @ (window.ravel() - start) / np.maximum((towards**2).sum(axis=1), 1e-12)
            off = start + np.clip(share, 0, 1)[:, None] * towards - window.ravel()
            best = min(best, float((off**2).sum(axis=1).min()))
        assert best < 1e-6
    foreign = windows[label == 1][0]
    assert np.abs(made - foreign).max(axis=(1, 2)).min() > 1


@pytest.mark.parametrize("max_mb", [8, 24])
def test_memory_stays_under_the_bound(max_mb):
    """20,000 windows would be 120 MB, and what their rare classes lack another 72 MB."""
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((20_000 + BARS, FEATURES)).astype(np.float32)
    label = rng.choice(3, size=20_000, p=[0.1, 0.8, 0.1]).astype(np.int64)

    def gather(at: np.ndarray) -> np.ndarray:
        return np.lib.stride_tricks.sliding_window_view(matrix, BARS, axis=0)[at].transpose(0, 2, 1).copy()

    smote_windows(
        gather, label[:300], plan(max_bytes=max_mb * 2**20), classes=3, seed=1
    )  # what libraries load once
    tracemalloc.start()
    made, _ = smote_windows(
        gather, label, plan(max_bytes=max_mb * 2**20, chunk_rows=20_000), classes=3, seed=1
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.nbytes > 0.4 * max_mb * 2**20  # it made as much as there was room for
    assert peak < max_mb * 2**20


def test_a_bound_that_holds_no_chunk_is_refused():
    windows, label = market(50)
    with pytest.raises(ValueError, match="max_bytes must hold"):
        smote_windows(lambda at: windows[at], label, plan(max_bytes=1_000), classes=3, seed=1)
    with pytest.raises(ValueError, match="labels must be"):
        smote_windows(lambda at: windows[at], label, plan(), classes=2, seed=1)
    with pytest.raises(ValueError, match="to_frac"):
        plan(to_frac=0.0)


def test_a_class_without_a_neighbour_gets_nothing():
    windows, _ = market(50)
    label = np.r_[0, np.ones(49, np.int64)]
    made, _ = smote_windows(lambda at: windows[at], label, plan(), classes=2, seed=1)
    assert made.shape == (0, 4, 3)


def test_rows_between_quantiles_stand():
    values = np.r_[np.arange(100.0), np.nan]
    kept = rows_between(values, low=0.1, high=0.9)
    assert kept[:100].sum() == 80
    assert not kept[100]
    assert rows_between(values, low=0.0, high=1.0).all()
    with pytest.raises(ValueError, match="low below high"):
        rows_between(values, low=0.5, high=0.5)
