"""Every feature of candles and structure equals a second, slow implementation."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from features.families import candles
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from market.contracts import Bars
from tests.features.golden import Frame, frame_of
from tests.features.golden_candles import GOLDEN
from tests.features.real import SAMPLES, TIMEFRAMES, real_bars
from tests.features.series import random_bars
from traderai.common.arrays import F32

NAMES = [spec.name for spec in candles.FEATURES]
PATTERNS = [name for name in NAMES if name.startswith("candle_")]
OF_A_DAY = {"gap_inside_atr", "slot_range_ratio_20", "slot_volume_ratio_20"}  # nothing to tell on daily bars
FEWEST_FRAC = 0.001


@cache
def random_case() -> tuple[Frame, F32]:
    return _case(random_bars(900, seed=7))


@cache
def real_case(folder: Path, timeframe: str) -> tuple[Frame, F32]:
    return _case(real_bars(folder, timeframe))


def _case(bars: Bars) -> tuple[Frame, F32]:
    return frame_of(bars), compute_columns(window_of(bars, start=0, stop=len(bars)), candles.FEATURES)


def assert_equals_golden(case: tuple[Frame, F32], name: str, *, slow_name: str) -> None:
    frame, matrix = case
    fast, slow = matrix[:, NAMES.index(name)], np.asarray(GOLDEN[slow_name](frame), dtype=np.float64)
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(slow))
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-6)


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_feature_equals_its_second_implementation(name: str) -> None:
    assert_equals_golden(random_case(), name, slow_name=name)
    values = random_case()[1][:, NAMES.index(name)]
    assert np.unique(values[np.isfinite(values)]).size > 1


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("name", NAMES)
def test_the_feature_equals_its_second_implementation_on_real_bars(
    real_data: Path, name: str, timeframe: str
) -> None:
    case = real_case(real_data, timeframe)
    assert_equals_golden(case, name, slow_name=name)
    # The share did not trade for a week inside the minutes: no minute of the day is seen often enough.
    untold = (timeframe == "1d" and name in OF_A_DAY) or (timeframe == "1m" and name.startswith("slot_"))
    assert np.isfinite(case[1][:, NAMES.index(name)]).any() != untold


@pytest.mark.realdata
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("slot_")])
def test_the_profile_of_the_day_equals_its_second_implementation_on_real_minutes(
    real_data: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SAMPLES["1m"]._replace(since=date(2024, 7, 13), until=date(2024, 7, 25))
    monkeypatch.setitem(SAMPLES, "1m", sample._replace(dividend_on=date(2024, 7, 16)))
    case = _case(real_bars(real_data, "1m"))
    assert_equals_golden(case, name, slow_name=name)
    assert np.isfinite(case[1][:, NAMES.index(name)]).sum() > 500


@pytest.mark.realdata
@pytest.mark.parametrize("name", PATTERNS)
def test_the_pattern_occurs_on_real_bars(real_data: Path, name: str) -> None:
    columns = [real_case(real_data, timeframe)[1][:, NAMES.index(name)] for timeframe in TIMEFRAMES]
    assert max((column[np.isfinite(column)] != 0).mean() for column in columns) >= FEWEST_FRAC


@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("candle_hammer", "candle_hanging_man"),
        ("candle_morning_star", "candle_evening_star"),
        ("candle_harami", "candle_engulfing"),
        ("pivot_r1_dist_atr", "pivot_r2_dist_atr"),
        ("gap_night_atr", "gap_inside_atr"),
        ("support_touches", "resistance_touches"),
        ("slot_range_ratio_20", "slot_volume_ratio_20"),
    ],
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(random_case(), name, slow_name=mistaken_for)
