"""The regime's rules: causal, explained figures, no flicker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import REGIMES
from features.kernels.regime import FLAT, NEWS, PANIC, UP, RegimePath, day_probabilities, regime_path
from features.kernels.regime_config import QuantileRamp, RegimeConfig
from features.kernels.regime_figures import (
    RegimeFigures,
    RegimeInputs,
    cross_section,
    is_liquid,
    ramp_of_past,
    regime_figures,
    share_returns,
)
from features.kernels.regime_news import NewsLoad
from features.kernels.regime_trailing import ewma_sigma, past_quantile, realised_sigma, trailing_percentile
from traderai.common.arrays import F64, I64
from traderai.common.config import load_config

CONFIG = load_config("regime.yaml", RegimeConfig)
# Quantiles of the past decide from the 40th day on, as they do after a year with the real configuration.
SHORT = replace(CONFIG, history=replace(CONFIG.history, days=60, least_days=40))


def market(moves: F64, *, shares: int = 12, seed: int = 0, own: float = 0.004) -> F64:
    """Return closes of shares that follow the market's daily moves, each with some noise of its own."""
    noise = np.random.default_rng(seed).normal(0.0, own, (moves.size, shares))
    return np.asarray(100.0 * np.exp(np.cumsum(moves[:, None] + noise, axis=0)), dtype=np.float64)


def no_news(days: int) -> NewsLoad:
    unknown = np.full(days, np.nan)
    return NewsLoad(number=unknown, severity=unknown, number_ratio=unknown, severity_ratio=unknown)


def inputs(closes: F64, **known: Any) -> RegimeInputs:
    unknown = np.full(len(closes), np.nan)
    blank: dict[str, Any] = {
        "index_close": unknown,
        "volatility_index": unknown,
        "news": no_news(len(closes)),
    }
    return RegimeInputs(closes=closes, **(blank | known))


def path_of(closes: F64, config: RegimeConfig = CONFIG, **known: Any) -> RegimePath:
    return regime_path(inputs(closes, **known), config, shares_min=config.shares_min)


def figures_of(closes: F64, **known: Any) -> tuple[RegimeFigures, I64]:
    return regime_figures(inputs(closes, **known), CONFIG)


def calm(days: int, *, seed: int = 1) -> F64:
    return np.random.default_rng(seed).normal(0.0, 0.008, days)


def names(path: RegimePath) -> list[str | None]:
    return [REGIMES[code] if code >= 0 else None for code in path.code]


def assert_prefix_invariant(rule: Callable[[F64], F64], closes: F64, cut: int) -> None:
    assert rule(closes[:cut]).tobytes() == rule(closes)[:cut].tobytes()


def everything(closes: F64) -> F64:
    """Return all that is known of each day, with an index for its middle third and news for its second half."""
    rng = np.random.default_rng(9)
    index = 3_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, 400)))[: len(closes)]
    index[:50] = np.nan
    index[100:] = np.nan
    volatility = rng.lognormal(3.0, 0.5, 400)[: len(closes)]
    ratio = rng.lognormal(0.0, 0.5, 400)[: len(closes)]
    ratio[:75] = np.nan
    news = NewsLoad(number=ratio, severity=ratio, number_ratio=ratio, severity_ratio=ratio)
    path = path_of(closes, SHORT, index_close=index, volatility_index=volatility, news=news)
    figures = [getattr(path.figures, field.name) for field in fields(path.figures)]
    return np.column_stack(
        [path.code, path.spell_start, path.probabilities, path.shares, path.from_index, *figures]
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 149))
def test_no_day_knows_the_days_after_it(seed: int, cut: int) -> None:
    closes = market(np.random.default_rng(seed).normal(0.0, 0.03, 150), seed=seed)
    closes[np.random.default_rng(seed).random(closes.shape) < 0.05] = np.nan
    closes[: seed % 100, -3:] = np.nan
    assert_prefix_invariant(everything, closes, cut)
    noisy = closes.copy()
    noisy[cut:] *= np.random.default_rng(seed + 1).lognormal(0.0, 0.5, noisy[cut:].shape)
    assert everything(noisy)[:cut].tobytes() == everything(closes)[:cut].tobytes()


def test_a_percentile_of_the_whole_sample_is_caught() -> None:
    def leaking(closes: F64) -> F64:
        sigma = figures_of(closes)[0].volatility_1d_pct
        return np.array([np.mean(sigma[np.isfinite(sigma)] <= x) for x in sigma])

    closes = market(calm(150))
    with pytest.raises(AssertionError):
        assert_prefix_invariant(leaking, closes, 100)


def test_a_crash_is_a_panic_at_once_and_a_rally_is_none() -> None:
    crash = calm(120)
    crash[100:103] = [-0.09, -0.05, -0.06]
    assert names(path_of(market(crash)))[100] == "panic"
    rally = calm(120)
    rally[100:103] = [0.09, 0.05, 0.06]
    assert "panic" not in names(path_of(market(rally)))


def test_a_fall_that_has_been_made_good_is_no_panic() -> None:
    moves = calm(120)
    moves[100], moves[101] = -0.045, 0.11
    assert names(path_of(market(moves)))[101] != "panic"


def test_steady_markets_are_trends_and_quiet_ones_flat() -> None:
    up = names(path_of(market(calm(150) * 0.5 + 0.003)))
    down = names(path_of(market(calm(150) * 0.5 - 0.003)))
    flat_moves = np.tile([0.004, -0.004], 75)
    assert set(up[60:]) == {"uptrend"}
    assert set(down[60:]) == {"downtrend"}
    assert set(names(path_of(market(flat_moves)))[60:]) == {"flat"}


def test_probabilities_sum_to_one_name_the_largest_and_know_no_news_where_none_are_read() -> None:
    path = path_of(market(np.random.default_rng(4).normal(0.0, 0.03, 200)))
    known = path.code >= 0
    np.testing.assert_allclose(path.probabilities[known].sum(axis=1), 1.0, rtol=1e-12)
    assert (path.probabilities[known, NEWS] == 0.0).all()
    np.testing.assert_array_equal(path.code[known], path.probabilities[known].argmax(axis=1))


def test_too_few_shares_or_days_are_unknown() -> None:
    closes = market(calm(100))
    assert (path_of(closes[:, :4]).code == -1).all()
    thin = closes.copy()
    thin[80, 4:] = np.nan
    code = path_of(thin).code
    assert code[80] == -1
    assert (code[81:90] >= 0).all()
    assert (code[: CONFIG.history_min_days] == -1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_spells_do_not_flicker(seed: int) -> None:
    path = path_of(market(np.random.default_rng(seed).standard_t(3, 400) * 0.012, seed=seed))
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
    path = path_of(closes, replace(CONFIG, hysteresis=none))
    spells = np.diff(np.append(np.unique(path.spell_start[path.code >= 0]), path.code.size))
    assert np.median(spells) < 5


def test_figures_equal_plain_arithmetic() -> None:
    closes = market(calm(90), shares=6)
    figures, shares = figures_of(closes)
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
            np.mean([logs[u, j] - logs[u - 1, j] < -np.log(1.02) for j in range(6)])
            for u in range(t - 4, t + 1)
        ),
        "big_move_pct": 2.0,
        "dispersion_pct": 100 * float(np.std(logs[t] - logs[t - 1])),
        "realised_1d_pct": 100 * float(np.sqrt(np.mean(np.square(mean[t - 19 : t + 1])))),
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


def test_percentiles_and_quantiles_look_back_only_so_far() -> None:
    np.testing.assert_allclose(
        trailing_percentile(np.array([np.nan, 2.0, 1.0, 3.0, 2.0]), days=9), [np.nan, 1.0, 0.5, 1.0, 0.75]
    )
    assert np.isnan(ewma_sigma(np.zeros(30), decay=0.94, start=10)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"average_days": (60, 20)}, "average_days must be two rising numbers"),
        ({"history_min_days": 10}, "history_min_days must be at least 20, was 10"),
        ({"sector_shares_min": 1}, "sector_shares_min must be at least 2"),
    ],
)
def test_impossible_thresholds_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (CONFIG.trend, {"breadth_frac": (0.8, 0.5)}, "breadth_frac must rise from low to high"),
        (CONFIG.panic, {"big_fall_frac": (0.8, 0.5)}, "big_fall_frac must rise from low to high"),
        (CONFIG.euphoria, {"big_rise_frac": (0.8, 0.5)}, "big_rise_frac must rise from low to high"),
        (CONFIG.panic.weights, {"move": 0.9}, "weights must not be negative and add up to 1"),
        (CONFIG.panic.fall_speed_pct, {"quantiles": (0.9, 0.8)}, "quantiles must rise"),
        (CONFIG.panic.fall_speed_pct, {"least": (13.0, 14.0)}, "least must not be above most"),
        (CONFIG.panic.fall_speed_pct, {"most": (9.0, 12.0)}, "most at the low end must be below least"),
        (CONFIG.universe, {"presence_frac": 1.5}, "presence_frac above 0 up to 1"),
        (CONFIG.history, {"least_days": 1}, "least_days must be from 2 to days"),
        (CONFIG.big_move, {"quantile": 1.0}, "quantile must lie within 0 to 1"),
        (CONFIG.big_move, {"at_first_pct": 9.0}, "must rise"),
        (CONFIG.news, {"alive_days": 0}, "alive_days at least 1"),
        (CONFIG.news, {"number_least": 0.0}, "must be above 0"),
        (CONFIG.news, {"number_ratio": (2.0, 1.0)}, "number_ratio must rise"),
    ],
)
def test_impossible_parts_are_refused(part: Any, change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(part, **change)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.integers(2, 12), quantile=st.floats(0.0, 1.0))
def test_percentiles_and_quantiles_equal_plain_ones(seed: int, days: int, quantile: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(40) < 0.2, np.nan, np.round(rng.normal(size=40), 1))
    ranked = trailing_percentile(values, days=days)
    before = past_quantile(values, quantile, days=days, least=2)
    for t in range(40):
        known = values[: t + 1][np.isfinite(values[: t + 1])][-days:]
        expected = np.mean(known <= values[t]) if np.isfinite(values[t]) else np.nan
        np.testing.assert_allclose(ranked[t], expected)
        earlier = values[:t][np.isfinite(values[:t])][-days:]
        np.testing.assert_allclose(before[t], np.quantile(earlier, quantile) if earlier.size >= 2 else np.nan)


def test_a_ramp_of_the_past_moves_with_it_within_its_bounds() -> None:
    span = QuantileRamp(quantiles=(0.5, 1.0), least=(1.0, 3.0), most=(2.0, 8.0), at_first=(4.0, 6.0))
    config = replace(CONFIG, history=replace(CONFIG.history, days=4, least_days=3))
    values = np.array([5.0, 5.0, 5.0, 1.5, 0.1, 0.2, 0.3, 0.1, 2.0])
    # Three days of 4 to 6; then 2 (the bound) to 5; at last 1 to 3, the bounds again.
    np.testing.assert_allclose(
        ramp_of_past(values, span, config), [0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    )
    np.testing.assert_allclose(ramp_of_past(np.array([5.0, 5.0, 5.0, 3.5]), span, config)[3], 0.5)


def test_the_universe_is_what_had_traded_by_then() -> None:
    closes = np.full((10, 3), 100.0)
    closes[:6, 1] = np.nan
    closes[::2, 2] = np.nan
    liquid = is_liquid(closes, days=5, frac=0.8)
    assert liquid[:, 0].all()
    np.testing.assert_array_equal(np.flatnonzero(liquid[:, 1]), [9])
    assert not liquid[:, 2].any()


def test_an_illiquid_share_and_a_split_that_nobody_told_of_move_nothing() -> None:
    closes = market(calm(100), shares=6)
    before = cross_section(closes, CONFIG)
    listed = np.column_stack([closes, np.full(100, np.nan), np.full(100, np.nan)])
    listed[::2, 6] = np.random.default_rng(1).lognormal(3.0, 1.0, 50)
    listed[95:, 7] = 50.0
    for name in ("mean", "dispersion", "breadth_frac", "fall_frac", "big_move"):
        assert getattr(cross_section(listed, CONFIG), name).tobytes() == getattr(before, name).tobytes(), name
    split = closes.copy()
    split[60:, 2] /= 10.0
    assert cross_section(split, CONFIG).shares[60] == 5
    assert abs(cross_section(split, CONFIG).mean[60]) < 0.05
    # Sabotage: a share that trades every day and a fall that a market may make do move it.
    listed[:, 6] = 70.0
    assert cross_section(listed, CONFIG).mean[60] != before.mean[60]
    split[60:, 2] *= 10.0 * np.exp(-0.4)
    assert cross_section(split, CONFIG).mean[60] < -0.05


def test_a_day_whose_moves_all_contradict_each_other_has_none_that_counts() -> None:
    section = cross_section(np.array([[100.0, 100.0], [1.0, 10_000.0]]), CONFIG)
    assert section.shares[1] == 0
    assert np.isnan(section.mean[1])


def test_the_level_is_the_index_where_it_has_two_closes_and_the_shares_elsewhere() -> None:
    closes = market(calm(100))
    index = np.full(100, np.nan)
    index[40:60] = 2_000.0 * np.exp(0.03 * np.arange(20))
    index[50] = np.nan
    figures, _ = figures_of(closes, index_close=index)
    without, _ = figures_of(closes)
    of_index = np.flatnonzero(np.isclose(figures.return_1d_pct, 100.0 * np.expm1(0.03)))
    np.testing.assert_array_equal(of_index, [*range(41, 50), *range(52, 60)])
    others = np.setdiff1d(np.arange(100), of_index)
    np.testing.assert_array_equal(figures.return_1d_pct[others], without.return_1d_pct[others])
    assert path_of(closes, index_close=index).from_index.sum() == of_index.size


def test_a_volatility_index_counts_when_its_past_is_long_enough() -> None:
    closes, index = market(calm(120)), np.linspace(20.0, 90.0, 120)
    known = regime_figures(inputs(closes, volatility_index=index), SHORT)[0].volatility_percentile
    without = regime_figures(inputs(closes), SHORT)[0].volatility_percentile
    np.testing.assert_array_equal(known[:39], without[:39])
    np.testing.assert_allclose(known[39:], (2.0 * without[39:] + 1.0) / 3.0)


def test_what_is_unknown_is_not_among_the_reasons() -> None:
    figures, _ = figures_of(market(calm(60)))
    assert "volatility_index" not in figures.at(50)
    assert "news_number" not in figures.at(50)
    assert figures.at(50)["drawdown_20d_pct"] <= 0.0
    assert np.isnan(realised_sigma(np.zeros(30), days=20)).all()


def test_the_index_goes_before_the_shares() -> None:
    moves = calm(120)
    moves[100:103] = [-0.09, -0.05, -0.06]
    rising = 2_000.0 * np.exp(0.001 * np.arange(120))
    assert names(path_of(market(moves), index_close=rising))[100] != "panic"
    assert names(path_of(market(moves)))[100] == "panic"
