from __future__ import annotations

import dataclasses

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels import performance
from modeling.kernels.performance import (
    DailyFractions,
    account_performance,
    cagr,
    daily_fractions,
    daily_sharpe,
    daily_sortino,
    daily_volatility_yearly,
    drawdown_curve,
    drawdowns,
    equity_curve,
)


def drawn(seed, days):
    """Return daily returns with days without a trade, a drift and, rarely, a ruin."""
    rng = np.random.default_rng(seed)
    daily = rng.normal(rng.choice([-0.002, 0.0, 0.003]), 0.02, days)
    daily[rng.random(days) < 0.3] = 0.0
    if rng.random() < 0.1:
        daily[rng.integers(days)] = -1.0
    return daily


def account(daily, invested=None, traded=None):
    zeros = np.zeros(daily.shape)
    return DailyFractions(
        net_frac=daily,
        invested_frac=zeros if invested is None else invested,
        traded_frac=zeros if traded is None else traded,
    )


def falls_slowly(daily):
    """Walk through the days; return [(depth, peak day, recovery day or None)]."""
    capital, peak, peak_day, depth, found = 1.0, 1.0, 0, 0.0, []
    for day, change in enumerate(daily, start=1):
        capital *= 1.0 + change
        if capital >= peak * (1 - 1e-12):
            if depth > 0:
                found.append((depth, peak_day, day))
            peak, peak_day, depth = max(peak, capital), day, 0.0
        else:
            depth = max(depth, 1.0 - capital / peak)
    return found + ([(depth, peak_day, None)] if depth > 0 else [])


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 400))
def test_an_account_equals_empyrical(seed, days):
    daily = drawn(seed, days)
    got = account_performance(account(daily))
    deepest = -empyrical.max_drawdown(daily)
    assert got.days == days
    assert got.net_frac == pytest.approx(empyrical.cum_returns_final(daily), abs=1e-12)
    assert got.cagr == pytest.approx(empyrical.annual_return(daily), rel=1e-9, abs=1e-12)
    assert got.volatility == pytest.approx(empyrical.annual_volatility(daily), nan_ok=True)
    assert got.drawdowns.deepest_frac == pytest.approx(deepest, abs=1e-12)
    if daily.any():  # without a move ours are unknown, a ratio over 0 is not
        assert got.sharpe == pytest.approx(empyrical.sharpe_ratio(daily), rel=1e-9, nan_ok=True)
    if (daily < 0).any():
        assert got.sortino == pytest.approx(empyrical.sortino_ratio(daily), rel=1e-9, nan_ok=True)
        assert got.calmar == pytest.approx(empyrical.calmar_ratio(daily), rel=1e-9)
    equity = equity_curve(daily)
    np.testing.assert_allclose(equity, empyrical.cum_returns(daily, starting_value=1), atol=1e-12)
    np.testing.assert_allclose(drawdown_curve(equity), -empyrical.stats.drawdown_series(daily), atol=1e-12)
    assert (got.best_day_frac, got.worst_day_frac) == (daily.max(), daily.min())


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 120))
def test_drawdown_lengths_equal_a_walk_through_the_days(seed, days):
    daily = drawn(seed, days)
    got, found = drawdowns(equity_curve(daily)), falls_slowly(daily)
    lengths = [(days if recovery is None else recovery) - peak for _, peak, recovery in found]
    assert got.longest_days == max(lengths, default=0)
    assert got.underwater_at_end_days == (lengths[-1] if found and found[-1][2] is None else 0)
    depths = [depth for depth, _, _ in found]
    assert got.deepest_frac == pytest.approx(max(depths, default=0.0), abs=1e-12)
    if found:
        deepest = int(np.argmax(depths))
        assert got.deepest_days == lengths[deepest]
        assert got.deepest_recovered == (found[deepest][2] is not None)


def test_drawdowns_by_hand():
    # 1.10, 0.55 (a half lost), 1.10 again in 2 days; then a tenth lost for good.
    daily = np.array([0.1, -0.5, 0.0, 1.0, -0.1, 0.0])
    got = drawdowns(equity_curve(daily))
    assert got.deepest_frac == pytest.approx(0.5)
    assert (got.deepest_days, got.deepest_recovered) == (3, True)
    assert (got.longest_days, got.underwater_at_end_days) == (3, 2)
    np.testing.assert_allclose(drawdown_curve(equity_curve(daily)), [0, 0.5, 0.5, 0, 0.1, 0.1], atol=1e-15)


def test_a_peak_that_rounding_alone_misses_is_a_recovery():
    daily = np.array([0.1, -0.05, 1 / 0.95 - 1, 0.0])
    equity = equity_curve(daily)
    assert equity[2] < equity[0]  # by one bit
    assert drawdowns(equity).underwater_at_end_days == 0


def test_a_ruin_is_minus_1_and_stays():
    daily = np.array([0.02, -1.0, 0.5])
    got = account_performance(account(daily))
    assert (got.net_frac, got.cagr, got.calmar) == (-1.0, -1.0, -1.0)
    assert got.drawdowns == performance.Drawdowns(
        deepest_frac=1.0,
        deepest_days=2,
        deepest_recovered=False,
        longest_days=2,
        underwater_at_end_days=2,
    )


def test_an_account_without_a_trade_has_no_ratio():
    got = account_performance(account(np.zeros(10)))
    assert (got.net_frac, got.cagr, got.volatility, got.exposed_days_share, got.turnover_yearly) == (0,) * 5
    assert np.isnan([got.sharpe, got.sortino, got.calmar]).all()
    assert got.drawdowns == performance.Drawdowns(
        deepest_frac=0.0,
        deepest_days=0,
        deepest_recovered=True,
        longest_days=0,
        underwater_at_end_days=0,
    )


def test_one_day_is_drawn_out_to_a_year_and_has_no_spread():
    got = account_performance(account(np.array([0.001])))
    assert got.cagr == pytest.approx(1.001**252 - 1)
    assert np.isnan([got.volatility, got.sharpe, got.sortino, got.calmar]).all()
    assert np.isnan(account_performance(account(np.array([100.0]))).cagr)  # beyond any number
    assert np.isnan(cagr(np.zeros(0)))


def test_all_losses():
    got = account_performance(account(np.array([-0.01, -0.02, -0.03])))
    wanted = 1 - 0.99 * 0.98 * 0.97
    assert got.drawdowns.deepest_frac == pytest.approx(wanted)
    assert (got.drawdowns.deepest_days, got.drawdowns.underwater_at_end_days) == (3, 3)
    assert got.sortino == pytest.approx(-0.02 / np.sqrt(0.0014 / 3) * 252**0.5)
    assert got.calmar == pytest.approx(((1 - wanted) ** 84 - 1) / wanted)


def test_gains_alone_have_no_sortino_and_no_calmar():
    got = account_performance(account(np.array([0.01, 0.0, 0.02])))
    assert np.isnan([got.sortino, got.calmar]).all()
    assert got.sharpe == pytest.approx(0.01 / 0.01 * 252**0.5)


def test_sharpe_by_hand():
    daily = np.array([0.01, -0.005, 0.002, 0.0])
    assert daily_sharpe(daily) == pytest.approx(np.mean(daily) / np.std(daily, ddof=1) * 252**0.5)
    for none in (daily[:1], np.full(5, 0.1)):
        assert np.isnan(daily_sharpe(none))
    assert np.isnan([daily_sortino(daily[1:2]), daily_volatility_yearly(daily[:1])]).all()


def test_exposure_and_turnover_by_hand():
    got = account_performance(
        account(np.zeros(4), invested=np.array([0.0, 0.5, 1.5, 0.0]), traded=np.array([0.0, 0.5, 1.0, 1.5]))
    )
    assert (got.exposed_days_share, got.mean_invested_frac, got.turnover_yearly) == (0.5, 0.5, 0.75 * 252)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 60), st.floats(1.0, 1e9))
def test_fractions_of_an_account_in_roubles_are_those_that_made_it(seed, days, start_rub):
    daily = drawn(seed, days)
    rng = np.random.default_rng(seed)
    invested, traded = rng.random((2, days))
    equity = start_rub * equity_curve(daily)
    before = np.concatenate(([start_rub], equity[:-1]))
    got = daily_fractions(
        equity, gross_rub=invested * equity, turnover_rub=traded * before, start_rub=start_rub
    )
    ruin = np.flatnonzero(daily == -1.0)
    if ruin.size:
        daily[ruin[0] + 1 :] = traded[ruin[0] + 1 :] = invested[ruin[0] :] = 0.0
    np.testing.assert_allclose(got.net_frac, daily, atol=1e-12)
    np.testing.assert_allclose(got.invested_frac, invested, atol=1e-12)
    np.testing.assert_allclose(got.traded_frac, traded, atol=1e-12)


def test_an_account_below_0_is_ruined_and_stays_so():
    got = daily_fractions(
        np.array([110.0, -20.0, 5.0, 6.0]),
        gross_rub=np.array([55.0, 30.0, 5.0, 5.0]),
        turnover_rub=np.array([50.0, 110.0, 5.0, 0.0]),
        start_rub=100.0,
    )
    np.testing.assert_allclose(got.net_frac, [0.1, -1.0, 0.0, 0.0])
    np.testing.assert_allclose(got.invested_frac, [0.5, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(got.traded_frac, [0.5, 1.0, 0.0, 0.0])


DAY = np.zeros(2)


def in_roubles(**changes):
    values = {"equity_rub": np.ones(2), "gross_rub": DAY, "turnover_rub": DAY, "start_rub": 1.0} | changes
    return daily_fractions(values.pop("equity_rub"), **values)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: account(np.array([0.0, -1.01])), "must be -1 or more, was -1.01"),
        (lambda: account(np.array([0.0, np.nan])), "a figure is missing"),
        (lambda: account(np.zeros(0)), "a trading day at least"),
        (lambda: account(np.zeros((2, 1))), r"one shape \(d,\)"),
        (lambda: account(DAY, invested=np.zeros(3)), "one shape"),
        (lambda: account(DAY, invested=np.array([0.0, -0.1])), "one was negative"),
        (lambda: account(DAY, traded=np.array([0.0, -0.1])), "one was negative"),
        (lambda: account(DAY, traded=np.array([0.0, np.inf])), "a figure is missing"),
        (lambda: equity_curve(np.array([np.nan])), "a day without a trade is 0"),
        (lambda: equity_curve(np.array([-2.0])), "closed at -1"),
        (lambda: equity_curve(np.full(500, 9.0)), "percent instead of fractions"),
        (lambda: in_roubles(start_rub=0.0), "start_rub must be above 0"),
        (lambda: in_roubles(start_rub=np.nan), "start_rub must be above 0"),
        (lambda: in_roubles(gross_rub=np.zeros(3)), "one shape"),
        (lambda: in_roubles(turnover_rub=np.zeros(1)), "one shape"),
        (lambda: in_roubles(equity_rub=np.array([1.0, np.nan])), "an equity is missing"),
        (lambda: in_roubles(gross_rub=np.array([1.0, np.nan])), "a figure is missing"),
        (lambda: in_roubles(turnover_rub=np.array([1.0, -1.0])), "one was negative"),
        (lambda: in_roubles(equity_rub=DAY[:0], gross_rub=DAY[:0], turnover_rub=DAY[:0]), "a trading day"),
    ],
)
def test_wrong_figures_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_an_account_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        account(DAY).net_frac = DAY
