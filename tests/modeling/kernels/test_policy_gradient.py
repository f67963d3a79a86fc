from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.policy_gradient import PolicyShape, drawn_actions, policy_gradient, policy_shares

ROWS, INPUTS = 30, 4


def drawn(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    log_p = np.log(rng.dirichlet(np.ones(3), ROWS))
    return rng, log_p, rng.standard_normal((ROWS, INPUTS))


@pytest.mark.parametrize("hidden_units", [0, 5])
def test_before_it_learned_it_says_what_the_classifier_says(hidden_units: int):
    rng, log_p, inputs = drawn(0)
    shape = PolicyShape(inputs=INPUTS, actions=3, hidden_units=hidden_units)
    found = policy_shares(shape, shape.begun(rng), log_p, inputs)
    np.testing.assert_allclose(found, np.exp(log_p), rtol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([0, 3]), st.sampled_from([0.0, 0.3]))
def test_the_gradient_equals_finite_differences(seed: int, hidden_units: int, entropy_weight: float):
    rng, log_p, inputs = drawn(seed)
    shape = PolicyShape(inputs=INPUTS, actions=3, hidden_units=hidden_units)
    parameters = rng.standard_normal(shape.size)
    action, advantage = rng.integers(0, 3, ROWS), rng.standard_normal(ROWS)

    def worth(own: np.ndarray) -> float:
        shares = policy_shares(shape, own, log_p, inputs)
        entropy = -(shares * np.log(shares)).sum(axis=1)
        said = np.log(shares[np.arange(ROWS), action])
        return float((advantage * said + entropy_weight * entropy).mean())

    found = policy_gradient(
        shape, parameters, log_p, inputs, action=action, advantage=advantage, entropy_weight=entropy_weight
    )
    step = 1e-6 * np.eye(shape.size)
    wanted = [(worth(parameters + own) - worth(parameters - own)) / 2e-6 for own in step]
    np.testing.assert_allclose(found, wanted, atol=2e-7)


def test_drawn_actions_estimate_the_gradient_of_the_expected_reward():
    """A second method: the expected reward is known here, so its slope is, and drawing often must come to it."""
    rng, log_p, inputs = drawn(1)
    shape = PolicyShape(inputs=INPUTS, actions=3)
    parameters, reward = 0.3 * rng.standard_normal(shape.size), rng.standard_normal((ROWS, 3))

    def expected(own: np.ndarray) -> float:
        return float((policy_shares(shape, own, log_p, inputs) * reward).sum(axis=1).mean())

    step = 1e-5 * np.eye(shape.size)
    wanted = np.array([(expected(parameters + own) - expected(parameters - own)) / 2e-5 for own in step])
    shares = policy_shares(shape, parameters, log_p, inputs)
    baseline = (shares * reward).sum(axis=1)
    found = []
    for _ in range(3000):
        action = drawn_actions(shares, rng)
        advantage = reward[np.arange(ROWS), action] - baseline
        found.append(
            policy_gradient(
                shape, parameters, log_p, inputs, action=action, advantage=advantage, entropy_weight=0.0
            )
        )
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert np.all(np.abs(np.mean(found, axis=0) - wanted) < 5.0 * error)
    assert np.abs(wanted).max() > 10.0 * error.max()


def test_actions_are_drawn_by_their_shares():
    rng = np.random.default_rng(2)
    shares = np.tile([0.2, 0.5, 0.3], (60_000, 1))
    found = np.bincount(drawn_actions(shares, rng), minlength=3) / 60_000
    np.testing.assert_allclose(found, shares[0], atol=0.01)
    sure = np.tile([0.0, 0.0, 1.0], (10, 1))
    assert (drawn_actions(sure, rng) == 2).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="actions at least 2"):
        PolicyShape(inputs=1, actions=1)
    shape = PolicyShape(inputs=INPUTS, actions=3)
    with pytest.raises(ValueError, match=r"must have shape \(15,\)"):
        policy_shares(shape, np.zeros(3), np.zeros((1, 3)), np.zeros((1, INPUTS)))
