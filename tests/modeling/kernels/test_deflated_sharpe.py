from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from modeling.kernels.deflated_sharpe import (
    SharpeMoments,
    Trials,
    deflated_sharpe,
    effective_periods,
    effective_trials,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_moments,
    trials_of,
)

A_YEAR = 250


def paper_moments(skew=-3.0, kurtosis=10.0):
    """The example of Bailey and Lopez de Prado (2014): a yearly ratio of 2.5 on five years of days."""
    return SharpeMoments(sharpe=2.5 / math.sqrt(A_YEAR), skew=skew, kurtosis=kurtosis, periods=1250)


def paper_trials(count):
    return Trials(count=count, sharpe_variance=0.5 / A_YEAR)  # a yearly variance of 1/2


def test_the_published_example():
    found = deflated_sharpe(paper_moments(), paper_trials(100))
    assert found.expected_maximum == pytest.approx(0.1132, abs=5e-5)
    assert found.p_above_luck == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(paper_moments(), paper_trials(46)).p_above_luck == pytest.approx(0.9505, abs=5e-5)
    normal = deflated_sharpe(paper_moments(skew=0.0, kurtosis=3.0), paper_trials(88))
    assert normal.p_above_luck == pytest.approx(0.9505, abs=5e-5)


@pytest.mark.parametrize(
    ("a_year", "skew", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_published_track_records(a_year, skew, kurtosis, years):
    # Bailey and Lopez de Prado (2012): a yearly ratio of 2 to be above 1 at 95 %.
    moments = SharpeMoments(sharpe=2 / math.sqrt(a_year), skew=skew, kurtosis=kurtosis, periods=99)
    periods = minimum_track_record(moments, benchmark_sharpe=1 / math.sqrt(a_year), level=0.95)
    assert periods / a_year == pytest.approx(years, abs=0.005)


def test_a_record_of_the_minimum_length_just_suffices():
    found = deflated_sharpe(paper_moments(), paper_trials(100), level=0.95)
    assert found.p_above_luck < 0.95
    assert found.minimum_periods > 1250
    enough = SharpeMoments(
        sharpe=found.moments.sharpe, skew=-3.0, kurtosis=10.0, periods=found.minimum_periods
    )
    assert deflated_sharpe(enough, paper_trials(100)).p_above_luck == pytest.approx(0.95)
    assert minimum_track_record(paper_moments(), benchmark_sharpe=0.2, level=0.95) == math.inf


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.integers(3, 300))
def test_moments_equal_scipys(seed, n):
    returns = np.random.default_rng(seed).standard_t(4, n) * 0.01 + 0.001
    found = sharpe_moments(returns)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert found.skew == pytest.approx(stats.skew(returns), abs=1e-9)
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert found.periods == n


@settings(deadline=None, max_examples=50)
@given(st.floats(-0.3, 0.3), st.floats(2, 2000), st.floats(1e-4, 0.01), st.floats(0.0, 0.2))
def test_more_trials_and_trials_that_vary_more_take_more_away(sharpe, count, variance, more):
    moments = SharpeMoments(sharpe=sharpe, skew=-0.5, kurtosis=6.0, periods=500)
    few, many = (
        Trials(count=count, sharpe_variance=variance),
        Trials(count=count + 1, sharpe_variance=variance),
    )
    wide = Trials(count=count, sharpe_variance=variance + more)
    first, second, third = (deflated_sharpe(moments, trials) for trials in (few, many, wide))
    assert second.p_above_luck <= first.p_above_luck <= first.p_above_zero
    assert third.p_above_luck <= first.p_above_luck
    assert second.p_value >= first.p_value
    assert first.p_value == pytest.approx(
        1 - stats.norm.cdf(stats.norm.ppf(first.p_above_zero)) ** count, abs=1e-6
    )


def test_one_trial_is_not_deflated():
    found = deflated_sharpe(paper_moments(), Trials(count=1, sharpe_variance=0.0))
    assert found.expected_maximum == 0.0
    assert found.p_above_luck == found.p_above_zero == pytest.approx(1 - found.p_value)


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_the_expected_maximum_is_that_of_simulated_trials(count):
    best = np.random.default_rng(count).normal(0, 0.06, (1500, count)).max(axis=1).mean()
    formula = expected_maximum_sharpe(Trials(count=count, sharpe_variance=0.06**2))
    assert formula == pytest.approx(best, rel=0.05)


def test_what_the_best_of_noise_is_worth():
    # Ten strategies without skill, the best one taken, 2,000 times.
    rng = np.random.default_rng(0)
    above_luck = p_small = fooled = 0
    for _ in range(2000):
        noise = rng.normal(size=(100, 10))
        sharpes = noise.mean(axis=0) / noise.std(axis=0, ddof=1)
        found = deflated_sharpe(sharpe_moments(noise[:, sharpes.argmax()]), trials_of(sharpes))
        above_luck += found.p_above_luck > 0.95
        p_small += found.p_value <= 0.05
        fooled += found.p_above_zero > 0.95
    assert above_luck / 2000 < 0.01  # stricter than its level, as the docstring says
    assert p_small / 2000 == pytest.approx(0.05, abs=0.015)
    assert fooled / 2000 > 0.3  # the sabotage: forgetting the other nine


def test_trials_that_left_no_ratio_still_count():
    sharpes = np.array([0.1, -0.05, 0.02])
    assert trials_of(sharpes).count == 3
    assert trials_of(sharpes, counted=40) == Trials(count=40, sharpe_variance=sharpes.var(ddof=1))
    assert trials_of(np.array([0.1])) == Trials(count=1, sharpe_variance=0.0)


def autocorrelated(rng, n, memory):
    noise = rng.normal(size=n)
    noise[0] /= math.sqrt(1 - memory**2)  # as if it had begun long ago
    return lfilter([1.0], [1.0, -memory], noise)


def slow_inflation(series, bandwidth):
    covariance = [np.mean(series * series)]
    covariance += [
        sum(series[day] * series[day - lag] for day in range(lag, len(series))) / len(series)
        for lag in range(1, len(series))
    ]
    weights = [max(0.0, 1 - lag / bandwidth) if bandwidth else 0.0 for lag in range(1, len(series))]
    return 1 + 2 * sum(w * c for w, c in zip(weights, covariance[1:], strict=True)) / covariance[0]


def test_the_effective_number_of_periods_is_newey_and_wests():
    series = autocorrelated(np.random.default_rng(2), 120, 0.5)
    away = series - series.mean()
    first = np.sum(away[1:] * away[:-1]) / np.sum(away**2)
    bandwidth = 1.1447 * (4 * first**2 / ((1 - first) ** 2 * (1 + first) ** 2) * 120) ** (1 / 3)
    assert effective_periods(series) == pytest.approx(120 / slow_inflation(away, bandwidth))
    assert effective_periods(series * 1e-6 + 5e-6) == pytest.approx(effective_periods(series))


def test_dependence_between_days_is_not_taken_for_knowledge():
    rng = np.random.default_rng(3)
    plain = mended = 0
    inflation = []
    for _ in range(400):
        series = autocorrelated(rng, 250, 0.6)
        effective = effective_periods(series)
        inflation.append(250 / effective)
        plain += probabilistic_sharpe(sharpe_moments(series)) > 0.95
        mended += probabilistic_sharpe(sharpe_moments(series, effective_periods=effective)) > 0.95
    assert 2.6 < np.mean(inflation) < 4.0  # the truth is (1 + 0.6) / (1 - 0.6) = 4
    assert plain / 400 > 0.15  # the sabotage
    assert mended / 400 < 0.12


def test_days_that_alternate_count_no_more_than_once():
    series = autocorrelated(np.random.default_rng(4), 250, -0.5)
    assert effective_periods(series) == 250


def test_trials_that_resemble_each_other_count_less():
    rng = np.random.default_rng(5)
    common, own = rng.normal(size=(2000, 1)), rng.normal(size=(2000, 40))
    half = common + own  # a correlation of 1/2
    correlation = np.corrcoef(half, rowvar=False)
    average = (correlation.sum() - 40) / (40 * 39)
    assert effective_trials(half) == pytest.approx(average + (1 - average) * 40)
    assert effective_trials(own) == pytest.approx(40, rel=0.02)
    assert effective_trials(np.repeat(common, 7, axis=1)) == pytest.approx(1.0)
    assert effective_trials(common) == 1.0
    assert effective_trials(np.hstack([common, -common])) == 2.0  # opposite trials count in full


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: sharpe_moments(np.zeros(2)), "at least 3"),
        (lambda: sharpe_moments(np.array([0.0, np.nan, 1.0])), "finite"),
        (lambda: sharpe_moments(np.zeros(9)), "do not vary"),
        (lambda: sharpe_moments(np.arange(9.0), effective_periods=1.0), "periods must be above 1"),
        (lambda: paper_moments(skew=math.nan), "finite"),
        (lambda: SharpeMoments(sharpe=1.0, skew=9.0, kurtosis=3.0, periods=9), "belong to no distribution"),
        (lambda: Trials(count=0, sharpe_variance=0.1), "at least 1"),
        (lambda: Trials(count=5, sharpe_variance=-0.1), "0 or above"),
        (lambda: Trials(count=5, sharpe_variance=math.nan), "0 or above"),
        (lambda: Trials(count=5, sharpe_variance=0.0), "above 0 for 5 trials"),
        (lambda: trials_of(np.zeros(0)), "at least 1 finite"),
        (lambda: trials_of(np.array([0.1, 0.2]), counted=1), "at least the 2 trials"),
        (lambda: trials_of(np.array([0.1]), counted=9), "at least 2 must"),
        (lambda: deflated_sharpe(paper_moments(), paper_trials(9), level=1.0), "level must lie"),
        (lambda: effective_periods(np.zeros(9)), "do not vary"),
        (lambda: effective_periods(np.zeros(2)), "at least 3"),
        (lambda: effective_trials(np.zeros((1, 3))), "2 days at least"),
        (lambda: effective_trials(np.array([[1.0, 0.0], [2.0, 0.0]])), "trial 1 never varies"),
    ],
)
def test_wrong_requests_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
