"""Ranges cover everything, their probabilities are those of the forecast, and the cone widens with time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modeling.contracts import QUANTILE_LEVELS
from signals.kernels.scenarios import nice_step, price_cone, price_scenarios, return_cdf, round_to_step

LEVELS = np.asarray(QUANTILE_LEVELS)
QUANTILES = np.asarray([-0.08, -0.05, -0.02, 0.003, 0.03, 0.06, 0.09])
forecasts = st.lists(st.floats(-0.4, 0.4), min_size=7, max_size=7).map(lambda x: np.sort(np.asarray(x)))
closes = st.floats(0.5, 50_000)
steps = st.sampled_from([0.0001, 0.005, 0.01, 0.02, 0.5, 1.0])


@given(forecasts, closes, steps)
def test_ranges_adjoin_cover_all_and_sum_to_one(quantiles, close, step):
    close = max(close, 5 * step)
    ranges = price_scenarios(close_rub=close, levels=LEVELS, quantiles=quantiles, price_step_rub=step)
    assert 3 <= len(ranges) <= 5
    assert ranges[0].low_rub is None and ranges[-1].high_rub is None
    assert abs(sum(r.p for r in ranges) - 1) < 1e-9
    assert all(r.p >= 0 for r in ranges)
    for left, right in itertools.pairwise(ranges):
        assert left.high_rub == right.low_rub
    inner = [r.high_rub for r in ranges[:-1]]
    assert inner == sorted(set(inner)) and min(inner) > 0
    for cut in inner:
        assert abs(cut / step - round(cut / step)) < 1e-4


def test_probabilities_are_those_of_the_rounded_ranges():
    ranges = price_scenarios(close_rub=300.0, levels=LEVELS, quantiles=QUANTILES, price_step_rub=0.01)
    # A second, slow method: a million outcomes drawn from the piecewise straight distribution.
    draws = np.random.default_rng(0).uniform(0, 1, 1_000_000)
    inside = draws[(draws >= 0.05) & (draws <= 0.95)]
    prices = 300 * (1 + np.interp(inside, LEVELS, QUANTILES))
    for r in ranges[1:-1]:
        share = ((prices > r.low_rub) & (prices <= r.high_rub)).sum() / draws.size
        assert share == pytest.approx(r.p, abs=2e-3)
    assert [r.label for r in ranges] == ["falls_below", "falls_to", "stays_in", "rises_to", "rises_above"]
    assert all(r.high_rub == round(r.high_rub) for r in ranges[:-1])  # sensible steps, not kopecks


def test_a_certain_forecast_still_gives_three_ranges():
    ranges = price_scenarios(close_rub=100.0, levels=LEVELS, quantiles=np.full(7, 0.01), price_step_rub=0.01)
    assert len(ranges) >= 3
    assert max(r.p for r in ranges) == pytest.approx(1.0)


@given(forecasts, st.lists(st.floats(-1, 1), min_size=2, max_size=20))
@example(np.array([-2.2e-311, 2.2e-313, 0.25, 0.25, 0.25, 0.25, 0.25]), [0.0, 0.0])
def test_cdf_rises_within_0_and_1(quantiles, returns):
    shares = return_cdf(np.sort(np.asarray(returns)), levels=LEVELS, quantiles=quantiles)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (np.diff(shares) >= -1e-12).all()


def test_equal_quantiles_are_no_certainty():
    """Crossing levels are pooled: half of the outcomes is not at one price, and no range may say so."""
    pooled = np.asarray([-0.08, -0.05, 0.003, 0.003, 0.003, 0.06, 0.09])
    around = np.array([0.003 - 1e-6, 0.003, 0.003 + 1e-6])
    assert return_cdf(around, levels=LEVELS, quantiles=pooled) == pytest.approx([0.5] * 3, abs=1e-4)
    ranges = price_scenarios(close_rub=300.0, levels=LEVELS, quantiles=pooled, price_step_rub=0.01)
    assert [r.p for r in ranges] == pytest.approx([0.1, 0.2, 0.4, 0.2, 0.1], abs=0.05)


def test_cdf_meets_the_known_quantiles():
    assert return_cdf(QUANTILES, levels=LEVELS, quantiles=QUANTILES) == pytest.approx(LEVELS)


@pytest.mark.parametrize(
    ("size", "step", "wanted"),
    [
        (7.3, 0.01, 5.0),
        (2.0, 0.01, 2.0),
        (0.9, 0.01, 0.5),
        (0.013, 0.01, 0.01),
        (130, 0.5, 50 * 2),
        (3, 5, 5),
    ],
)
def test_nice_steps(size, step, wanted):
    assert nice_step(size, price_step=step) == pytest.approx(wanted)


def test_cone_starts_at_the_close_and_widens_with_the_root_of_time():
    cone = price_cone(close_rub=100.0, levels=LEVELS, quantiles=QUANTILES, days=4, price_step_rub=0.01)
    assert [point.days for point in cone] == [0, 1, 2, 3, 4]
    assert set(cone[0].prices_rub) == {100.0}
    assert cone[-1].prices_rub == pytest.approx([92.0, 98.0, 100.3, 103.0, 109.0])
    spread = [point.prices_rub[-1] - point.prices_rub[0] for point in cone]
    assert spread[1] / spread[4] == pytest.approx(math.sqrt(1 / 4), abs=1e-3)
    for point in cone:
        assert list(point.prices_rub) == sorted(point.prices_rub)


def test_broken_forecasts_are_refused():
    falling, missing = QUANTILES[::-1], QUANTILES.copy()
    missing[3] = np.nan
    for quantiles in (falling, missing, QUANTILES[:3]):
        with pytest.raises(ValueError, match="quantiles"):
            price_scenarios(close_rub=1.0, levels=LEVELS, quantiles=quantiles, price_step_rub=0.01)
    with pytest.raises(ValueError, match="close_rub"):
        price_scenarios(close_rub=0.0, levels=LEVELS, quantiles=QUANTILES, price_step_rub=0.01)
    with pytest.raises(ValueError, match="days"):
        price_cone(close_rub=1.0, levels=LEVELS, quantiles=QUANTILES, days=0, price_step_rub=0.01)
    with pytest.raises(ValueError, match="price_step"):
        nice_step(1.0, price_step=0.0)


def test_rounding_leaves_no_dust():
    assert round_to_step(0.1 + 0.2, 0.01) == 0.3
