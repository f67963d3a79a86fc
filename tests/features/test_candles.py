"""What must hold of candles and structure whatever the bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.families import candles as family
from features.kernels import candles, engine, session_profile, structure
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from market.contracts import Bars
from tests.features.series import random_bars
from tests.features.test_causality import assert_causal
from traderai.common.arrays import F32

SPECS = family.FEATURES
TAILS = [spec for spec in SPECS if spec.exact_tail]


def on_ticks(bars: Bars, tick: float) -> Bars:
    """Return the bars on a grid of prices, as real ones are: equal prices are common."""
    rounded = {
        name: np.maximum(np.round(getattr(bars, name) / tick) * tick, tick)
        for name in ("open", "high", "low", "close")
    }
    return replace(bars, **rounded, dividend_rub=np.zeros(len(bars)))


def columns(bars: Bars) -> F32:
    return compute_columns(window_of(bars, start=0, stop=len(bars)), SPECS)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), tick=st.sampled_from([0.01, 0.5, 4.0]))
def test_every_value_lies_in_its_range(seed: int, tick: float) -> None:
    matrix = columns(on_ticks(random_bars(420, seed=seed), tick))
    for spec, values in zip(SPECS, matrix.T, strict=True):
        known = values[~np.isnan(values)]
        assert np.isfinite(known).all()
        assert spec.low is None or (known >= spec.low).all(), spec.name
        assert spec.high is None or (known <= spec.high).all(), spec.name
        assert np.isnan(values[: spec.lookback_bars]).all(), spec.name


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), power=st.integers(-12, 12))
def test_no_value_depends_on_the_scale_of_prices_and_volumes(seed: int, power: int) -> None:
    bars = on_ticks(random_bars(420, seed=seed), 0.5)
    names = ("open", "high", "low", "close", "volume_shares", "turnover_rub")
    scaled = replace(bars, **{name: getattr(bars, name) * 2.0**power for name in names})
    assert columns(bars).tobytes() == columns(scaled).tobytes()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 599), tick=st.sampled_from([0.01, 0.5, 4.0]))
def test_every_column_is_causal_on_a_grid_of_prices(seed: int, cut: int, tick: float) -> None:
    assert_causal(on_ticks(random_bars(600, seed=seed), tick), cut, SPECS)


def test_an_unconfirmed_swing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed = engine.COLUMNS["support_touches"]
    monkeypatch.setitem(engine.COLUMNS, "support_touches", lambda w, **p: np.roll(confirmed(w, **p), -5))
    with pytest.raises(AssertionError, match=r"know the future: \['support_touches'\]"):
        assert_causal(random_bars(600, seed=1), 500, SPECS)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), tick=st.sampled_from([0.01, 0.5, 4.0]))
def test_an_exact_tail_gives_the_same_bits(seed: int, tick: float) -> None:
    bars = on_ticks(random_bars(120, seed=seed), tick)
    whole = columns(bars)[-1]
    for spec in TAILS:
        tail = window_of(bars, start=len(bars) - spec.lookback_bars - 1, stop=len(bars))
        newest = compute_columns(tail, [spec])[-1]
        assert newest.tobytes() == whole[[SPECS.index(spec)]].tobytes(), spec.name


def test_a_tail_that_is_too_short_is_seen() -> None:
    differs = 0
    for seed in range(40):
        bars = random_bars(120, seed=seed)
        spec = next(spec for spec in TAILS if spec.name == "candle_hikkake")
        whole = compute_columns(window_of(bars, start=0, stop=len(bars)), [spec])[-1]
        tail = window_of(bars, start=len(bars) - spec.lookback_bars, stop=len(bars))
        differs += compute_columns(tail, [spec])[-1].tobytes() != whole.tobytes()
    assert differs > 0


def test_a_bar_without_a_range_has_no_shares() -> None:
    flat = np.full(3, 100.0)
    for share in (candles.body_frac, candles.upper_shadow_frac, candles.lower_shadow_frac):
        assert np.isnan(share(flat, flat, flat, flat)).all()


def test_shadows_and_body_make_up_the_bar() -> None:
    w = window_of(random_bars(300, seed=4), start=0, stop=300)
    prices = (w.open, w.high, w.low, w.close)
    parts = (
        np.abs(candles.body_frac(*prices))
        + candles.upper_shadow_frac(*prices)
        + candles.lower_shadow_frac(*prices)
    )
    np.testing.assert_allclose(parts, 1.0, rtol=1e-12)


def test_a_level_is_known_only_when_its_last_bar_has_closed() -> None:
    high = np.full(40, 10.0)
    high[20] = 12.0
    low, close, atr = high - 2.0, high - 1.0, np.ones(40)
    rows = structure.swing_levels(high, low, close, atr, side=3, window=20)
    distance = rows[structure.RESISTANCE]
    assert np.isnan(distance[:23]).all()
    assert (distance[23:37] == 3.0).all()
    assert np.isnan(distance[37:]).all()  # the swing's first bar has left the window


def test_touches_count_the_levels_nearby() -> None:
    high = np.full(60, 10.0)
    high[[10, 20, 30]] = 12.0, 12.4, 14.0
    rows = structure.swing_levels(high, high - 20.0, np.full(60, 9.0), np.ones(60), side=3, window=50)
    assert rows[structure.RESISTANCE, 55] == 3.0
    assert rows[structure.RESISTANCE_TOUCHES, 55] == 2.0


def test_pivots_need_a_day_that_was_seen_whole() -> None:
    day = np.repeat([0, 1, 2], 3)
    price = np.arange(9.0) + 1.0
    part = structure.day_before(price, price, price, day, whole_days=False)
    assert np.isnan(part[:, :6]).all()
    assert part[:, 6].tolist() == [6.0, 4.0, 6.0]
    assert structure.day_before(price, price, price, day, whole_days=True)[:, 3].tolist() == [3.0, 1.0, 3.0]


def test_weekend_minutes_are_compared_with_weekends() -> None:
    values = np.array([1.0] * 6 + [9.0])
    slots = np.array([600] * 6 + [600 + 1440])
    out = session_profile.against_slot_mean(values, slots, days=20, least=5)
    assert out[5] == 1.0
    assert np.isnan(out[[0, 1, 2, 3, 4, 6]]).all()


def test_only_the_newest_days_count_in_the_profile() -> None:
    values = np.array([100.0, 1.0, 1.0, 1.0, 3.0])
    out = session_profile.against_slot_mean(values, np.zeros(5, dtype=np.int64), days=3, least=3)
    assert np.isnan(out[:3]).all()
    assert out[4] == 3.0


def test_what_cannot_be_computed_is_refused() -> None:
    x = np.ones(5)
    with pytest.raises(ValueError, match=r"pattern must be one of doji, .*, was 'kicking'"):
        candles.candle_pattern(np.zeros((20, 5), np.int8), name="kicking", lookback=1)
    with pytest.raises(ValueError, match="lookback must be at least 1, was 0"):
        candles.candle_pattern(np.zeros((20, 5), np.int8), name="doji", lookback=0)
    with pytest.raises(ValueError, match="level must be within -2 to 2, was 3"):
        structure.pivot_distance_atr(x, np.ones((3, 5)), x, level=3)
    with pytest.raises(ValueError, match="window must hold a swing of 11 bars, was 10"):
        structure.swing_levels(x, x, x, x, side=5, window=10)
    with pytest.raises(ValueError, match="side must be at least 1, was 0"):
        structure.swing_levels(x, x, x, x, side=0, window=10)
    with pytest.raises(ValueError, match="least must be within 1 to 3 days, was 4"):
        session_profile.against_slot_mean(x, np.zeros(5, dtype=np.int64), days=3, least=4)
