"""Figures of a record by a second method, their bounds, and that kinds are never mixed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.significance import block_bootstrap_mean
from signals.kernels.track_record import (
    LEAST_TRADES,
    ResolvedTrades,
    record_curve,
    record_days,
    record_figures,
)

DAY = 86_400
R = st.lists(st.floats(-1.5, 2.5, allow_nan=False).map(lambda x: round(x, 3)), min_size=1, max_size=40)


def trades(r, *, every_s=DAY // 2, kinds=None) -> ResolvedTrades:
    r = np.asarray(r, dtype=np.float64)
    decided = 1_700_000_000 + every_s * np.arange(r.size)
    return ResolvedTrades(
        kind=kinds or [("replay", False)] * r.size,
        decided_s=decided,
        exit_s=decided + DAY,
        hit=r > 1.0,
        break_even=np.full(r.size, 0.4),
        net_frac=r * 0.02,
        r_multiple=r,
    )


@given(R)
def test_figures_equal_plain_python(r):
    whole, groups = record_figures(trades(r), {"sign": ["up" if x > 0 else "down" for x in r]})
    assert whole is not None and whole.trades == len(r)
    assert whole.total_r == pytest.approx(sum(r))
    assert whole.mean_r.value == pytest.approx(sum(r) / len(r))
    assert whole.hit_rate.value == pytest.approx(sum(x > 1.0 for x in r) / len(r))
    assert whole.win_rate.value == pytest.approx(sum(x > 0.0 for x in r) / len(r))
    lost = -sum(x for x in r if x < 0)
    if lost:
        assert whole.profit_factor.value == pytest.approx(sum(x for x in r if x > 0) / lost)
    else:
        assert math.isnan(whole.profit_factor.value)
    equity = highest = deepest = 0.0
    for x in r:
        equity += x
        highest = max(highest, equity)
        deepest = max(deepest, highest - equity)
    assert whole.drawdown_r == pytest.approx(deepest, abs=1e-9)
    assert sum(own.trades for own in groups["sign"].values()) == len(r)
    assert sum(own.total_r for own in groups["sign"].values()) == pytest.approx(whole.total_r)


@given(R)
def test_bounds_hold_the_figure_and_few_trades_have_none(r):
    whole, _ = record_figures(trades(r), {})
    assert whole is not None
    if len(r) < LEAST_TRADES:
        assert whole.mean_r.low is whole.mean_r.high is whole.hit_rate.low is None
    else:
        assert whole.mean_r.low is not None and whole.mean_r.high is not None
        assert whole.mean_r.low <= whole.mean_r.value + 1e-12
        assert whole.mean_r.high >= whole.mean_r.value - 1e-12


def test_bounds_of_a_share_stay_where_a_share_can_be():
    # Two hits of sixty in one spell: the basic bootstrap alone puts the lower bound below nothing.
    r = np.full(60, -1.0)
    r[30:32] = 2.0
    figures = record_figures(trades(r, every_s=DAY), {})[0]
    assert figures.hit_rate.low == 0.0 < figures.hit_rate.value < figures.hit_rate.high <= 1.0
    assert figures.profit_factor.low == 0.0
    turned = record_figures(trades(np.where(r > 0, -1.0, 2.0), every_s=DAY), {})[0]
    assert turned.win_rate.low < turned.win_rate.value < turned.win_rate.high == 1.0


def test_trades_of_one_day_have_no_bounds_and_more_days_narrow_them():
    whole, _ = record_figures(trades([1.0, -1.0] * 10, every_s=60), {})
    assert whole is not None and whole.mean_r.low is None and whole.days == 1

    def width(n: int) -> float:
        draws = np.random.default_rng(3).choice([2.0, -1.0], n)
        found, _ = record_figures(trades(draws), {})
        assert found is not None and found.mean_r.low is not None and found.mean_r.high is not None
        return found.mean_r.high - found.mean_r.low

    assert width(800) < width(100) / 2


def test_a_bound_holds_as_often_as_it_says():
    """Trades without an edge, several a day: the lower bound at 95 % is above 0 in about 5 % of records."""
    rng = np.random.default_rng(1)
    above = 0
    for _ in range(200):
        found, _ = record_figures(
            trades(rng.choice([2.0, -1.0], 300, p=[1 / 3, 2 / 3]), every_s=DAY // 3), {}
        )
        assert found is not None and found.mean_r.low is not None
        above += found.mean_r.low > 0
    assert 1 <= above <= 24


def test_kinds_are_refused_together():
    kinds = [("live", True), ("replay", True)]
    with pytest.raises(ValueError, match="one source, proven or paper, was of"):
        trades([1.0, 1.0], kinds=kinds)
    with pytest.raises(ValueError, match="one source, proven or paper"):
        trades([1.0, 1.0], kinds=[("live", True), ("live", False)])


def test_what_is_not_closed_or_not_of_one_length_is_refused():
    with pytest.raises(ValueError, match="missing or infinite"):
        trades([1.0, float("nan")])
    with pytest.raises(ValueError, match="every column"):
        trades([1.0, 2.0], kinds=[("live", True)])
    with pytest.raises(ValueError, match="groups action must name 2 trades"):
        record_figures(trades([1.0, 2.0]), {"action": ["BUY"]})


def test_nothing_has_no_figures():
    assert record_figures(trades([]), {"action": []}) == (None, {"action": {}})
    assert record_curve(np.zeros(0, dtype=np.int64), np.zeros(0)).equity_r.size == 0


def test_the_curve_follows_the_ends_of_trades():
    curve = record_curve(np.array([30, 10, 20, 10]), np.array([1.0, -1.0, 2.0, 4.0]))
    assert curve.exit_s.tolist() == [10, 20, 30] and curve.equity_r.tolist() == [3.0, 5.0, 6.0]


def test_the_order_of_trades_that_end_together_changes_nothing():
    one, other = np.array([1, 1, 2]), np.array([-1.0, 2.0, -1.0])
    assert record_curve(one, other).equity_r.tolist() == record_curve(one, other[[1, 0, 2]]).equity_r.tolist()


def days_of(n: int, *, seed: int = 0, drift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return n trades that ended on n days, one each, and their R."""
    rng = np.random.default_rng(seed)
    return 86_400 * np.arange(100, 100 + n), rng.normal(drift, 1.0, n)


def test_the_curve_by_day_is_the_curve_at_the_end_of_each_day():
    exit_s, r = np.array([86_400 * 9, 86_400 * 5, 86_400 * 5 + 60]), np.array([3.0, 1.0, -2.0])
    days = record_days(exit_s, r, most=9)
    assert (
        days.day.tolist() == [5, 9]
        and days.equity_r.tolist() == [-1.0, 2.0]
        and days.fall_r.tolist() == [1.0, 0.0]
    )
    assert np.isnan(days.low_r).all() and np.isnan(days.high_r).all()  # three trades tell no band
    assert all(column.size == 0 for column in record_days(exit_s[:0], r[:0], most=9))
    with pytest.raises(ValueError, match="at least 2, was 1"):
        record_days(exit_s, r, most=1)


def test_few_points_keep_the_end_and_the_deepest_fall():
    exit_s, r = days_of(300)
    r[150] = -40.0
    whole, few = record_days(exit_s, r, most=1000), record_days(exit_s, r, most=20)
    assert whole.day.size == 300 and few.day.size <= 20 and set(few.day) <= set(whole.day)
    assert (
        few.day[0] == whole.day[0] and few.day[-1] == whole.day[-1] and few.equity_r[-1] == whole.equity_r[-1]
    )
    assert few.fall_r.max() == whole.fall_r.max()
    assert np.array_equal(few.low_r, whole.low_r[np.isin(whole.day, few.day)])


def test_the_band_ends_as_the_interval_of_the_sum_and_widens():
    """A second way: the bounds of the mean of a day, times the days."""
    exit_s, r = days_of(250, drift=0.1)
    days = record_days(exit_s, r, most=1000)
    own = block_bootstrap_mean(
        r, level=0.95, mean_block_days=14.0, resamples=1000, rng=np.random.default_rng(0)
    )
    assert days.low_r[-1] == pytest.approx(250 * own.low) and days.high_r[-1] == pytest.approx(250 * own.high)
    width = days.high_r - days.low_r
    assert (width > 0).all() and width[10] < width[100] < width[-1]


def test_the_band_holds_the_true_drift_about_as_often_as_it_says():
    """Nine tenths are between two one-sided bounds at 0.95; a band of half the width would hold far fewer."""
    inside = narrow = 0
    for seed in range(120):
        exit_s, r = days_of(120, seed=seed)
        days = record_days(exit_s, r, most=1000)
        low, high, end = days.low_r[-1], days.high_r[-1], days.equity_r[-1]
        inside += low <= 0.0 <= high
        narrow += end - (end - low) / 2 <= 0.0 <= end + (high - end) / 2
    assert inside > 0.8 * 120 and narrow < 0.75 * 120
