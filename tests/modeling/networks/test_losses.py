"""The losses: what they are at best, what they count, and that a missing target counts for nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

keras = pytest.importorskip("keras", reason="training needs Keras")

from modeling.contracts import QUANTILE_LEVELS  # noqa: E402
from modeling.contracts.heads import HEAD_WIDTHS, HEADS  # noqa: E402
from modeling.networks.losses import losses, pairwise_logistic  # noqa: E402
from modeling.networks.task_weights import TaskWeights, with_learned_weights  # noqa: E402

UNIT = 0.03
LOSSES = losses(return_unit_frac=UNIT, heads=HEADS)


def target_of(head: str, rng: np.random.Generator, rows: int = 6) -> np.ndarray:
    target = rng.integers(0, 2, (rows, 2, 1)).astype(np.float32)
    if head == "rank_score":
        return np.concatenate([target, rng.integers(0, 2, (rows, 2, 1))], axis=-1).astype(np.float32)
    return target


@pytest.mark.parametrize("head", HEADS)
def test_rows_without_a_label_count_for_nothing(head: str):
    rng = np.random.default_rng(0)
    target = target_of(head, rng)
    output = np.abs(rng.standard_normal((6, 2, HEAD_WIDTHS[head]))).astype(np.float32)
    target[3:, :, 0] = np.nan
    known = float(LOSSES[head](target[:3], output[:3]))
    assert known > 0
    assert float(LOSSES[head](target, output)) == pytest.approx(known, rel=1e-6)
    output[3:] += 5.0  # what is said there cannot change the loss, so it has no gradient
    assert float(LOSSES[head](target, output)) == pytest.approx(known, rel=1e-6)
    output[:3] *= 3.0
    assert float(LOSSES[head](target, output)) != pytest.approx(known, rel=1e-3)
    target[:, :, 0] = np.nan
    assert float(LOSSES[head](target, output)) == 0.0


def test_an_unknown_target_beside_a_certain_output_stays_finite():
    for head in HEADS:
        target = target_of(head, np.random.default_rng(1))
        output = np.full((6, 2, HEAD_WIDTHS[head]), 80.0, dtype=np.float32)
        assert np.isfinite(float(LOSSES[head](target, output)))


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_the_rank_loss_equals_the_pairs_one_by_one(seed: int):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 9))
    rank = rng.choice([-1.0, 0.0, 0.5, np.nan], (rows, 2, 1))
    moment = np.repeat(rng.integers(0, 3, (rows, 1, 1)), 2, axis=1).astype(float)
    score = rng.standard_normal((rows, 2, 1))
    total = weights = 0.0
    for h, (i, j) in itertools.product(range(2), itertools.permutations(range(rows), 2)):
        if moment[i, h, 0] == moment[j, h, 0] and rank[i, h, 0] > rank[j, h, 0]:
            own = ~np.isnan(rank[:, h, 0]) & (moment[:, h, 0] == moment[i, h, 0])
            weights += 2.0 / own.sum()
            total += 2.0 / own.sum() * np.log1p(np.exp(score[j, h, 0] - score[i, h, 0]))
    target = np.concatenate([rank, moment], axis=-1).astype(np.float32)
    found = float(pairwise_logistic(target, score.astype(np.float32)))
    assert found == pytest.approx(total / max(weights, 1.0), rel=1e-5, abs=1e-6)


def test_a_right_order_is_cheaper_and_other_moments_do_not_matter():
    rank = np.array([1.0, 0.0, -1.0, -1.0, 1.0])
    moment = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    target = np.stack([rank, moment], axis=-1)[:, None, :].astype(np.float32)

    def loss(*scores: float) -> float:
        return float(pairwise_logistic(target, np.array(scores, dtype=np.float32)[:, None, None]))

    assert loss(2, 1, 0, 0, 2) < loss(0, 1, 2, 0, 2)
    assert loss(2, 1, 0, 100, 102) == pytest.approx(loss(2, 1, 0, 0, 2))  # a moment's level is free


@pytest.mark.parametrize("head", ["long_mfe_quantiles", "short_mae_quantiles", "return_quantiles"])
def test_quantile_losses_are_least_at_the_outcomes_own_quantiles(head: str):
    outcomes = np.random.default_rng(2).standard_normal(4001).astype(np.float32) * UNIT
    target = outcomes[:, None, None]

    def loss(quantiles: np.ndarray) -> float:
        return float(LOSSES[head](target, np.broadcast_to(quantiles, (4001, 1, 7)).astype(np.float32)))

    best = np.quantile(outcomes, QUANTILE_LEVELS)
    for place, step in itertools.product(range(7), (-0.2 * UNIT, 0.2 * UNIT)):
        moved = best.copy()
        moved[place] += step
        assert loss(moved) > loss(best)


def test_the_volatility_loss_is_nothing_at_best():
    target = np.full((3, 1, 1), 0.02, dtype=np.float32)
    assert float(LOSSES["volatility"](target, target)) == pytest.approx(0.0, abs=1e-6)
    assert float(LOSSES["volatility"](target, 2 * target)) > 0.1
    assert float(LOSSES["volatility"](target, target / 2)) > 0.1


def test_learned_weights_find_how_noisy_each_head_is():
    """One head's loss is ten times the other's; with the weights learned, both end up at the same."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((1,))
    outputs = {name: keras.layers.Dense(1, name=name)(inputs) for name in ("loud", "quiet")}
    model, weighed = with_learned_weights(
        keras.Model(inputs, outputs),
        {"loud": lambda y, _: keras.ops.mean(y), "quiet": lambda y, _: keras.ops.mean(y)},
    )
    model.compile(keras.optimizers.Adam(0.1), loss=weighed)
    rows = np.zeros((64, 1), dtype=np.float32)
    model.fit(rows, {"loud": rows + 5.0, "quiet": rows + 0.5}, batch_size=8, epochs=20, verbose=0)
    layer = model.get_layer("task_weights")
    found = np.exp(keras.ops.convert_to_numpy(layer.log_variance))
    # exp(-s) L + s / 2 is least where exp(s) = 2 L.
    np.testing.assert_allclose(found, [10.0, 1.0], rtol=0.05)
    assert TaskWeights.from_config(layer.get_config()).heads == ("loud", "quiet")
    said = model(rows[:2])
    np.testing.assert_array_equal(said["loud"], keras.Model(inputs, outputs)(rows[:2])["loud"])


def test_learned_weights_are_bounded():
    layer = TaskWeights(["only"])
    layer.build(None)
    layer.log_variance.assign([-50.0])
    assert float(layer.weighted("only", 0.0)) == -1.5
    layer.log_variance.assign([50.0])
    assert float(layer.weighted("only", 1.0)) == pytest.approx(1.5 + np.exp(-3.0))
