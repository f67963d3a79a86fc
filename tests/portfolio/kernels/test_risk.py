"""The figures of risk against second implementations: scikit-learn, SciPy, empyrical, or by hand."""

from __future__ import annotations

import math

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.covariance import LedoitWolf

from portfolio.kernels.covariance import correlation_of, ledoit_wolf_covariance
from portfolio.kernels.returns import common_days, total_returns
from portfolio.kernels.risk import (
    beta_to,
    effective_bets,
    exit_days,
    herfindahl,
    historical_tail,
    max_drawdown,
    normal_tail,
    portfolio_volatility,
    risk_contributions,
)
from portfolio.kernels.stress import share_move, spell_move, worst_spell

seeds = st.integers(0, 10_000)


def market(seed: int, days: int = 120, shares: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, (days, 1)) * 0.01
    return common * rng.uniform(0.3, 1.6, shares) + rng.normal(0, 0.012, (days, shares))


@given(seed=seeds, days=st.integers(2, 90), shares=st.integers(1, 30))
def test_the_covariance_is_scikit_learns(seed, days, shares):
    returns = market(seed, days, shares)
    theirs = LedoitWolf().fit(returns)
    ours = ledoit_wolf_covariance(returns)
    assert np.allclose(ours.matrix, theirs.covariance_, rtol=1e-12, atol=1e-18)
    assert ours.shrinkage == pytest.approx(theirs.shrinkage_, rel=1e-9, abs=1e-12)


def test_the_covariance_refuses_what_it_cannot_be_made_of():
    for wrong in (np.zeros((1, 3)), np.zeros((5, 0)), np.array([[0.1], [np.nan]])):
        with pytest.raises(ValueError, match=r"covariance|finite"):
            ledoit_wolf_covariance(wrong)
    assert ledoit_wolf_covariance(np.zeros((5, 2))).matrix.tolist() == [[0, 0], [0, 0]]


@given(seed=seeds)
def test_the_correlation_is_numpys(seed):
    covariance = ledoit_wolf_covariance(market(seed)).matrix
    deviation = np.sqrt(np.diag(covariance))
    correlation = correlation_of(covariance)
    assert np.allclose(correlation, covariance / deviation[:, None] / deviation, atol=1e-14)
    assert (np.diag(correlation) == 1.0).all() and (np.abs(correlation) <= 1.0).all()


@given(seed=seeds)
def test_contributions_sum_to_the_volatility(seed):
    rng = np.random.default_rng(seed)
    positions = rng.normal(0, 1e6, 6)
    covariance = ledoit_wolf_covariance(market(seed)).matrix
    volatility = portfolio_volatility(positions, covariance)
    contributions = risk_contributions(positions, covariance)
    assert abs(contributions.sum() / volatility - 1.0) < 1e-9
    # Each is the derivative of the volatility, times the position.
    bump = 1e-6 * positions[0]
    moved = positions.copy()
    moved[0] += bump
    slope = (portfolio_volatility(moved, covariance) - volatility) / bump
    assert contributions[0] == pytest.approx(slope * positions[0], rel=1e-3, abs=1e-3 * volatility)


def test_no_position_has_no_risk():
    nothing, covariance = np.zeros(3), np.eye(3)
    assert portfolio_volatility(nothing, covariance) == 0.0
    assert risk_contributions(nothing, covariance).tolist() == [0, 0, 0]
    assert math.isnan(herfindahl(nothing)) and math.isnan(effective_bets(nothing, covariance))


@given(seed=seeds, days=st.integers(3, 400), confidence=st.sampled_from([0.95, 0.99]))
def test_historical_losses_are_empyricals(seed, days, confidence):
    profit = market(seed, days, 1)[:, 0]
    tail = historical_tail(profit, confidence=confidence)
    assert tail.var_rub == pytest.approx(-empyrical.value_at_risk(profit, cutoff=1 - confidence), abs=1e-15)
    theirs = empyrical.conditional_value_at_risk(profit, cutoff=1 - confidence)
    assert tail.cvar_rub == pytest.approx(-theirs, abs=1e-15)
    assert tail.cvar_rub >= tail.var_rub - 1e-15


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_normal_losses_are_scipys(confidence):
    tail = normal_tail(1234.5, confidence=confidence)
    assert tail.var_rub == pytest.approx(stats.norm.ppf(confidence, scale=1234.5), rel=1e-12)
    beyond = stats.norm.expect(lambda x: x, scale=1234.5, lb=tail.var_rub, conditional=True)
    assert tail.cvar_rub == pytest.approx(beyond, rel=1e-9)


@pytest.mark.parametrize("confidence", [0.5, 1.0, 95.0, math.nan])
def test_a_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        historical_tail(np.zeros(3), confidence=confidence)
    with pytest.raises(ValueError, match="confidence"):
        normal_tail(1.0, confidence=confidence)


def test_losses_without_days_or_with_a_negative_volatility_are_refused():
    with pytest.raises(ValueError, match="at least a day"):
        historical_tail(np.zeros(0), confidence=0.95)
    with pytest.raises(ValueError, match="volatility_rub"):
        normal_tail(-1.0, confidence=0.95)


@given(seed=seeds)
def test_the_drawdown_is_empyricals(seed):
    returns = market(seed, 200, 1)[:, 0]
    assert max_drawdown(returns) == pytest.approx(-empyrical.max_drawdown(returns), abs=1e-12)


def test_a_drawdown_by_hand():
    assert max_drawdown(np.array([0.1, -0.5, 1.0])) == pytest.approx(0.5)
    assert max_drawdown(np.array([-0.2])) == pytest.approx(0.2), "the start is a peak"
    assert max_drawdown(np.array([0.1, -1.5, 9.0])) == 1.0, "nothing is left to rise again"
    assert max_drawdown(np.zeros(0)) == 0.0


@given(seed=seeds)
def test_beta_is_scipys_slope_on_common_days(seed):
    returns = market(seed, 100, 2)
    returns[::7, 0] = np.nan
    returns[::11, 1] = np.nan
    both = np.isfinite(returns).all(axis=1)
    slope = stats.linregress(returns[both, 1], returns[both, 0]).slope
    assert beta_to(returns[:, 0], returns[:, 1]) == pytest.approx(slope, rel=1e-10)
    assert math.isnan(beta_to(returns[:1, 0], returns[:1, 1]))
    assert math.isnan(beta_to(np.array([0.1, 0.2]), np.zeros(2)))


def test_concentration_by_hand():
    assert herfindahl(np.full(4, 100.0)) == pytest.approx(0.25)
    one = np.array([0.0, -7.0])
    assert herfindahl(one) == 1.0 and effective_bets(one, np.eye(2)) == pytest.approx(1.0)
    # Two independent shares, one with twice the deviation: variance is carried 4 to 1.
    apart = effective_bets(np.array([1.0, 1.0]), np.diag([1.0, 4.0]))
    assert apart == pytest.approx(math.exp(-(0.2 * math.log(0.2) + 0.8 * math.log(0.8))))
    # Ten shares that move as one are little more than one bet.
    assert effective_bets(np.ones(10), np.full((10, 10), 0.99) + 0.01 * np.eye(10)) < 1.05
    assert math.isnan(effective_bets(np.ones(2), np.zeros((2, 2))))


def test_days_to_exit():
    days = exit_days(
        np.array([1e6, -2e6, 5.0, 5.0]), np.array([1e7, 1e7, 0.0, np.nan]), participation_frac=0.1
    )
    assert days[:2].tolist() == pytest.approx([1.0, 2.0])
    assert days[2] == math.inf and math.isnan(days[3])
    assert exit_days(np.zeros(2), np.array([0.0, np.nan]), participation_frac=0.1).tolist() == [0, 0]
    with pytest.raises(ValueError, match="participation_frac"):
        exit_days(np.ones(1), np.ones(1), participation_frac=0.0)


def test_returns_count_dividends_and_fill_nothing():
    close = np.array([[100.0, 10.0], [95.0, np.nan], [95.0, 12.0]])
    paid = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 0.0]])
    returns = total_returns(close, paid)
    assert returns[:, 0].tolist() == pytest.approx([0.05, 0.0])
    assert np.isnan(returns[:, 1]).all(), "a day without a trade has no return, nor has the next one"


def test_common_days_leave_out_the_short_then_the_sparse():
    returns = np.zeros((100, 3))
    returns[:60, 1] = np.nan  # listed late
    returns[::2, 2] = np.nan  # hardly traded
    found = common_days(returns, min_days=50)
    assert found.kept.tolist() == [True, False, True] and found.rows.sum() == 50
    found = common_days(returns, min_days=51)
    assert found.kept.tolist() == [True, False, False] and found.rows.all()
    # Enough days each, too few in common: the one with fewest days goes.
    returns = np.zeros((100, 3))
    returns[:50, 0] = returns[55:, 1] = np.nan
    found = common_days(returns, min_days=40)
    assert found.kept.tolist() == [False, True, True] and found.rows.sum() == 55
    nothing = common_days(np.full((10, 2), np.nan), min_days=5)
    assert not nothing.kept.any() and not nothing.rows.any()


def test_a_spell_is_from_the_last_close_before_it():
    close = np.array([100.0, np.nan, 80.0, np.nan, 60.0])
    paid = np.array([0.0, 0.0, 3.0, 0.0, 0.0])
    assert spell_move(close, paid, first=2) == pytest.approx((60 + 3) / 100 - 1)
    assert spell_move(close, paid, first=3) == pytest.approx(60 / 80 - 1)
    assert math.isnan(spell_move(np.array([np.nan, 5.0]), np.zeros(2), first=1)), "not listed before"
    assert math.isnan(spell_move(np.array([5.0, np.nan]), np.zeros(2), first=1)), "did not trade in it"


def test_a_stand_in_is_never_silent():
    assert share_move(-0.2, beta=2.0, index_frac=-0.3).stand_in is None
    stood = share_move(math.nan, beta=0.5, index_frac=-0.3)
    assert stood.move_frac == pytest.approx(-0.15) and stood.stand_in == "beta"
    assert share_move(math.nan, beta=5.0, index_frac=-0.3).move_frac == -1.0, "no share loses more than all"
    plain = share_move(math.nan, beta=math.nan, index_frac=-0.3)
    assert plain.move_frac == -0.3 and plain.stand_in == "index"
    assert math.isnan(share_move(math.nan, beta=math.nan, index_frac=math.nan).move_frac)


def test_the_worst_spell_by_hand():
    assert worst_spell(np.array([1.0, 3.0, 2.0, 2.5, 1.5, 4.0, 3.9])) == (1, 4)
    assert worst_spell(np.array([1.0, 2.0])) == (0, 0)
