from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.overlap import mean_above_zero_p, newey_west_t, overlap_mean, plain_t


def newey_west_slowly(daily, lag):
    """Sum over all pairs of days: the sandwich of a constant's regression."""
    known = [day for day, value in enumerate(daily) if not np.isnan(value)]
    mean = sum(daily[day] for day in known) / len(known)
    total = 0.0
    for one in known:
        for other in known:
            weight = 1.0 - abs(one - other) / (lag + 1.0)
            if weight > 0:
                total += weight * (daily[one] - mean) * (daily[other] - mean)
    return mean / np.sqrt(total / (len(known) * (len(known) - 1.0)))


def drawn(seed, n, missing=0.2):
    rng = np.random.default_rng(seed)
    daily = rng.normal(0.02, 0.1, n) + np.convolve(rng.normal(0, 0.1, n + 4), np.ones(5) / 5, "valid")
    daily[rng.random(n) < missing] = np.nan
    daily[:2] = (0.1, -0.1)
    return daily


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(0, 45))
def test_newey_west_equals_the_sum_over_all_pairs_of_days(seed, n, lag):
    daily = drawn(seed, n)
    assert newey_west_t(daily, lag=lag) == pytest.approx(newey_west_slowly(daily, lag), rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 4))
def test_mean_and_plain_t_equal_scipy(seed, n, horizon):
    daily = drawn(seed, n)
    got = overlap_mean(daily, horizon_days=horizon)
    known = daily[~np.isnan(daily)]
    wanted = scipy.stats.ttest_1samp(known, 0.0).statistic
    assert (got.mean, got.days) == (pytest.approx(known.mean()), known.size)
    assert got.t_plain == plain_t(daily) == pytest.approx(wanted, rel=1e-9)
    assert got.t_newey_west == newey_west_t(daily, lag=horizon - 1)
    parts = [daily[first::horizon] for first in range(horizon)]
    if all((~np.isnan(part)).sum() >= 2 for part in parts):
        apart = [scipy.stats.ttest_1samp(part, 0.0, nan_policy="omit").statistic for part in parts]
        assert got.t_apart == pytest.approx(np.mean(apart), rel=1e-9)
    else:
        assert np.isnan(got.t_apart)


def test_a_horizon_of_one_day_has_one_t():
    got = overlap_mean(drawn(3, 50), horizon_days=1)
    assert got.t_plain == got.t_newey_west == got.t_apart


def test_how_often_luck_passes_for_an_effect_where_horizons_overlap():
    rng = np.random.default_rng(1)
    horizon, runs = 5, 600
    passed = np.zeros(3)
    for _ in range(runs):
        got = overlap_mean(np.convolve(rng.normal(size=504), np.ones(horizon), "valid"), horizon_days=horizon)
        passed += np.abs([got.t_plain, got.t_newey_west, got.t_apart]) > 1.96
    plain, newey_west, apart = passed / runs
    assert 0.30 < plain < 0.45
    assert 0.07 < newey_west < 0.14
    assert 0.03 < apart < 0.08


def test_what_has_no_spread_or_no_day_has_no_t():
    for daily in (np.zeros(0), np.full(3, np.nan), np.array([0.3]), np.full(7, 0.1)):
        got = overlap_mean(daily, horizon_days=2)
        assert np.isnan([got.t_plain, got.t_newey_west, got.t_apart]).all()
    assert overlap_mean(np.full(7, 0.1), horizon_days=2).mean == pytest.approx(0.1)
    assert np.isnan(overlap_mean(np.zeros(0), horizon_days=1).mean)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: overlap_mean(np.ones(3), horizon_days=0), "horizon_days must be at least 1"),
        (lambda: overlap_mean(np.ones((3, 1)), horizon_days=1), "one figure a day"),
        (lambda: overlap_mean(np.array([1.0, np.inf]), horizon_days=1), "finite or NaN"),
        (lambda: newey_west_t(np.ones(3), lag=-1), "lag must not be negative"),
        (lambda: plain_t(np.array([1.0, -np.inf])), "finite or NaN"),
    ],
)
def test_wrong_figures_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(3, 60))
def test_days_of_their_own_have_the_p_value_of_scipy(seed, n):
    daily = drawn(seed, n)
    wanted = scipy.stats.ttest_1samp(daily[~np.isnan(daily)], 0.0, alternative="greater").pvalue
    assert mean_above_zero_p(daily, horizon_days=1) == pytest.approx(wanted, rel=1e-9)
    assert mean_above_zero_p(-daily, horizon_days=1) == pytest.approx(1.0 - wanted, rel=1e-9)


def test_how_often_the_p_value_of_overlapping_days_is_small_by_luck():
    rng = np.random.default_rng(2)
    runs, horizon = 1000, 10
    noise = [np.convolve(rng.normal(size=129), np.ones(horizon), "valid") for _ in range(runs)]
    p = np.array([mean_above_zero_p(daily, horizon_days=horizon) for daily in noise])
    assert 0.03 < np.mean(p <= 0.05) < 0.07
    # Seen to fail: days taken for their own are called proven five times as often.
    careless = np.array([mean_above_zero_p(daily, horizon_days=1) for daily in noise])
    assert np.mean(careless <= 0.05) > 0.25


def test_too_few_days_apart_have_no_p_value():
    daily = drawn(5, 19, missing=0.0)
    assert np.isnan(mean_above_zero_p(daily, horizon_days=10))
    assert np.isnan(mean_above_zero_p(np.full(40, 0.1), horizon_days=2))
    assert 0.0 < mean_above_zero_p(daily, horizon_days=9) < 1.0
