from __future__ import annotations

import numpy as np
import pytest

from modeling.kernels.significance import block_bootstrap_mean, paired_block_bootstrap, stationary_rows

OPTIONS = {"level": 0.95, "mean_block_days": 5.0, "resamples": 1000}


def autocorrelated(rng, n=250, memory=0.6):
    noise = rng.normal(size=n)
    series = np.empty(n)
    series[0] = noise[0]
    for day in range(1, n):
        series[day] = memory * series[day - 1] + noise[day]
    return series


def test_the_lower_bound_keeps_its_level_and_one_day_blocks_would_not():
    # The true mean is 0: a 95 % lower bound should lie above it in about 5 % of all series.
    series = [autocorrelated(np.random.default_rng(seed)) for seed in range(120)]

    def above(mean_block_days):
        options = OPTIONS | {"mean_block_days": mean_block_days, "resamples": 200}
        return np.mean(
            [block_bootstrap_mean(x, rng=np.random.default_rng(1), **options).low > 0 for x in series]
        )

    assert above(20.0) <= 0.15  # 7.8 % of 1,500 such series, and three standard errors of 120
    assert above(1.0) > 0.2  # the sabotage: blocks that forget the dependence promise too much


def test_bounds_lie_around_the_mean_and_a_seed_fixes_them():
    daily = np.random.default_rng(0).normal(0.1, 1.0, 300)
    first, again, other = (
        block_bootstrap_mean(daily, rng=np.random.default_rng(seed), **OPTIONS) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first.low < first.mean < first.high
    assert first.mean == pytest.approx(daily.mean())
    assert (first.days, first.level) == (300, 0.95)
    # For independent days the bound is near the textbook's.
    assert first.mean - first.low == pytest.approx(1.645 * daily.std() / np.sqrt(300), rel=0.25)


def test_days_without_variation_have_no_interval_width():
    interval = block_bootstrap_mean(np.zeros(50), rng=np.random.default_rng(0), **OPTIONS)
    assert interval.low == interval.high == 0.0


def test_the_bound_of_independent_days_is_not_narrowed_by_long_blocks():
    # The spread of the mean of 60 days is known; blocks of 10 days alone would make it 17 % too small.
    widths = []
    for seed in range(300):
        daily = np.random.default_rng(seed).normal(0, 1.0, 60)
        interval = block_bootstrap_mean(
            daily, rng=np.random.default_rng(seed), **(OPTIONS | {"mean_block_days": 10.0, "resamples": 200})
        )
        widths.append((interval.high - interval.low) / 2 / 1.645)
    assert np.sqrt(np.mean(np.square(widths))) == pytest.approx(1 / np.sqrt(60), rel=0.08)


def test_a_few_days_are_enough_to_answer():
    interval = block_bootstrap_mean(np.array([0.1, -0.1, 0.2]), rng=np.random.default_rng(0), **OPTIONS)
    assert interval.low < 0 < interval.high


def test_pairing_sees_a_small_difference_that_two_noisy_series_hide():
    rng = np.random.default_rng(0)
    market = rng.normal(0, 1.0, 300)
    better, worse = market + 0.05 + rng.normal(0, 0.1, 300), market + rng.normal(0, 0.1, 300)
    paired = paired_block_bootstrap(better, worse, rng=np.random.default_rng(0), **OPTIONS)
    assert paired.low > 0
    assert block_bootstrap_mean(better, rng=np.random.default_rng(0), **OPTIONS).low < 0


def test_blocks_have_the_wanted_mean_length_and_wrap_at_the_end():
    rows = stationary_rows(500, mean_block_days=10.0, resamples=400, rng=np.random.default_rng(0))
    assert rows.shape == (400, 500)
    assert rows.min() == 0
    assert rows.max() == 499
    breaks = np.mean((np.diff(rows, axis=1) % 500) != 1)
    assert 1.0 / breaks == pytest.approx(10.0, rel=0.05)
    counts = np.bincount(rows.ravel(), minlength=500)  # no day is favoured, the last ones included
    assert counts.std() / counts.mean() < 0.25


@pytest.mark.parametrize(
    ("change", "daily", "text"),
    [
        ({}, np.zeros(1), "at least 2"),
        ({}, np.array([0.0, np.nan]), "finite"),
        ({"level": 1.0}, np.zeros(5), "level must lie"),
        ({"mean_block_days": 0.5}, np.zeros(5), "at least 1"),
        ({"resamples": 0}, np.zeros(5), "at least 1"),
    ],
)
def test_wrong_requests_are_refused(change, daily, text):
    with pytest.raises(ValueError, match=text):
        block_bootstrap_mean(daily, rng=np.random.default_rng(0), **(OPTIONS | change))


def test_paired_series_must_match():
    with pytest.raises(ValueError, match="one shape"):
        paired_block_bootstrap(np.zeros(5), np.zeros(6), rng=np.random.default_rng(0), **OPTIONS)
