from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from modeling.kernels.permutation import (
    block_orders,
    circular_shifts,
    permutation_p_value,
    permutation_test,
    sign_flip_test,
)


def tie(predictions, outcomes):
    """The daily sum of prediction times outcome, for many orders at once."""
    return lambda orders: (predictions[orders] * outcomes).reshape(len(orders), -1).sum(axis=1)


def persistent(rng, days=250, memory=0.8):
    noise = rng.normal(size=days) * np.sqrt(1 - memory**2)
    noise[0] /= np.sqrt(1 - memory**2)  # as if it had begun long ago
    return lfilter([1.0], [1.0, -memory], noise)


def p_values(make_orders, repeats=250, memory=0.0):
    found = []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        predictions, outcomes = persistent(rng, memory=memory), persistent(rng, memory=memory)
        found.append(permutation_test(tie(predictions, outcomes), make_orders(rng)).p_value)
    return np.array(found)


def shifts(rng):
    return circular_shifts(250, resamples=99, minimum_days=10, rng=rng)


def blocks_of(block_days):
    return lambda rng: block_orders(250, block_days=block_days, resamples=99, rng=rng)


@pytest.mark.parametrize(
    "make_orders", [shifts, blocks_of(1), blocks_of(20)], ids=["shifts", "days", "blocks"]
)
def test_p_is_uniform_where_nothing_is_tied(make_orders):
    p = p_values(make_orders)
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(p <= level) == pytest.approx(level, abs=3.3 * np.sqrt(level * (1 - level) / 250))


def test_days_that_depend_on_each_other_need_shifts_or_blocks():
    assert np.mean(p_values(shifts, memory=0.8) <= 0.05) < 0.1
    assert np.mean(p_values(blocks_of(25), memory=0.8) <= 0.05) < 0.1
    assert np.mean(p_values(blocks_of(1), memory=0.8) <= 0.05) > 0.13  # the sabotage: single days


@pytest.mark.parametrize("make_orders", [shifts, blocks_of(20)], ids=["shifts", "blocks"])
def test_a_tie_is_found_and_its_opposite_is_not(make_orders):
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=(250, 8))  # 8 shares
    outcomes = 0.2 * predictions + rng.normal(size=(250, 8))
    orders = make_orders(rng)
    found = permutation_test(tie(predictions, outcomes), orders)
    assert found.p_value == 0.01
    assert found.resamples == 99
    assert found.observed == pytest.approx((predictions * outcomes).sum())
    assert abs(found.null_mean) < found.observed / 4
    assert permutation_test(tie(predictions, -outcomes), orders).p_value == 1.0


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 90), st.integers(1, 30), st.integers(0, 10**6))
def test_orders_move_whole_blocks_and_lose_no_day(days, block_days, seed):
    rng = np.random.default_rng(seed)
    if 2 * block_days > days:
        with pytest.raises(ValueError, match="at most"):
            block_orders(days, block_days=block_days, resamples=3, rng=rng)
        return
    orders = block_orders(days, block_days=block_days, resamples=20, rng=rng)
    assert np.all(np.sort(orders, axis=1) == np.arange(days))
    seams = np.sum(np.diff(orders, axis=1) != 1, axis=1)
    assert seams.max() <= days // block_days + 1
    shifted = circular_shifts(days, resamples=20, minimum_days=block_days, rng=rng)
    assert np.all(np.sum(np.diff(shifted, axis=1) % days != 1, axis=1) == 0)
    away = (shifted[:, 0] + days) % days
    assert away.min() >= block_days
    assert away.max() <= days - block_days


def test_p_counts_the_arrangements_that_reach_the_observed_one():
    found = permutation_p_value(2.0, np.array([1.0, 2.0, 3.0, 0.0]))
    assert (found.p_value, found.null_mean, found.resamples) == ((1 + 2) / 5, 1.5, 4)
    # The same arrangement summed in another order is not less.
    assert permutation_p_value(0.1 + 0.2, np.array([0.3])).p_value == 1.0
    assert permutation_p_value(1.0, np.zeros(19)).p_value == 0.05


def test_flipped_signs_keep_their_level_and_see_a_profit():
    def share(mean, block_days, memory):
        hits = 0
        for seed in range(300):
            rng = np.random.default_rng(seed)
            daily = persistent(rng, memory=memory) + mean
            hits += sign_flip_test(daily, block_days=block_days, resamples=199, rng=rng).p_value <= 0.05
        return hits / 300

    assert share(0.0, 1, 0.0) == pytest.approx(0.05, abs=0.04)
    assert share(0.0, 20, 0.6) < 0.1
    assert share(0.0, 1, 0.6) > 0.13  # the sabotage: single days of a series that depends on itself
    assert share(0.2, 5, 0.0) > 0.85


def test_flipped_signs_of_few_blocks_match_all_arrangements():
    daily = np.array([3.0, 1.0, 2.0, -0.5, 4.0, 1.5, 0.2, 0.1])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1)
    exact = np.mean(daily @ signs >= daily.sum() - 1e-12)
    found = sign_flip_test(daily, block_days=1, resamples=40_000, rng=np.random.default_rng(0))
    assert found.observed == pytest.approx(daily.mean())
    assert found.p_value == pytest.approx(exact, abs=0.004)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda rng: permutation_test(np.sum, np.zeros((0, 5), dtype=np.int64)), "one order at least"),
        (
            lambda rng: permutation_test(lambda o: np.zeros((len(o), 2)), np.zeros((3, 5), np.int64)),
            "must return",
        ),
        (lambda rng: permutation_p_value(1.0, np.zeros(0)), "one at least"),
        (lambda rng: permutation_p_value(1.0, np.array([np.nan])), "missing for some"),
        (lambda rng: permutation_p_value(np.nan, np.zeros(3)), "missing for some"),
        (lambda rng: circular_shifts(9, resamples=1, minimum_days=5, rng=rng), "at most 9 days"),
        (lambda rng: circular_shifts(9, resamples=0, minimum_days=1, rng=rng), "at least 1"),
        (lambda rng: block_orders(9, block_days=0, resamples=1, rng=rng), "at least 1"),
        (lambda rng: sign_flip_test(np.array([1.0, np.nan]), block_days=1, resamples=9, rng=rng), "finite"),
        (lambda rng: sign_flip_test(np.zeros(9), block_days=2, resamples=9, rng=rng), "5 blocks"),
    ],
)
def test_wrong_requests_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(np.random.default_rng(0))
