"""Every feature of volatility, volume and position equals a second, slow implementation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from features.families import position, volatility, volume
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from market.contracts import Bars
from market.kernels.sessions import WEEKEND
from tests.features import golden_position, golden_volatility, golden_volume
from tests.features.golden import Frame, frame_of
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import random_bars
from traderai.common.arrays import F32

FAMILIES = (
    (volatility.FEATURES, golden_volatility.GOLDEN),
    (volume.FEATURES, golden_volume.GOLDEN),
    (position.FEATURES, golden_position.GOLDEN),
)
SPECS = tuple(spec for specs, _ in FAMILIES for spec in specs)
GOLDEN = {name: slow for _, golden in FAMILIES for name, slow in golden.items()}
NAMES = [spec.name for spec in SPECS]


@cache
def random_case() -> tuple[Frame, F32]:
    return _case(random_bars(700, seed=7))


# Which bars: of all with the dividend, of 1m and 1d with the split, of 10m and 1h with the halt and the closure of 2022.
PARTS = {"1m": (300, 2_000), "10m": (1_400, 2_100), "1h": (650, 1_510), "1d": (950, 1_700)}


@cache
def real_case(folder: Path, timeframe: str) -> tuple[Frame, F32]:
    return _case(real_bars(folder, timeframe).part(*PARTS[timeframe]))


def _case(bars: Bars) -> tuple[Frame, F32]:
    return frame_of(bars), compute_columns(window_of(bars, start=0, stop=len(bars)), SPECS)


def assert_equals_golden(case: tuple[Frame, F32], name: str, *, slow_name: str) -> None:
    frame, matrix = case
    fast, slow = matrix[:, NAMES.index(name)], np.asarray(GOLDEN[slow_name](frame), dtype=np.float64)
    assert np.isfinite(fast).any()
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(slow))
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(("specs", "golden"), FAMILIES)
def test_every_feature_has_a_second_implementation(
    specs: tuple[object, ...], golden: dict[str, object]
) -> None:
    assert set(golden) == {spec.name for spec in specs}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_the_feature_equals_its_second_implementation(name: str) -> None:
    assert_equals_golden(random_case(), name, slow_name=name)


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("name", NAMES)
def test_the_feature_equals_its_second_implementation_on_real_bars(
    real_data: Path, name: str, timeframe: str
) -> None:
    assert_equals_golden(real_case(real_data, timeframe), name, slow_name=name)


@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("atr_5_pct", "atr_14_pct"),
        ("atr_ratio_14_60", "atr_ratio_5_14"),
        ("std_120", "std_60"),
        ("std_ratio_20_120", "std_ratio_20_60"),
        ("parkinson_60", "parkinson_20"),
        ("yang_zhang_20", "rogers_satchell_20"),
        ("garman_klass_20", "rogers_satchell_20"),
        ("volume_ratio_60", "volume_ratio_20"),
        ("volume_price_corr_20", "volume_return_corr_20"),
        ("turnover_ratio_5_60", "volume_ratio_5_60"),
        ("amihud_60", "amihud_20"),
        ("vwap_dist_day", "vwap_dist_20"),
        ("dist_high_250", "dist_high_60"),
        ("bars_since_high_60", "bars_since_low_60"),
        ("dist_week_open", "dist_day_open"),
        ("dist_prev_low", "dist_prev_high"),
        ("round_major_dist_bp", "round_dist_bp"),
    ],
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(random_case(), name, slow_name=mistaken_for)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("squeeze_20", {"window": 20, "width_std": 2.0, "width_atr": 1.4}),
        ("vol_percentile_250", {"window": 249, "std_window": 20}),
        ("vol_of_vol_60", {"window": 60, "std_window": 19}),
        ("jump_share_60", {"window": 59}),
        ("obv_slope_20", {"window": 21}),
        ("corwin_schultz_20", {"window": 19}),
        ("abdi_ranaldo_20", {"window": 19}),
        ("chaikin_flow_20", {"window": 21}),
        ("round_dist_bp", {"steps": 49}),
    ],
)
def test_the_comparison_sees_another_parameter(name: str, parameters: dict[str, float]) -> None:
    frame, matrix = random_case()
    spec = replace(SPECS[NAMES.index(name)], parameters=parameters)
    bars = random_bars(700, seed=7)
    mistaken = matrix.copy()
    mistaken[:, NAMES.index(name)] = compute_columns(window_of(bars, start=0, stop=len(bars)), [spec])[:, 0]
    with pytest.raises(AssertionError):
        assert_equals_golden((frame, mistaken), name, slow_name=name)


@pytest.mark.realdata
def test_the_real_bars_hold_what_makes_them_hard(real_data: Path) -> None:
    parts = {timeframe: real_bars(real_data, timeframe).part(*PARTS[timeframe]) for timeframe in TIMEFRAMES}
    assert all(np.ptp(parts[timeframe].split_factor) > 0 for timeframe in ("1m", "1d"))
    assert all(part.dividend_rub.any() for part in parts.values())
    assert all((part.session == WEEKEND).any() for part in (parts["1m"], parts["10m"], parts["1h"]))
    closure_s = 20 * 86_400
    assert max(np.diff(part.begin_s).max() for part in (parts["10m"], parts["1h"])) > closure_s
