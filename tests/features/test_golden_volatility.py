"""Every feature of volatility, volume and position equals a second, slow implementation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from features.families import position, volatility, volume
from features.kernels.engine import compute_columns
from features.kernels.window import window_of
from market.contracts import Bars
from tests.features import golden_position, golden_volatility, golden_volume
from tests.features.golden import Frame, frame_of
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import random_bars
from traderai.common.arrays import F32, F64

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


# Which bars: of 1m and 1d with the split, of all with the dividend, nights and the beginning of a week inside;
# of 10m and 1h with the halt, weekend sessions and the closure of 2022.
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
