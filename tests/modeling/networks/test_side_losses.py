"""The loss of both sides with weights and a focus: the log loss where there are none, and what each changes."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.networks.losses import binary_cross_entropy, weighted_binary  # noqa: E402

EVEN = np.ones((2, 1))


def drawn(seed: int = 0, rows: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, (rows, 2, 1)).astype(np.float32)
    target[rng.random(target.shape) < 0.2] = np.nan
    return target, 3.0 * rng.standard_normal((rows, 2, 1)).astype(np.float32)


def test_without_focus_and_weights_it_is_the_log_loss():
    target, logit = drawn()
    own = weighted_binary(hit_weight=EVEN, gamma=0.0)
    assert float(own(target, logit)) == pytest.approx(float(binary_cross_entropy(target, logit)), rel=1e-6)


def test_it_equals_the_formula_row_by_row():
    target, logit = drawn()
    hit_weight, miss_weight, gamma = np.array([[3.0], [0.5]]), 0.25, 2.0
    total, rows = 0.0, 0
    for row in range(target.shape[0]):
        for h in range(2):
            y, p = target[row, h, 0], 1.0 / (1.0 + np.exp(-np.float64(logit[row, h, 0])))
            if np.isnan(y):
                continue
            happened, weight = (p, hit_weight[h, 0]) if y == 1.0 else (1.0 - p, miss_weight)
            total, rows = total - weight * (1.0 - happened) ** gamma * np.log(happened), rows + 1
    own = weighted_binary(hit_weight=hit_weight, miss_weight=miss_weight, gamma=gamma)
    assert float(own(target, logit)) == pytest.approx(total / rows, rel=1e-5)


def test_a_focus_counts_rows_that_are_told_well_for_less_and_certain_ones_stay_finite():
    well, badly = (np.full((1, 2, 1), value, dtype=np.float32) for value in (3.0, -3.0))
    hit = np.ones((1, 2, 1), dtype=np.float32)
    plain, focused = (weighted_binary(hit_weight=EVEN, gamma=gamma) for gamma in (0.0, 2.0))
    assert float(focused(hit, well)) < 0.01 * float(plain(hit, well))
    assert float(focused(hit, badly)) > 0.9 * float(plain(hit, badly))
    for logit in (-200.0, 200.0):
        assert np.isfinite(float(focused(hit, np.full((1, 2, 1), logit, dtype=np.float32))))


def test_a_weight_of_hits_moves_the_best_logit_by_its_logarithm():
    target = np.zeros((100, 1, 1), dtype=np.float32)
    target[:20] = 1.0
    own = weighted_binary(hit_weight=np.array([[4.0]]))
    tried = np.linspace(-2.0, 2.0, 401)
    found = tried[
        np.argmin([float(own(target, np.full_like(target, each))) for each in tried.astype(np.float32)])
    ]
    assert found == pytest.approx(np.log(0.2 / 0.8) + np.log(4.0), abs=0.02)


def test_weights_and_focuses_that_cannot_be_are_refused():
    for wrong in ({"hit_weight": 0.0 * EVEN}, {"hit_weight": EVEN, "miss_weight": 0.0}, {"gamma": -1.0}):
        with pytest.raises(ValueError, match="above 0"):
            weighted_binary(**{"hit_weight": EVEN, **wrong})
