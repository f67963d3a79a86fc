from __future__ import annotations

import keras
import numpy as np
import pytest

from modeling.networks.class_losses import asymmetric_focal, misordered, overconfidence, with_penalty


def rows(seed: int = 0, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, 3)).astype(np.float32)
    label = rng.integers(0, 3, n)
    p = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    return logits, label, p / p.sum(axis=1, keepdims=True)


def test_the_focal_loss_is_its_formula():
    logits, label, p = rows()
    alpha, gamma = [1.5, 0.5, 2.0], [1.0, 3.0, 0.5]
    own = p[np.arange(label.size), label]
    expected = -np.array(alpha)[label] * (1 - own) ** np.array(gamma)[label] * np.log(own)
    told = keras.ops.convert_to_numpy(
        asymmetric_focal(alpha, gamma)(np.eye(3, dtype=np.float32)[label], logits)
    )
    np.testing.assert_allclose(told, expected, rtol=2e-4, atol=1e-5)


def test_without_a_focus_it_is_the_cross_entropy():
    logits, label, _ = rows(1)
    target = np.eye(3, dtype=np.float32)[label]
    told = asymmetric_focal([1.0] * 3, [0.0] * 3)(target, logits)
    expected = keras.losses.categorical_crossentropy(target, logits, from_logits=True)
    np.testing.assert_allclose(
        *(keras.ops.convert_to_numpy(own) for own in (told, expected)), rtol=1e-5, atol=1e-6
    )


def test_a_focus_looks_away_from_what_is_known_already():
    sure, unsure = np.array([[6.0, 0.0, 0.0]], np.float32), np.array([[0.2, 0.0, 0.0]], np.float32)
    target = np.array([[1.0, 0.0, 0.0]], np.float32)
    plain, focal = asymmetric_focal([1.0] * 3, [0.0] * 3), asymmetric_focal([1.0] * 3, [2.0] * 3)
    shares = [float(loss(target, sure)[0] / loss(target, unsure)[0]) for loss in (plain, focal)]
    assert shares[1] < shares[0] / 100


def test_the_focal_loss_learns_from_rows_that_are_certain():
    logits = keras.Variable(np.array([[40.0, 0.0, 0.0], [-40.0, 0.0, 0.0]], np.float32))
    target = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], np.float32)
    told = keras.ops.convert_to_numpy(asymmetric_focal([1.0] * 3, [2.0] * 3)(target, logits))
    assert np.isfinite(told).all()
    assert told[1] == pytest.approx(40.7, abs=0.1)


def test_the_penalty_is_on_the_certain_alone():
    penalty = overconfidence(3, least_entropy=0.5)
    told = keras.ops.convert_to_numpy(penalty(np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]], np.float32)))
    assert told[0] == 0.0
    assert told[1] == pytest.approx(0.5 * np.log(3), abs=0.01)
    logits, label, _ = rows(2)
    target = np.eye(3, dtype=np.float32)[label]
    plain = asymmetric_focal([1.0] * 3, [0.0] * 3)
    joined = with_penalty(plain, penalty, weight=0.3)(target, logits)
    apart = plain(target, logits) + 0.3 * penalty(logits)
    np.testing.assert_allclose(*(keras.ops.convert_to_numpy(own) for own in (joined, apart)), rtol=1e-6)


@pytest.mark.parametrize(
    "options", [([1.0], [1.0, 2.0]), ([0.0, 1.0], [1.0, 1.0]), ([1.0, 1.0], [-1.0, 0.0]), ([], [])]
)
def test_a_focal_loss_that_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match="alpha must be above 0"):
        asymmetric_focal(*options)


def test_a_penalty_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="least_entropy"):
        overconfidence(3, least_entropy=1.0)


def test_rows_in_the_order_of_their_moves_cost_less():
    rng = np.random.default_rng(4)
    logits, move = rng.standard_normal((6, 3)).astype(np.float32), rng.standard_normal(6).astype(np.float32)
    move[2] = np.nan
    found = np.asarray(misordered(logits, move))
    score = logits[:, 2] - logits[:, 0]
    for i in range(6):
        pairs = [
            np.log1p(np.exp(-np.sign(move[i] - move[j]) * (score[i] - score[j])))
            for j in range(6)
            if i != j and not np.isnan(move[[i, j]]).any()
        ]
        assert found[i] == pytest.approx(np.mean(pairs) if pairs else 0.0, abs=1e-5)
    ordered = np.sort(score)
    rising = np.column_stack((np.zeros(6), np.zeros(6), ordered)).astype(np.float32)
    up = np.arange(6, dtype=np.float32)
    assert np.asarray(misordered(rising, up)).mean() < np.asarray(misordered(rising, -up)).mean()
