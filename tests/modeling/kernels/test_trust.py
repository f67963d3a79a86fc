"""How far heads are trusted: bases at zero, the network at one, and nothing that luck alone proves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.trust import (
    blended_quantiles,
    blended_volatility,
    daily_means,
    proven_choice,
    trusted_probability,
    trusted_shares,
)
from tests.modeling.trust_maker import trust

RULES = {"level": 0.95, "mean_block_days": 5.0, "resamples": 400, "seed": 7}


def test_no_trust_is_the_base_rate_and_full_trust_the_network():
    logits = np.array([-3.0, 0.0, 2.0])
    base_rate = 1.0 / (1.0 + np.exp(1.0))
    np.testing.assert_allclose(trusted_probability(logits, prior=-1.0, trust=0.0), base_rate)
    np.testing.assert_allclose(trusted_probability(logits, prior=-1.0, trust=1.0), 1 / (1 + np.exp(-logits)))


def test_shares_add_up_and_fall_back_to_the_training_shares():
    logits = np.random.default_rng(0).normal(size=(20, 5))
    prior = np.log([0.1, 0.2, 0.4, 0.2, 0.1])
    np.testing.assert_allclose(trusted_shares(logits, prior=prior, trust=0.0)[0], np.exp(prior))
    np.testing.assert_allclose(trusted_shares(logits, prior=prior, trust=0.4).sum(axis=1), 1.0)


@given(st.tuples(st.integers(0, 10), st.integers(0, 10)).filter(lambda w: sum(w) <= 10), st.integers(0, 99))
def test_blended_quantiles_never_cross(weights, seed):
    scaled, learned = (weight / 10 for weight in weights)
    own = trust(quantile_weights=(1 - scaled - learned, scaled, learned))
    rng = np.random.default_rng(seed)
    network = np.sort(rng.normal(0, 0.05, (50, 7)), axis=1)
    blend = blended_quantiles(network, np.abs(rng.normal(0, 0.01, 50)), own)
    assert np.all(np.diff(blend, axis=1) >= -1e-12)


def test_volatility_is_each_source_at_its_whole_weight():
    network, recent = np.array([0.02, 0.05]), np.array([0.004, 0.0])
    base = blended_volatility(network, recent, trust())
    np.testing.assert_allclose(base, 0.03)
    by_recent = blended_volatility(network, recent, trust(volatility_weights=(0.0, 1.0, 0.0)))
    np.testing.assert_allclose(by_recent[0], 0.02)
    assert np.isfinite(by_recent).all()  # a share that stood still
    by_network = blended_volatility(network, recent, trust(volatility_weights=(0.0, 0.0, 1.0)))
    np.testing.assert_allclose(by_network, network)


def test_daily_means_equal_a_plain_loop():
    rng = np.random.default_rng(1)
    losses, day = rng.normal(size=(3, 40)), rng.integers(0, 6, 40)
    expected = [[row[day == d].mean() for d in np.unique(day)] for row in losses]
    np.testing.assert_allclose(daily_means(losses, day), expected)
    with pytest.raises(ValueError, match="finite"):
        daily_means(np.where(losses > 2, np.nan, losses) * np.nan, day)


def test_a_plain_improvement_is_proven():
    rng = np.random.default_rng(2)
    base = rng.normal(1.0, 0.1, 200)
    better = base - 0.05 + rng.normal(0, 0.02, 200)
    best = base - 0.10 + rng.normal(0, 0.02, 200)
    assert proven_choice(np.stack([base, better, best]), **RULES) == 2


def test_the_larger_mean_does_not_win_when_it_is_less_sure():
    rng = np.random.default_rng(3)
    base = np.ones(200)
    sure = base - 0.02 + rng.normal(0, 0.01, 200)
    wild = base - 0.04 + rng.normal(0, 1.0, 200)
    assert proven_choice(np.stack([base, sure, wild]), **RULES) == 1


def test_luck_keeps_the_base_far_more_often_than_not():
    kept = 0
    for seed in range(60):
        rng = np.random.default_rng([4, seed])
        base = rng.normal(1.0, 0.1, 150)
        kept += proven_choice(np.stack([base, base + rng.normal(0, 0.1, 150)]), **RULES) == 0
    assert kept >= 50  # 95 % expected; a chooser by the mean alone keeps the base in half of the cases
