from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress, rankdata

from modeling.kernels.overfitting import backtest_overfitting


def slow_cscv(daily, blocks):
    """The procedure as the paper tells it: cut, join the halves, look at every trial's days."""
    edges = [block * len(daily) // blocks for block in range(blocks + 1)]
    logits, inside, outside, chosen = [], [], [], []
    for taken in combinations(range(blocks), blocks // 2):
        rows = [list(range(edges[b], edges[b + 1])) for b in range(blocks)]
        here = daily[[day for b in taken for day in rows[b]]]
        there = daily[[day for b in range(blocks) if b not in taken for day in rows[b]]]
        sharpe_here, sharpe_there = ([_sharpe(column) for column in half.T] for half in (here, there))
        best = int(np.argmax(sharpe_here))
        share = rankdata(sharpe_there)[best] / (daily.shape[1] + 1)
        logits.append(math.log(share / (1 - share)))
        inside.append(sharpe_here[best])
        outside.append(sharpe_there[best])
        chosen.append(best)
    return np.array(logits), np.array(inside), np.array(outside), chosen


def _sharpe(series):
    return 0.0 if np.all(series == 0) else series.mean() / series.std(ddof=1)


def noise(seed, days=320, trials=20):
    return np.random.default_rng(seed).normal(0, 0.01, (days, trials))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from((2, 4, 6)), st.integers(0, 5), st.booleans())
def test_it_equals_the_procedure_as_told(seed, blocks, more_days, some_idle):
    rng = np.random.default_rng(seed)
    daily = rng.normal(0.001, 0.01, (8 * blocks + more_days, int(rng.integers(2, 7))))
    if some_idle:
        daily[:, 0] = 0.0  # a trial that never trades
    found = backtest_overfitting(daily, blocks=blocks)
    logits, inside, outside, chosen = slow_cscv(daily, blocks)
    np.testing.assert_allclose(found.logits, logits, atol=1e-9)
    np.testing.assert_allclose(found.in_sample, inside, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.out_of_sample, outside, rtol=1e-9, atol=1e-12)
    assert found.chosen.tolist() == chosen
    assert found.combinations == math.comb(blocks, blocks // 2)
    assert found.pbo == pytest.approx(np.mean(logits <= 1e-12))
    assert found.p_loss == np.mean(outside < 0)
    if blocks > 2:
        line = linregress(inside, outside)
        assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept), rel=1e-6)


def test_noise_overfits_in_half_of_all_cases():
    found = [backtest_overfitting(noise(seed), blocks=8) for seed in range(200)]
    pbo = np.array([one.pbo for one in found])
    assert pbo.mean() == pytest.approx(0.5, abs=3.5 * pbo.std() / np.sqrt(200))
    assert np.mean([one.p_loss for one in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([one.slope for one in found]) < -0.5  # what was best in one half pays for it in the other


def test_one_better_trial_is_found_everywhere():
    daily = noise(1)
    daily[:, 7] += 0.005  # a Sharpe ratio of 0.5 a day
    found = backtest_overfitting(daily)
    assert found.combinations == 12_870
    assert found.pbo < 0.001
    assert found.p_loss < 0.001
    assert np.mean(found.chosen == 7) > 0.99


def test_a_trial_fitted_to_one_half_is_seen_through():
    # Each trial profits in one block and pays it back elsewhere: what is chosen was fitted.
    daily = noise(2, trials=16)
    for trial in range(16):
        daily[:, trial] -= 0.01 / 15
        daily[trial * 20 : trial * 20 + 20, trial] += 0.01 + 0.01 / 15
    assert backtest_overfitting(daily).pbo > 0.9


def test_the_unit_of_profit_changes_nothing_and_trials_that_are_the_same_share_their_rank():
    daily = noise(3, days=64, trials=5)
    first, scaled = backtest_overfitting(daily, blocks=6), backtest_overfitting(daily * 1e6, blocks=6)
    np.testing.assert_allclose(first.logits, scaled.logits)
    twins = backtest_overfitting(np.repeat(daily[:, :1], 3, axis=1), blocks=4)
    assert np.all(twins.logits == 0.0)
    assert twins.pbo == 1.0


def test_many_trials_are_cut_into_parts_that_join_without_a_seam(monkeypatch):
    daily = noise(4, days=100, trials=6)
    whole = backtest_overfitting(daily, blocks=8)
    monkeypatch.setattr("modeling.kernels.overfitting._COMBINATIONS_AT_ONCE", 7)
    np.testing.assert_array_equal(whole.logits, backtest_overfitting(daily, blocks=8).logits)


@pytest.mark.parametrize(
    ("daily", "blocks", "text"),
    [
        (np.zeros((64, 3)), 5, "even"),
        (np.zeros((64, 3)), 0, "even"),
        (np.zeros((64, 3)), 22, "from 2 to 20"),
        (np.zeros((64, 1)), 4, "2 trials"),
        (np.zeros((7, 3)), 4, "8 days at least"),
        (np.full((64, 3), np.nan), 4, "missing"),
        (np.full((64, 3), 0.1), 4, "one and the same profit"),
    ],
)
def test_wrong_requests_are_refused(daily, blocks, text):
    with pytest.raises(ValueError, match=text):
        backtest_overfitting(daily, blocks=blocks)
