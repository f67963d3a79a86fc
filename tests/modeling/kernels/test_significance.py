from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from modeling.kernels.metrics import equal_mass_bins
from modeling.kernels.performance import TRADING_DAYS_A_YEAR, daily_sharpe
from modeling.kernels.significance import (
    block_bootstrap_mean,
    draw_days,
    drawdown_interval,
    figure_interval,
    gaps_by_chance,
    paired_block_bootstrap,
    ratio_interval,
    sharpe_interval,
    stationary_rows,
)

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


def draws_of(days, seed=0, resamples=300, block=5.0, level=0.95):
    rng = np.random.default_rng(seed)
    return draw_days(days, level=level, mean_block_days=block, resamples=resamples, rng=rng)


def test_the_interval_of_days_without_trades_is_that_of_the_mean():
    daily = np.random.default_rng(0).normal(0.1, 1.0, 300)
    known = block_bootstrap_mean(daily, rng=np.random.default_rng(4), **OPTIONS)
    draws = draws_of(300, seed=4, resamples=1000)
    found = ratio_interval(daily, np.ones(300), draws)
    assert (found.value, found.low, found.high) == pytest.approx((known.mean, known.low, known.high))
    assert (found.days, found.level) == (300, 0.95)


def test_every_draw_is_judged_as_if_it_were_the_sample():
    rng = np.random.default_rng(1)
    daily, counts = rng.normal(0.02, 0.1, 60), rng.integers(0, 4, 60).astype(float)
    draws = draws_of(60, resamples=50)

    def expected(figure):
        value = figure(np.arange(60))
        return figure_interval(value, np.array([figure(row) for row in draws.rows]), draws)

    def close(first, second):
        return (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high))

    assert close(ratio_interval(daily, counts, draws), expected(lambda r: daily[r].sum() / counts[r].sum()))
    assert close(sharpe_interval(daily, draws), expected(lambda r: daily_sharpe(daily[r])))


def test_days_without_any_trade_have_no_ratio_and_no_sharpe():
    draws = draws_of(20)
    for found in (
        ratio_interval(np.zeros(20), np.zeros(20), draws),
        sharpe_interval(np.zeros(20), draws),
    ):
        assert np.isnan([found.value, found.low, found.high]).all()
    once = np.zeros(20)
    once[3] = 1.0  # a third of the draws leave this day out; the others know a ratio
    assert ratio_interval(0.5 * once, once, draws).low == pytest.approx(0.5)


def test_bounds_hold_about_as_often_as_they_say():
    held = np.zeros((3, 2))
    for seed in range(400):
        rng = np.random.default_rng(seed)
        draws = draws_of(120, seed=seed, resamples=150)
        counts = rng.poisson(1.5, 120).astype(float)
        sums = 0.3 * counts + np.sqrt(counts) * rng.normal(size=120)
        daily = rng.normal(0.3, 1.0, 120)
        found = (
            ratio_interval(daily, np.ones(120), draws),
            ratio_interval(sums, counts, draws),
            sharpe_interval(daily, draws),
        )
        truth = (0.3, 0.3, 0.3 * np.sqrt(TRADING_DAYS_A_YEAR))
        held += [(one.low <= true, one.high >= true) for one, true in zip(found, truth, strict=True)]
    assert np.all(held / 400 > 0.90)
    assert np.all(held / 400 < 0.98)


def slow_drawdown(path, compounding):
    capital = peak = 1.0
    deepest = 0.0
    for day in path:
        capital = capital * (1 + day) if compounding else capital + day
        peak = max(peak, capital)
        deepest = max(deepest, (peak - capital) / (peak if compounding else 1.0))
    return deepest


@pytest.mark.parametrize("compounding", [True, False])
def test_the_drawdowns_are_those_of_the_redrawn_paths(compounding):
    daily = np.random.default_rng(2).normal(0.0, 0.01, 80)
    draws = draws_of(80, resamples=40)
    found = drawdown_interval(daily, draws, compounding=compounding)
    paths = [slow_drawdown(daily[row], compounding) for row in draws.rows]
    assert found.value == pytest.approx(slow_drawdown(daily, compounding))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(paths, [0.05, 0.95])))
    rising = drawdown_interval(np.full(80, 0.01), draws, compounding=compounding)
    assert (rising.value, rising.low, rising.high) == (0.0, 0.0, 0.0)


def test_weights_count_the_rows_drawn():
    draws = draws_of(30, resamples=7)
    for row, weights in zip(draws.rows, draws.weights, strict=True):
        np.testing.assert_array_equal(weights, np.bincount(row, minlength=30))
    # Blocks longer than a quarter of the days would leave too few of them.
    assert draws_of(8, block=100.0).widening == pytest.approx(np.sqrt(8 / 5))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda draws: draws_of(1), "at least 2"),
        (lambda draws: draws_of(5, level=0.4), "level must lie"),
        (lambda draws: draws_of(5, block=0.5), "at least 1"),
        (lambda draws: figure_interval(0.0, np.zeros(9), draws), "one for each draw"),
        (lambda draws: ratio_interval(np.zeros(9), np.ones(20), draws), "the 20 days drawn"),
        (lambda draws: ratio_interval(np.zeros(20), np.full(20, np.nan), draws), "missing"),
        (lambda draws: sharpe_interval(np.full(20, np.inf), draws), "missing"),
        (lambda draws: drawdown_interval(np.zeros((2, 20)), draws, compounding=False), "the 20 days drawn"),
    ],
)
def test_wrong_draws_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call(draws_of(20))


def windows_said(seed, *, bias=0.0, days=250, window=5, shares=12):
    """Return daily gaps and counts (days, 10) of probabilities of what overlapping windows of like shares bring."""
    rng = np.random.default_rng(seed)
    shocks = np.sqrt(0.4) * rng.normal(size=(days + window, 1)) + np.sqrt(0.6) * rng.normal(
        size=(days + window, shares)
    )
    moves = np.stack([shocks[day : day + window].sum(axis=0) for day in range(days)]) / np.sqrt(window)
    p = expit(rng.normal(-0.8, 0.4, moves.shape))
    happened = moves < norm.ppf(p)
    bins = equal_mass_bins(p.ravel(), bins=10) + 10 * np.repeat(np.arange(days), shares)
    gap, rows = (
        np.bincount(bins, weights=each.ravel(), minlength=10 * days).reshape(days, 10)
        for each in (p + bias - happened, np.ones(p.shape))
    )
    return gap, rows


@pytest.mark.parametrize(("bias", "least", "most"), [(0.0, 0.0, 0.25), (0.12, 0.9, 1.0)])
def test_chance_explains_the_error_of_a_perfect_forecast_and_not_that_of_a_wrong_one(bias, least, most):
    above = []
    for seed in range(60):
        gap, rows = windows_said(seed, bias=bias)
        draws = draw_days(250, rng=np.random.default_rng(seed), **OPTIONS | {"resamples": 200})
        chance = np.abs(gaps_by_chance(gap, rows, draws)).sum(axis=1) / (draws.weights @ rows.sum(axis=1))
        above.append(np.abs(gap.sum(axis=0)).sum() / rows.sum() > np.quantile(chance, 0.95))
    assert least <= np.mean(above) <= most


def test_gaps_by_chance_by_a_plain_loop():
    rng = np.random.default_rng(3)
    gap, rows = rng.normal(0.2, 1.0, (30, 3)), rng.integers(0, 4, (30, 3)).astype(float)
    gap[rows == 0] = 0.0
    rows[:, 2], gap[:, 2] = 0.0, 0.0  # a bin without rows
    draws = draw_days(30, rng=rng, **OPTIONS | {"resamples": 20})
    found = gaps_by_chance(gap, rows, draws)
    for draw in range(20):
        for place in range(2):
            own = gap[:, place].sum() / rows[:, place].sum()
            total = sum(gap[day, place] - rows[day, place] * own for day in draws.rows[draw])
            assert found[draw, place] == pytest.approx(draws.widening * total)
    assert not found[:, 2].any()


def test_gaps_of_other_days_are_refused():
    draws = draw_days(30, rng=np.random.default_rng(0), **OPTIONS)
    with pytest.raises(ValueError, match="sums of the 30 days drawn"):
        gaps_by_chance(np.zeros((29, 2)), np.zeros((29, 2)), draws)
    with pytest.raises(ValueError, match="missing"):
        gaps_by_chance(np.full((30, 2), np.nan), np.zeros((30, 2)), draws)
