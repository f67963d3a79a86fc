"""Every feature of trend, oscillators and returns equals a second, slow implementation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from features.families import oscillators, returns, trend
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from market.contracts import Bars
from tests.features.golden import Frame, frame_of
from tests.features.golden_trend import GOLDEN
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import random_bars
from traderai.common.arrays import F32

SPECS = (*trend.FEATURES, *oscillators.FEATURES, *returns.FEATURES)
NAMES = [spec.name for spec in SPECS]


@cache
def random_case() -> tuple[Frame, F32]:
    return _case(random_bars(700, seed=7))


@cache
def real_case(folder: Path, timeframe: str) -> tuple[Frame, F32]:
    return _case(real_bars(folder, timeframe))


def _case(bars: Bars) -> tuple[Frame, F32]:
    return frame_of(bars), compute_columns(window_of(bars, start=0, stop=len(bars)), SPECS)


def assert_equals_golden(case: tuple[Frame, F32], name: str, *, slow_name: str) -> None:
    frame, matrix = case
    fast, slow = matrix[:, NAMES.index(name)], GOLDEN[slow_name](frame)
    assert np.isfinite(fast).any()
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(slow))
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-6)


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) == set(NAMES)


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


@pytest.mark.realdata
def test_the_real_bars_hold_what_makes_them_hard(real_data: Path) -> None:
    parts = {timeframe: real_bars(real_data, timeframe) for timeframe in TIMEFRAMES}
    assert any(np.ptp(part.split_factor) > 0 for part in parts.values())
    assert any(part.dividend_rub.any() for part in parts.values())
    assert any((np.diff(part.close) == 0).mean() > 0.1 for part in parts.values())


@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("price_sma_50", "price_ema_50"),
        ("sma_slope_100", "sma_slope_200"),
        ("sma_cross_20_50", "sma_cross_50_200"),
        ("macd_line_atr", "macd_signal_atr"),
        ("plus_di_14", "minus_di_14"),
        ("line_r2_20", "line_r2_60"),
        ("rsi_21", "rsi_14"),
        ("stoch_d_14", "stoch_k_14"),
        ("rsi_overbought_14", "rsi_oversold_14"),
        ("ret_skew_60", "ret_kurtosis_60"),
        ("ret_autocorr_20", "ret_autocorr_60"),
        ("efficiency_20", "efficiency_10"),
        ("up_share_60", "up_share_20"),
    ],
)
def test_the_comparison_sees_another_parameter(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(random_case(), name, slow_name=mistaken_for)


def test_the_comparison_sees_another_parameter_of_the_kernel() -> None:
    bars = random_bars(700, seed=7)
    spec = next(spec for spec in SPECS if spec.name == "rsi_divergence_14")
    mistaken = replace(spec, parameters=spec.parameters | {"span": 4, "reach": 61})
    column = compute_columns(window_of(bars, start=0, stop=len(bars)), [mistaken])[:, 0]
    assert (column != 0.0).any()
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(column, GOLDEN["rsi_divergence_14"](frame_of(bars)))
