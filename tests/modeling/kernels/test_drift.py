"""PSI, KS and CUSUM against scipy, slow sums and simulated runs; and how often nothing is called something."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.drift import (
    bin_counts,
    bin_edges,
    column_bins,
    cusum,
    cusum_limit,
    ks_distance,
    ks_p_value,
    psi,
    strangeness,
    stretch_strangeness,
)

many = settings(deadline=None, max_examples=50)
count_lists = st.lists(st.integers(0, 500), min_size=3, max_size=12)


def counted(values, edges):
    return bin_counts(values, edges, group=np.zeros(values.size, np.int64), groups=1)[0]


def shares(counts):
    return np.asarray(counts) / np.sum(counts)


def ar1(rng, memory, shape):
    """Return series along the first axis that forget with `memory`, of variance 1."""
    noise = rng.standard_normal(shape)
    for t in range(1, shape[0]):
        noise[t] = memory * noise[t - 1] + np.sqrt(1 - memory**2) * noise[t]
    return noise


# Bins.


@many
@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(2, 12))
def test_bins_hold_every_value_once_and_are_equally_filled(seed, n, bins):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(n)
    values[rng.random(n) < 0.1] = np.nan
    edges = bin_edges(values, bins=bins)
    counts = counted(values, edges)
    known = values[~np.isnan(values)]
    assert (counts.sum(), counts[-1]) == (n, n - known.size)
    if known.size:
        assert counts[0] == counts[-2] == 0  # nothing of what made them lies outside
        np.testing.assert_array_equal(
            counts[:-1], [np.sum(known <= edges[0]), *np.histogram(-known, -edges[::-1])[0][::-1], 0]
        )
    if known.size > 2 * bins:
        assert np.ptp(counts[1:-2]) <= 2


def test_what_was_never_seen_has_bins_of_its_own():
    edges = bin_edges(np.array([1.0, 2.0, 3.0, 4.0]), bins=2)
    assert counted(np.array([0.0, 1.0, 4.0, 5.0, np.nan, np.inf, -np.inf]), edges).tolist() == [2, 1, 1, 2, 1]


@pytest.mark.parametrize("level", [0.0, 0.3, -2.0])
def test_a_constant_knows_below_and_above(level):
    edges = bin_edges(np.full(9, level), bins=10)
    found = counted(np.array([level, level - 1, level + 1, np.nan]), edges)
    assert found[[0, 1, -2, -1]].tolist() == [1, 1, 1, 1]


def test_a_missing_column_has_one_bin_and_the_missing_ones():
    edges = bin_edges(np.full(3, np.nan), bins=5)
    assert counted(np.array([np.nan, 1.0]), edges).tolist() == [1, 1]


# PSI.


@many
@given(count_lists, st.integers(0, 10**6))
def test_psi_is_both_divergences_of_scipy(left, seed):
    rng = np.random.default_rng(seed)
    left = np.asarray(left) + 1
    right = rng.integers(1, 500, left.size)
    found = psi(shares(left), right)
    wanted = scipy.stats.entropy(left, right) + scipy.stats.entropy(right, left)
    assert found == pytest.approx(wanted, rel=2e-3, abs=1e-12)
    assert found >= 0
    assert found == pytest.approx(psi(shares(right), left))  # neither is the reference
    order = rng.permutation(left.size)
    assert found == pytest.approx(psi(shares(left)[order], right[order]))
    assert psi(shares(left), 7 * left) == pytest.approx(0.0, abs=1e-12)


def test_psi_by_hand_and_by_stacks():
    assert psi(np.array([0.5, 0.5]), np.array([25, 75])) == pytest.approx(0.25 * np.log(3))
    stack = np.array([[1, 1], [1, 3], [0, 0]])
    assert psi(np.array([0.5, 0.5]), stack).tolist() == pytest.approx(
        [0, 0.25 * np.log(3), np.nan], nan_ok=True
    )
    empty = psi(np.array([1.0, 0.0]), np.array([0, 4]))
    assert empty == pytest.approx(2 * (1 - 2e-4) * np.log(1e4), rel=1e-3)


def test_of_few_rows_without_change_psi_is_about_the_bins_over_the_rows():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(400, np.full(10, 0.1), size=2000)
    assert psi(np.full(10, 0.1), counts).mean() == pytest.approx(9 / 400, rel=0.05)


@pytest.mark.parametrize(
    ("reference", "counts"),
    [([0.5, 0.6], [1, 1]), ([-0.1, 1.1], [1, 1]), ([0.5, 0.5], [-1, 1]), ([0.5, 0.5], [1, 1, 1])],
)
def test_what_are_no_shares_or_counts_is_refused(reference, counts):
    for kernel in (psi, ks_distance):
        with pytest.raises(ValueError, match=r"shares|counts"):
            kernel(np.asarray(reference), np.asarray(counts))


# KS.


@many
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(2, 60), st.booleans())
def test_a_bin_for_every_value_gives_scipys_distance_and_fewer_never_more(seed, n, m, ties):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal(n), 0.5 + rng.standard_normal(m)
    if ties:
        a, b = np.round(a), np.round(b)
    wanted = scipy.stats.ks_2samp(a, b, method="asymp").statistic
    whole = np.unique(np.concatenate([a, b]))
    assert ks_distance(shares(counted(a, whole)), counted(b, whole)) == pytest.approx(wanted, abs=1e-12)
    coarse = bin_edges(a, bins=5)
    assert ks_distance(shares(counted(a, coarse)), counted(b, coarse)) <= wanted + 1e-12


@many
@given(st.floats(0.0, 1.0), st.integers(10, 5000), st.integers(10, 5000))
def test_p_values_are_kolmogorovs(distance, n, m):
    found = ks_p_value(distance, reference_rows=n, rows=m)
    size = n * m / (n + m)
    # The exact value is that of a whole number of rows: ours lies between those of its neighbours.
    exact = [scipy.stats.kstwo.sf(distance, int(rows)) for rows in (np.ceil(size), np.floor(size))]
    slack = 0.005 if max(exact) < 0.1 else 0.025
    assert exact[0] - slack <= found <= exact[1] + slack
    root = np.sqrt(size)
    scaled = distance * (root + 0.12 + 0.11 / root)
    assert found == pytest.approx(scipy.stats.kstwobign.sf(scaled), abs=1e-9)


def test_p_values_hold_their_level_for_independent_rows_and_not_for_rows_that_are_one():
    rng = np.random.default_rng(1)
    reference = rng.standard_normal(100_000)
    edges = bin_edges(reference, bins=20)
    own = shares(counted(reference, edges))

    def rejected(days, copies, counted_rows):
        rows = np.repeat(rng.standard_normal((400, days)), copies, axis=1)
        found = [ks_distance(own, counted(sample, edges)) for sample in rows]
        p = [ks_p_value(float(d), reference_rows=1e5, rows=counted_rows) for d in found]
        return np.mean(np.asarray(p) < 0.05)

    assert rejected(20, 1, 20) <= 0.06
    assert rejected(20, 50, 20) <= 0.06  # one row a day counted
    assert (
        rejected(20, 50, 1000) > 0.8
    )  # the same with every row counted: a month like any other is "different"


@pytest.mark.parametrize(
    ("distance", "n", "m"), [(1.1, 5, 5), (-0.1, 5, 5), (0.1, 0, 5), (0.1, 5, float("nan"))]
)
def test_impossible_distances_and_sizes_are_refused(distance, n, m):
    with pytest.raises(ValueError, match="must"):
        ks_p_value(distance, reference_rows=n, rows=m)


# Stretches.


def test_a_stretch_is_held_against_the_others_alone():
    rng = np.random.default_rng(2)
    values = rng.standard_normal(600)
    stretch = np.repeat(np.arange(6), 100)  # five and a rest
    values[stretch == 3] += 10.0  # all of it beyond what the others have seen
    found = column_bins(values, stretch, stretches=5, bins=10)
    assert found.counts.sum() == 600
    lowest = stretch[values.argmin()]
    for number in range(5):
        inside = stretch == number
        edges = bin_edges(values[~inside], bins=10) if number in (3, lowest) else found.edges
        wanted = psi(shares(counted(values[~inside], edges)), counted(values[inside], edges))
        assert found.stretch_psi[number] == pytest.approx(wanted, rel=1e-9)
    assert found.stretch_psi[3] > 15 > 2 > np.delete(found.stretch_psi, 3).max()


def test_a_stretch_without_rows_or_with_all_of_them_has_no_psi():
    values = np.arange(10.0)
    found = column_bins(values, np.zeros(10, np.int64), stretches=2, bins=3)
    assert np.isnan(found.stretch_psi).all()
    missing = column_bins(np.full(4, np.nan), np.array([0, 0, 1, 2]), stretches=2, bins=3)
    assert missing.stretch_psi.tolist() == [0, 0]


def test_strangeness_is_in_units_of_the_strangest_other_stretch():
    reference = np.array([[0.1, 1.0], [0.5, 2.0], [0.2, np.nan]])
    assert strangeness(np.array([1.0, 1.0]), reference, least_psi=0.25).tolist() == [2.0, 0.5]
    found = stretch_strangeness(reference, least_psi=0.25)
    assert found.tolist() == [[0.2, 0.5], [2.0, 2.0], [0.4, 0.0]]
    alone = stretch_strangeness(reference[:1], least_psi=0.25)
    assert alone.tolist() == [[0.4, 4.0]]
    assert stretch_strangeness(reference[:0], least_psi=0.25).shape == (0, 2)
    assert strangeness(np.array([0.5, 0.1]), reference[:0], least_psi=0.25).tolist() == [2.0, 0.4]
    for kernel, now in ((strangeness, (np.ones(3),)), (stretch_strangeness, ())):
        with pytest.raises(ValueError, match="least_psi"):
            kernel(*now, reference, least_psi=0.0)


def alarms(rng, *, stretches, columns, days, memory, shift=0.0):
    """Return whether the newest of some stretches of slow columns that hang together is called strange."""
    whole = (stretches + 1) * days
    daily = 0.7 * ar1(rng, memory, (whole, 1)) + 0.7 * ar1(rng, memory, (whole, columns))
    rows = (daily[:, :, None] + 0.5 * rng.standard_normal((whole, columns, 4))).swapaxes(1, 2)
    values, now = rows[:-days].reshape(-1, columns), rows[-days:].reshape(-1, columns)
    now[:, 0] += shift
    stretch = np.repeat(np.arange(stretches), 4 * days)
    bins = [column_bins(values[:, k], stretch, stretches=stretches, bins=10) for k in range(columns)]
    psi_now = np.array([psi(shares(own.counts), counted(now[:, k], own.edges)) for k, own in enumerate(bins)])
    reference = np.stack([own.stretch_psi for own in bins], axis=1)
    limit = stretch_strangeness(reference, least_psi=0.25).max()
    return strangeness(psi_now, reference, least_psi=0.25).max() > limit, psi_now.max() > 0.25


def test_without_change_alarms_are_as_rare_as_stated_and_a_fixed_limit_always_alarms():
    rng = np.random.default_rng(3)
    found = np.array([alarms(rng, stretches=12, columns=6, days=20, memory=0.9) for _ in range(90)])
    # At most 1 in 13; three standard deviations of 90 draws above it.
    assert found[:, 0].mean() <= 1 / 13 + 3 * np.sqrt(1 / 13 * 12 / 13 / 90)
    assert found[:, 1].mean() > 0.95


def test_a_shift_of_one_column_among_others_is_found():
    rng = np.random.default_rng(4)
    found = [alarms(rng, stretches=12, columns=6, days=20, memory=0.5, shift=6.0)[0] for _ in range(10)]
    assert all(found)


# CUSUM.


def slow_cusum(z, slack):
    low = high = 0.0
    out = []
    for each in z:
        low, high = max(0.0, low - each - slack), max(0.0, high + each - slack)
        out.append((low, high))
    return np.array(out).reshape(-1, 2)


@many
@given(st.integers(0, 10**6), st.integers(0, 80), st.floats(0.0, 1.0), st.booleans())
def test_sums_are_those_of_a_slow_loop_and_causal(seed, n, slack, own_spread):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, n)
    hits = (rng.random(n) < p).astype(float)
    hits[rng.random(n) < 0.1] = np.nan
    spread = rng.uniform(0.1, 1.0, n) if own_spread else None
    found = cusum(hits, p, slack=slack, spread=spread)
    used = np.sqrt(p * (1 - p)) if spread is None else spread
    known = ~np.isnan(hits)
    wanted = slow_cusum(((hits - p) / used)[known], slack)
    np.testing.assert_allclose(np.stack([found.low, found.high], axis=1)[known], wanted, atol=1e-9)
    cut = n // 2
    before = cusum(hits[:cut], p[:cut], slack=slack, spread=None if spread is None else spread[:cut])
    np.testing.assert_array_equal(before.low, found.low[:cut])


def test_an_outcome_that_was_sure_or_is_not_known_adds_nothing():
    found = cusum(np.array([0.0, np.nan, 1.0, 0.0]), np.array([0.5, 0.5, 1.0, 0.5]), slack=0.25)
    assert found.low.tolist() == [0.75, 0.75, 0.75, 1.5]


@pytest.mark.parametrize(
    ("hits", "p", "slack"),
    [([1.2], [0.5], 0.5), ([1.0], [-0.5], 0.5), ([1.0], [0.5], -1), ([1.0], [0.5, 0.5], 0)],
)
def test_what_are_no_hits_or_expectations_is_refused(hits, p, slack):
    with pytest.raises(ValueError, match="must"):
        cusum(np.asarray(hits), np.asarray(p), slack=slack)


def first_passed(rng, limit, slack, *, shift=0.0, runs=800, p=None, length=2000):
    if p is None:
        z = rng.standard_normal((length, runs)) + shift
    else:
        z = ((rng.random((length, runs)) < p) - p) / np.sqrt(p * (1 - p))
    total = np.cumsum(z - slack, axis=0)
    passed = total - np.minimum.accumulate(np.minimum(total, 0.0), axis=0) > limit
    return np.where(passed.any(axis=0), passed.argmax(axis=0) + 1, length)


def test_the_limit_is_passed_once_in_the_stated_number_of_outcomes():
    rng = np.random.default_rng(5)
    for slack in (0.25, 0.5):
        limit = cusum_limit(200, slack=slack)
        assert first_passed(rng, limit, slack).mean() == pytest.approx(200, rel=0.1)
    limit = cusum_limit(200, slack=0.25)
    for p, ratio in ((0.5, 1.04), (0.3, 0.74), (0.2, 0.59)):
        assert first_passed(rng, limit, 0.25, p=p).mean() / 200 == pytest.approx(ratio, rel=0.12)
    # Hawkins (1993): k = 0.5, h = 4 runs 336 outcomes one-sided; found much sooner once the mean has moved by one.
    assert cusum_limit(336, slack=0.5) == pytest.approx(4.0, abs=0.05)
    assert first_passed(rng, 4.0, 0.5, shift=1.0).mean() == pytest.approx(8.4, abs=0.4)
    for run_length, slack in ((1, 0.5), (100, 0.0)):
        with pytest.raises(ValueError, match="run_length must be at least 2"):
            cusum_limit(run_length, slack=slack)


def test_a_collapse_of_hits_is_found_on_the_low_side_alone_and_overlapping_outcomes_alarm_without_one():
    rng = np.random.default_rng(6)
    limit = cusum_limit(500, slack=0.25)
    p = np.full(120, 0.5)
    fallen = cusum((rng.random(120) < np.where(np.arange(120) < 60, 0.5, 0.2)).astype(float), p, slack=0.25)
    assert fallen.low[:60].max() < limit < fallen.low[-1]
    assert fallen.high.max() < limit
    # Each outcome counted ten times, as rows whose windows overlap would be.
    false = [
        (
            cusum(np.repeat(rng.random(50) < 0.5, 10).astype(float), np.full(500, 0.5), slack=0.25).low
            > limit
        ).any()
        for _ in range(50)
    ]
    assert np.mean(false) > 0.9
