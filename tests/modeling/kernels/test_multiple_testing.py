from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from modeling.kernels.multiple_testing import false_discovery_control, superior_ability
from modeling.kernels.significance import draw_days


@settings(deadline=None, max_examples=100)
@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=12), elements=st.floats(0, 1)),
    st.sampled_from((("positive", "bh"), ("any", "by"))),
)
def test_adjusted_p_values_equal_scipys(p_values, names):
    dependence, method = names
    found = false_discovery_control(p_values, level=0.1, dependence=dependence)
    expected = stats.false_discovery_control(p_values, axis=None, method=method)
    np.testing.assert_allclose(found.adjusted, expected.reshape(p_values.shape), atol=1e-12)
    np.testing.assert_array_equal(found.accepted, found.adjusted <= 0.1)
    assert found.tests == p_values.size


def test_the_accepted_are_those_of_the_step_up_rule():
    # The example of Benjamini and Hochberg (1995): 15 tests, 4 stand at 0.05, where Bonferroni keeps 3.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p = np.array([*p, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    found = false_discovery_control(p[::-1].reshape(5, 3), level=0.05)
    assert found.accepted.sum() == 4
    assert found.accepted.ravel()[::-1][:4].all()
    assert np.sum(p <= 0.05 / 15) == 3
    assert false_discovery_control(p, level=0.05, dependence="any").accepted.sum() == 3


def test_false_discoveries_are_held_and_taking_each_test_alone_does_not_hold_them():
    rng = np.random.default_rng(0)
    false, alone = [], []
    for _ in range(400):
        z = rng.normal(size=(20, 5)) + np.where(np.arange(20) < 4, 3.0, 0.0)[:, None]
        p = stats.norm.sf(z)
        accepted = false_discovery_control(p, level=0.1).accepted
        false.append(accepted[4:].sum() / max(1, accepted.sum()))
        alone.append((p <= 0.1)[4:].sum() / (p <= 0.1).sum())
    assert np.mean(false) == pytest.approx(0.1 * 0.8, abs=0.015)  # exact for independent tests
    assert np.mean(alone) > 0.2


def paired(rng, *, ahead=0.0, behind=0.0, days=250, candidates=8):
    benchmark = rng.normal(0, 1.0, days)
    other = benchmark[:, None] + rng.normal(0, 0.5, (days, candidates))
    other[:, 3] += ahead
    other[:, 4:] -= behind
    return benchmark, other


def draws_of(days, rng, resamples=300, block=5.0):
    return draw_days(days, level=0.95, mean_block_days=block, resamples=resamples, rng=rng)


def rejections(repeats, **options):
    """Return how often each p-value is at most 0.05."""
    found = {"p_value": 0, "p_lower": 0, "p_upper": 0, "p_reality_check": 0}
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        benchmark, other = paired(rng, **options)
        ability = superior_ability(benchmark, other, draws_of(250, rng, resamples=200))
        for name in found:
            found[name] += (getattr(ability, name) <= 0.05) / repeats
    return found


def test_the_best_of_equals_is_not_superior():
    found = rejections(250)
    assert found["p_value"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 250)
    assert found["p_upper"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 250)
    assert found["p_reality_check"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 250)


def test_looking_at_the_best_alone_would_call_luck_superior():
    fooled = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        benchmark, other = paired(rng)
        best = np.argmax((other - benchmark[:, None]).mean(axis=0))
        alone = superior_ability(benchmark, other[:, best : best + 1], draws_of(250, rng, resamples=99))
        fooled += alone.p_value <= 0.05
    assert fooled / 100 > 0.2


def test_a_better_candidate_is_seen_even_among_bad_ones():
    assert rejections(60, ahead=0.15)["p_value"] > 0.9
    found = rejections(60, ahead=0.09, behind=0.5)
    assert found["p_value"] > found["p_upper"] + 0.05


def slow_superior_ability(benchmark, other, draws):
    """Hansen's steps one resample at a time."""
    days, count = other.shape
    difference = [[other[day][k] - benchmark[day] for day in range(days)] for k in range(count)]
    mean = [sum(row) / days for row in difference]
    resampled = [[sum(row[day] for day in order) / days for row in difference] for order in draws.rows]
    away = [[(star[k] - mean[k]) * draws.widening for k in range(count)] for star in resampled]
    error = [float(np.std([row[k] for row in away])) for k in range(count)]
    scale = [float(np.std(row, ddof=1)) / math.sqrt(days) for row in difference]
    observed = max(0.0, *(mean[k] / scale[k] for k in range(count)))
    reached = {"p_lower": 1, "p_value": 1, "p_upper": 1, "p_reality_check": 1}
    for row in away:
        lower, consistent, upper, plain = [0.0], [0.0], [0.0], [0.0]
        for k in range(count):
            far = mean[k] <= -error[k] * math.sqrt(2 * math.log(math.log(days)))
            lower.append((row[k] + min(mean[k], 0.0)) / scale[k])
            consistent.append((row[k] + (mean[k] if far else 0.0)) / scale[k])
            upper.append(row[k] / scale[k])
            plain.append(row[k])
        reached["p_lower"] += max(lower) >= observed
        reached["p_value"] += max(consistent) >= observed
        reached["p_upper"] += max(upper) >= observed
        reached["p_reality_check"] += max(plain) >= max(0.0, *mean)
    return observed, {name: count / (1 + len(away)) for name, count in reached.items()}


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_hansens_steps(seed):
    rng = np.random.default_rng(seed)
    benchmark, other = paired(rng, days=40, candidates=6, ahead=0.1, behind=0.2 * (seed % 3))
    draws = draws_of(40, rng, resamples=60)
    found = superior_ability(benchmark, other, draws)
    observed, p = slow_superior_ability(benchmark, other, draws)
    assert found.statistic == pytest.approx(observed)
    assert {name: getattr(found, name) for name in p} == pytest.approx(p)
    assert found.p_lower <= found.p_value <= found.p_upper
    assert found.best == np.argmax(
        (other - benchmark[:, None]).mean(axis=0) / (other - benchmark[:, None]).std(axis=0)
    )
    assert found.days == 40


def test_errors_of_independent_days_are_the_textbooks():
    rng = np.random.default_rng(1)
    benchmark, other = paired(rng, days=400)
    found = superior_ability(benchmark, other, draws_of(400, rng, resamples=2000))
    textbook = (other - benchmark[:, None]).std(axis=0, ddof=1) / 20
    np.testing.assert_allclose(found.standard_error, textbook, rtol=0.25)


def test_no_candidate_ahead_is_no_evidence():
    benchmark, other = paired(np.random.default_rng(0), behind=0.0)
    found = superior_ability(benchmark, other - 1.0, draws_of(250, np.random.default_rng(0)))
    assert (found.statistic, found.p_value, found.p_reality_check) == (0.0, 1.0, 1.0)


def discoveries(p, level=0.1):
    return false_discovery_control(np.asarray(p), level=level)


def ability(benchmark, other, days=20):
    return superior_ability(benchmark, other, draws_of(days, np.random.default_rng(0)))


NOISE = np.random.default_rng(0).normal(size=(20, 2))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: discoveries([]), "one at least"),
        (lambda: discoveries([0.1, np.nan]), "none missing"),
        (lambda: discoveries([0.1, 1.1]), r"lie in \[0, 1\]"),
        (lambda: discoveries([0.1], level=0.0), "level must lie"),
        (lambda: ability(NOISE[:, 0], NOISE[:, 0]), "must be"),
        (lambda: ability(NOISE[:10, 0], NOISE), "must be"),
        (lambda: ability(NOISE[:2, 0], NOISE[:2], days=2), "3 at least"),
        (lambda: ability(NOISE[:, 0], NOISE[:, :0]), "one column"),
        (lambda: ability(NOISE[:, 0] * np.nan, NOISE), "missing"),
        (lambda: ability(NOISE[:, 0], NOISE), "candidate 0 differs from the benchmark by the same"),
        (lambda: ability(NOISE[:, 0], NOISE[:, ::-1] + 0.1), "candidate 1 differs"),
    ],
)
def test_wrong_requests_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
