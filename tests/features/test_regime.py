"""The regime's rules: causal, explained figures, no flicker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import REGIMES
from features.kernels.panel import daily_panel
from features.kernels.regime import (
    FLAT,
    NEWS,
    PANIC,
    UP,
    RegimeConfig,
    RegimePath,
    day_probabilities,
    ewma_sigma,
    expanding_percentile,
    regime_figures,
    regime_path,
    share_returns,
)
from tests.features.series import random_bars
from traderai.common.arrays import F64
from traderai.common.config import load_config

CONFIG = load_config("regime.yaml", RegimeConfig)


def market(moves: F64, *, shares: int = 12, seed: int = 0, own: float = 0.004) -> F64:
    """Return closes of shares that follow the market's daily moves, each with some noise of its own."""
    noise = np.random.default_rng(seed).normal(0.0, own, (moves.size, shares))
    return np.asarray(100.0 * np.exp(np.cumsum(moves[:, None] + noise, axis=0)), dtype=np.float64)


def calm(days: int, *, seed: int = 1) -> F64:
    return np.random.default_rng(seed).normal(0.0, 0.008, days)


def names(path: RegimePath) -> list[str | None]:
    return [REGIMES[code] if code >= 0 else None for code in path.code]


def assert_prefix_invariant(rule: Callable[[F64], F64], closes: F64, cut: int) -> None:
    assert rule(closes[:cut]).tobytes() == rule(closes)[:cut].tobytes()


def everything(closes: F64) -> F64:
    path = regime_path(closes, CONFIG)
    figures = [getattr(path.figures, name) for name in path.figures.at(0)]
    return np.column_stack([path.code, path.spell_start, path.probabilities, path.shares, *figures])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 149))
def test_no_day_knows_the_days_after_it(seed: int, cut: int) -> None:
    closes = market(np.random.default_rng(seed).normal(0.0, 0.03, 150), seed=seed)
    closes[np.random.default_rng(seed).random(closes.shape) < 0.05] = np.nan
    assert_prefix_invariant(everything, closes, cut)
    noisy = closes.copy()
    noisy[cut:] *= np.random.default_rng(seed + 1).lognormal(0.0, 0.5, noisy[cut:].shape)
    assert everything(noisy)[:cut].tobytes() == everything(closes)[:cut].tobytes()


def test_a_percentile_of_the_whole_sample_is_caught() -> None:
    def leaking(closes: F64) -> F64:
        sigma = regime_figures(closes, CONFIG)[0].volatility_1d_pct
        return np.array([np.mean(sigma[np.isfinite(sigma)] <= x) for x in sigma])

    closes = market(calm(150))
    with pytest.raises(AssertionError):
        assert_prefix_invariant(leaking, closes, 100)


def test_a_crash_is_a_panic_at_once_and_a_rally_is_none() -> None:
    crash = calm(120)
    crash[100:103] = [-0.09, -0.05, -0.06]
    assert names(regime_path(market(crash), CONFIG))[100] == "panic"
    rally = calm(120)
    rally[100:103] = [0.09, 0.05, 0.06]
    assert "panic" not in names(regime_path(market(rally), CONFIG))


def test_a_fall_that_has_been_made_good_is_no_panic() -> None:
    moves = calm(120)
    moves[100], moves[101] = -0.045, 0.11
    assert names(regime_path(market(moves), CONFIG))[101] != "panic"


def test_steady_markets_are_trends_and_quiet_ones_flat() -> None:
    up = names(regime_path(market(calm(150) * 0.5 + 0.003), CONFIG))
    down = names(regime_path(market(calm(150) * 0.5 - 0.003), CONFIG))
    flat_moves = np.tile([0.004, -0.004], 75)
    assert set(up[60:]) == {"uptrend"}
    assert set(down[60:]) == {"downtrend"}
    assert set(names(regime_path(market(flat_moves), CONFIG))[60:]) == {"flat"}


def test_probabilities_sum_to_one_name_the_largest_and_know_no_news() -> None:
    path = regime_path(market(np.random.default_rng(4).normal(0.0, 0.03, 200)), CONFIG)
    known = path.code >= 0
    np.testing.assert_allclose(path.probabilities[known].sum(axis=1), 1.0, rtol=1e-12)
    assert (path.probabilities[known, NEWS] == 0.0).all()
    np.testing.assert_array_equal(path.code[known], path.probabilities[known].argmax(axis=1))


def test_too_few_shares_or_days_are_unknown() -> None:
    closes = market(calm(100))
    assert (regime_path(closes[:, :4], CONFIG).code == -1).all()
    thin = closes.copy()
    thin[80, 4:] = np.nan
    code = regime_path(thin, CONFIG).code
    assert code[80] == -1
    assert (code[81:90] >= 0).all()
    assert (code[: CONFIG.history_min_days] == -1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_spells_do_not_flicker(seed: int) -> None:
    path = regime_path(market(np.random.default_rng(seed).standard_t(3, 400) * 0.012, seed=seed), CONFIG)
    spells = np.diff(np.append(np.unique(path.spell_start[path.code >= 0]), path.code.size))
    assert np.median(spells) >= 5


def test_a_young_spell_holds_and_panic_interrupts_it() -> None:
    evidence = np.zeros(6)
    evidence[UP], evidence[FLAT] = 0.6, 0.2
    hold = CONFIG.hysteresis
    assert day_probabilities(evidence, FLAT, 4, hold).argmax() == FLAT
    assert day_probabilities(evidence, FLAT, 5, hold).argmax() == UP
    evidence[PANIC] = hold.interrupt_at
    assert day_probabilities(evidence, FLAT, 1, hold).argmax() == PANIC


def test_without_hysteresis_the_spells_do_flicker() -> None:
    none = replace(CONFIG.hysteresis, stay_bonus=0.0, hold_bonus=0.0, hold_days=0)
    closes = market(np.random.default_rng(3).standard_t(3, 400) * 0.012)
    path = regime_path(closes, replace(CONFIG, hysteresis=none))
    spells = np.diff(np.append(np.unique(path.spell_start[path.code >= 0]), path.code.size))
    assert np.median(spells) < 5


def test_figures_equal_plain_arithmetic() -> None:
    closes = market(calm(90), shares=6)
    figures, shares = regime_figures(closes, CONFIG)
    logs = np.log(closes)
    mean = [0.0] + [float(np.mean(logs[t] - logs[t - 1])) for t in range(1, 90)]
    level = [sum(mean[: t + 1]) for t in range(90)]
    t = 80
    assert shares[t] == 6
    expect = {
        "return_1d_pct": 100 * (np.exp(mean[t]) - 1),
        "return_5d_pct": 100 * (np.exp(level[t] - level[t - 5]) - 1),
        "drawdown_20d_pct": 100 * (np.exp(level[t] - max(level[t - 19 : t + 1])) - 1),
        "fall_speed_pct": max(-100 * (np.exp(level[u] - level[u - 5]) - 1) for u in range(t - 4, t + 1)),
        "breadth_frac": np.mean([closes[t, j] > closes[t - 19 : t + 1, j].mean() for j in range(6)]),
        "big_fall_frac": max(
            np.mean([logs[u, j] - logs[u - 1, j] < -0.03 for j in range(6)]) for u in range(t - 4, t + 1)
        ),
        "distance_sigmas": (level[t] - np.mean(level[t - 59 : t + 1]))
        / (figures.volatility_1d_pct[t] / 100 * 20**0.5),
    }
    for name, value in expect.items():
        np.testing.assert_allclose(figures.at(t)[name], value, rtol=1e-9, err_msg=name)
    variance = sum(x * x for x in mean[1:11]) / 10
    for x in mean[11 : t + 1]:
        variance = 0.94 * variance + 0.06 * x * x
    np.testing.assert_allclose(figures.volatility_1d_pct[t], 100 * variance**0.5, rtol=1e-12)


def test_a_share_that_did_not_trade_catches_up_on_its_next_day() -> None:
    closes = np.array([[100.0], [np.nan], [121.0]])
    np.testing.assert_allclose(share_returns(closes)[:, 0], [np.nan, np.nan, np.log(1.21)])


def test_the_percentile_expands() -> None:
    np.testing.assert_allclose(
        expanding_percentile(np.array([np.nan, 2.0, 1.0, 3.0, 2.0])), [np.nan, 1.0, 0.5, 1.0, 0.75]
    )
    assert np.isnan(ewma_sigma(np.zeros(30), decay=0.94, start=10)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"average_days": (60, 20)}, "average_days must be two rising numbers"),
        ({"history_min_days": 10}, "history_min_days must be at least 20, was 10"),
        (
            {"trend": replace(CONFIG.trend, breadth_frac=(0.8, 0.5))},
            "breadth_frac must rise from low to high",
        ),
        ({"panic": replace(CONFIG.panic, weights=(0.5, 0.5, 0.5))}, "weights must add up to 1"),
    ],
)
def test_impossible_thresholds_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **change)  # type: ignore[arg-type]


def test_the_panel_takes_the_last_close_of_each_day_and_says_when_it_is_over() -> None:
    bars = random_bars(40, seed=1)
    other = replace(bars, close=bars.close * 2.0, high=bars.high * 2.0).cut(20)
    panel = daily_panel([bars, other])
    np.testing.assert_array_equal(panel.trading_day, [0, 1, 2])
    np.testing.assert_allclose(panel.closes[0], [bars.close[13], 2.0 * bars.close[13]])
    assert np.isnan(panel.closes[2, 1])
    # 2024-01-15 is a Monday: over at midnight in Moscow, 21:00 UTC.
    assert panel.known_s[0] == bars.begin_s[0] + 14 * 3_600
    assert daily_panel([]).closes.shape == (0, 0)


def test_a_day_that_ends_on_a_weekend_is_over_when_the_next_one_has_begun() -> None:
    bars = random_bars(28, seed=1)
    saturday = replace(bars, begin_s=bars.begin_s + 5 * 86_400)
    panel = daily_panel([saturday])
    assert panel.known_s[0] == saturday.known_s[14]
    assert panel.known_s[1] == 2**62
