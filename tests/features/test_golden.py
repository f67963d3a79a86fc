"""Every feature equals a second, slow implementation."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import BY_NAME, FEATURES
from features.kernels.engine import compute_columns, window_of
from features.spec import FeatureSpec
from tests.features.golden import GOLDEN, frame_of
from tests.features.series import random_bars

BARS = random_bars(420, seed=7)
FRAME = frame_of(BARS)


def assert_equals_golden(spec: FeatureSpec, *, slow_name: str) -> None:
    fast = compute_columns(window_of(BARS, start=0, stop=len(BARS)), [spec])[:, 0]
    slow = np.asarray(GOLDEN[slow_name](FRAME), dtype=np.float64)
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(slow))
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-6)


def test_every_feature_has_a_second_implementation() -> None:
    assert set(GOLDEN) == set(BY_NAME)


@pytest.mark.parametrize("spec", FEATURES, ids=lambda spec: spec.name)
def test_the_feature_equals_its_second_implementation(spec: FeatureSpec) -> None:
    assert_equals_golden(spec, slow_name=spec.name)


@pytest.mark.parametrize(
    ("name", "mistaken_for"), [("ret_5", "ret_3"), ("rsi_14", "rsi_7"), ("adx_14", "di_spread_14")]
)
def test_the_comparison_sees_another_feature(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(BY_NAME[name], slow_name=mistaken_for)
