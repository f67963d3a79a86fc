"""Volatility, volume and position: nothing of the future, nothing of a scale, and what the newest value needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.families import position, volatility, volume
from features.kernels.engine import compute_columns, features_of
from features.kernels.window import window_of
from features.spec import FeatureSpec
from market.contracts import Bars
from tests.features.series import random_bars, wild_bars
from traderai.common.arrays import F32

SPECS = (*volatility.FEATURES, *volume.FEATURES, *position.FEATURES)
NAMES = [spec.name for spec in SPECS]
WARMUP_BARS = 300


def columns(bars: Bars) -> F32:
    return compute_columns(window_of(bars, start=0, stop=len(bars)), SPECS)


def stored(bars: Bars) -> F32:
    return features_of(bars, SPECS, warmup_bars=WARMUP_BARS)


def test_the_first_value_comes_after_the_look_back() -> None:
    # A day, a week or two days must have begun before what needs them is known.
    later = {"vwap_dist_day", "session_gap"} | {
        spec.name for spec in position.FEATURES if spec.lookback_bars in (1, 2)
    }
    first = np.argmax(np.isfinite(columns(random_bars(700, seed=2))), axis=0)
    for spec, at in zip(SPECS, first, strict=True):
        assert at >= spec.lookback_bars if spec.name in later else at == spec.lookback_bars, spec.name


def assert_within(spec: FeatureSpec, values: F32) -> None:
    known = values[np.isfinite(values)]
    assert known.size
    assert spec.low is None or known.min() >= spec.low - 1e-6
    assert spec.high is None or known.max() <= spec.high * (1 + 1e-6) + 1e-9


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_value_is_within_the_range_that_the_catalogue_tells(seed: int) -> None:
    matrix = columns(wild_bars(700, seed=seed))
    for j, spec in enumerate(SPECS):
        assert_within(spec, matrix[:, j])


def test_a_value_outside_of_the_range_is_seen() -> None:
    spec = next(spec for spec in SPECS if spec.name == "volume_balance_20")
    with pytest.raises(AssertionError):
        assert_within(replace(spec, high=0.1), columns(wild_bars(700, seed=1))[:, NAMES.index(spec.name)])


def test_what_has_no_divisor_is_unknown() -> None:
    matrix = columns(wild_bars(700, seed=1))
    for name in ("volume_ratio_20", "volume_balance_20", "chaikin_flow_20", "vwap_dist_20", "obv_slope_20"):
        assert np.isnan(matrix[256:265, NAMES.index(name)]).all(), name
    flat = ("std_ratio_20_60", "semivol_ratio_60", "jump_share_60", "volume_price_corr_20", "vol_of_vol_60")
    for name in ("bb_position_20", "downside_share_20", "bar_range_ratio_20", *flat):
        assert np.isnan(matrix[461:470, NAMES.index(name)]).all(), name
    assert (matrix[256:265, NAMES.index("zero_volume_60")] == 1.0).all()
    assert (matrix[461:470, NAMES.index("std_20")] == 0.0).all()


# The price on the screen.
SCALED = {"round_dist_bp", "round_major_dist_bp"}
# ln(1 + volume) is not ln(volume): a change of the scale moves the few bars with next to no volume.
BY_VOLUME = {"volume_robust_z_60", "volume_price_corr_20", "volume_return_corr_20"}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1_000), scale=st.sampled_from([1e-3, 0.37, 8.0, 5_000.0]))
def test_a_split_before_all_bars_changes_nothing(seed: int, scale: float) -> None:
    bars = random_bars(400, seed=seed)
    other = replace(
        bars,
        **{name: getattr(bars, name) * scale for name in ("open", "high", "low", "close", "dividend_rub")},
        split_factor=bars.split_factor * scale,
        volume_shares=bars.volume_shares / scale,
    )
    here, there = columns(bars), columns(other)
    for j, name in enumerate(NAMES):
        if name not in BY_VOLUME:
            # A flag and a rank jump where two numbers are nearly the same.
            np.testing.assert_allclose(there[:, j], here[:, j], rtol=2e-5, atol=2e-5, err_msg=name)


def test_round_prices_follow_the_screen_and_not_the_adjusted_price() -> None:
    bars = random_bars(60, seed=1)
    adjusted = replace(bars, split_factor=np.full(60, 0.7))
    for name in SCALED:
        at = NAMES.index(name)
        assert not np.allclose(columns(adjusted)[:, at], columns(bars)[:, at], atol=1e-3)


def assert_exact_tail(spec: FeatureSpec, bars: Bars) -> None:
    window = window_of(bars, start=0, stop=len(bars))
    whole = compute_columns(window, [spec])[-1]
    assert np.isfinite(whole).all()
    assert compute_columns(window.tail(spec.lookback_bars + 1), [spec])[-1].tobytes() == whole.tobytes(), (
        spec.name
    )


@pytest.mark.parametrize("size", [613, 640, 699])
def test_an_exact_tail_needs_its_look_back_alone(size: int) -> None:
    bars = random_bars(700, seed=11).cut(size)
    exact = [spec for spec in SPECS if spec.exact_tail]
    assert len(exact) >= 30
    for spec in exact:
        assert_exact_tail(spec, bars)


@pytest.mark.parametrize("name", ["ewma_vol_94", "dist_prev_high", "squeeze_ratio_20"])
def test_what_reads_further_back_is_no_exact_tail(name: str) -> None:
    with pytest.raises(AssertionError):
        assert_exact_tail(next(spec for spec in SPECS if spec.name == name), random_bars(640, seed=11))


def test_a_month_alone_knows_what_the_whole_history_knows() -> None:
    bars = random_bars(900, seed=4)
    bars.dividend_rub[:] = 0.0
    short = stored(bars.part(200, 900))
    whole = stored(bars)[200:]
    # Where the shorter history is the warm-up's whole, nothing differs: the last month.
    same = [np.array_equal(short[-40:, j], whole[-40:, j], equal_nan=True) for j in range(len(NAMES))]
    assert all(same), [name for name, is_same in zip(NAMES, same, strict=True) if not is_same]


@pytest.mark.parametrize(
    "name", ["dist_prev_high", "prev_range_position", "week_range_position", "dist_week_open"]
)
def test_a_warm_up_that_begins_in_the_middle_does_not_pass_for_the_whole(name: str) -> None:
    """Cut the beginning of a day and a week off: the number is the same, or it is unknown; never another one."""
    bars = random_bars(500, seed=6)
    at = NAMES.index(name)
    whole = columns(bars)[:, at]
    unknown = 0
    for start in range(60, 140, 7):
        part = columns(bars.part(start, 500))[:, at]
        known = np.isfinite(part)
        np.testing.assert_allclose(part[known], whole[start:][known], rtol=1e-5, atol=1e-6)
        unknown += int((~known).sum())
    assert unknown > 0
