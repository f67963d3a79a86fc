from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.kernels.trade_performance import ClosedTrades, trade_performance, trades_by_group


def drawn(seed, n):
    rng = np.random.default_rng(seed)
    net = np.round(rng.normal(rng.choice([-0.03, 0.0, 0.03]), 0.02, n), 2)  # some exactly 0
    r_multiple = net / 0.01
    r_multiple[rng.random(n) < 0.3] = np.nan
    return ClosedTrades(
        entry_day=rng.integers(19_000, 19_040, n),
        entry_value_rub=rng.uniform(1e4, 1e6, n),
        net_frac=net,
        r_multiple=r_multiple,
    )


def mean(values):
    return sum(values) / len(values) if values else math.nan


def figures_slowly(trades, rows):
    """Return the figures of some trades by loops over plain numbers."""
    net = [float(trades.net_frac[row]) for row in rows]
    rub = [float(trades.net_frac[row] * trades.entry_value_rub[row]) for row in rows]
    r_known = [float(trades.r_multiple[row]) for row in rows if not np.isnan(trades.r_multiple[row])]
    won, lost = [x for x in rub if x > 0], [x for x in rub if x < 0]
    low, high = (
        scipy.stats.binomtest(len(won), len(rows)).proportion_ci(method="wilson") if rows else (0.0, 1.0)
    )
    return {
        "trades": len(rows),
        "wins": len(won),
        "losses": len(lost),
        "win_rate": mean([float(x > 0) for x in net]),
        "win_rate_low": low,
        "win_rate_high": high,
        "net_rub": sum(rub),
        "average_win_frac": mean([x for x in net if x > 0]),
        "average_loss_frac": mean([x for x in net if x < 0]),
        "payoff_ratio": -mean(won) / mean(lost),
        "profit_factor": -sum(won) / sum(lost) if lost else math.nan,
        "expectancy_frac": mean(net),
        "expectancy_rub": mean(rub),
        "expectancy_r": mean(r_known),
        "trades_with_r": len(r_known),
        "best_frac": max(net, default=math.nan),
        "worst_frac": min(net, default=math.nan),
    }


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_figures_equal_loops_over_the_trades(seed, n):
    trades = drawn(seed, n)
    got = trade_performance(trades, trading_days=42)
    for name, wanted in figures_slowly(trades, range(n)).items():
        assert getattr(got, name) == pytest.approx(wanted, rel=1e-9, abs=1e-6, nan_ok=True), name
    assert got.trades_per_month == pytest.approx(n / 2)
    assert got.days_with_trade_share == pytest.approx(len(set(trades.entry_day.tolist())) / 42)
    if got.wins and got.losses:
        assert got.profit_factor == pytest.approx(got.payoff_ratio * got.wins / got.losses)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_groups_equal_loops_over_their_trades(seed, n):
    trades = drawn(seed, n)
    group = np.random.default_rng(seed).choice([-3, 0, 5, 12], n)
    got = trades_by_group(trades, group)
    assert list(got.group) == sorted(set(group.tolist()))
    for place, name in enumerate(got.group):
        wanted = figures_slowly(trades, [row for row in range(n) if group[row] == name])
        for field in (
            "trades", "win_rate", "win_rate_low", "win_rate_high", "expectancy_frac", "expectancy_r", "net_rub",
        ):  # fmt: skip
            value = getattr(got, field)[place]
            assert value == pytest.approx(wanted[field], rel=1e-9, abs=1e-6, nan_ok=True), field
    assert got.trades.sum() == n
    assert got.net_rub.dtype == np.float64
    assert got.net_rub.sum() == pytest.approx(trade_performance(trades, trading_days=40).net_rub, abs=1e-6)


def made(net, **changes):
    net = np.asarray(net, dtype=np.float64)
    values = {
        "entry_day": np.arange(net.size),
        "entry_value_rub": np.full(net.size, 100.0),
        "net_frac": net,
        "r_multiple": net / 0.02,
    }
    return ClosedTrades(**(values | changes))


def test_figures_by_hand():
    got = trade_performance(made([0.04, -0.02, 0.0, 0.02], entry_day=np.array([3, 3, 4, 9])), trading_days=21)
    assert (got.trades, got.wins, got.losses, got.win_rate) == (4, 2, 1, 0.5)
    assert (got.net_rub, got.payoff_ratio, got.profit_factor) == (pytest.approx(4.0), pytest.approx(1.5), 3.0)
    assert (got.expectancy_frac, got.expectancy_r) == (pytest.approx(0.01), pytest.approx(0.5))
    assert (got.trades_per_month, got.days_with_trade_share) == (4.0, pytest.approx(3 / 21))


def test_no_trade_has_no_rate():
    got = trade_performance(made([]), trading_days=5)
    assert (got.trades, got.net_rub, got.trades_per_month, got.days_with_trade_share) == (0, 0, 0, 0)
    assert (got.win_rate_low, got.win_rate_high) == (0.0, 1.0)
    unknown = [
        got.win_rate, got.average_win_frac, got.average_loss_frac, got.payoff_ratio, got.profit_factor,
        got.expectancy_frac, got.expectancy_rub, got.expectancy_r, got.best_frac, got.worst_frac,
    ]  # fmt: skip
    assert np.isnan(unknown).all()
    assert trades_by_group(made([]), np.zeros(0, dtype=np.int64)).group.size == 0


def test_losses_alone_make_nothing_of_what_they_lose_and_wins_alone_have_no_ratio():
    lost = trade_performance(made([-0.01, -0.03]), trading_days=2)
    assert (lost.win_rate, lost.profit_factor, lost.worst_frac) == (0.0, 0.0, -0.03)
    assert np.isnan([lost.average_win_frac, lost.payoff_ratio]).all()
    won = trade_performance(made([0.01, 0.03]), trading_days=2)
    assert np.isnan([won.average_loss_frac, won.payoff_ratio, won.profit_factor]).all()
    assert (won.win_rate, won.win_rate_high) == (1.0, 1.0)
    even = trade_performance(made([0.0]), trading_days=1)
    assert (even.wins, even.losses, even.win_rate) == (0, 0, 0.0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: made([0.1, np.nan]), "pass closed trades only"),
        (lambda: made([0.1], r_multiple=np.array([np.inf])), "pass closed trades only"),
        (lambda: made([0.1], entry_value_rub=np.array([0.0])), "must be above 0"),
        (lambda: made([0.1], entry_value_rub=np.array([np.nan])), "must be above 0"),
        (lambda: made([0.1], entry_day=np.arange(2)), "one shape"),
        (lambda: made([[0.1]]), "one shape"),
        (lambda: trade_performance(made([]), trading_days=0), "trading_days must be at least 1, was 0"),
        (lambda: trade_performance(made([0.1, 0.1]), trading_days=1), "at least 2, was 1"),
        (lambda: trades_by_group(made([0.1]), np.zeros(2, dtype=np.int64)), "whole numbers"),
        (lambda: trades_by_group(made([0.1]), np.zeros(1)), "whole numbers"),
    ],
)
def test_wrong_trades_are_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()
