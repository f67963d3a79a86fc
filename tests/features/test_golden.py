"""Every feature of the catalogue has a second, slow implementation, and every feature of own bars meets its own once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.catalog import FEATURES
from features.families import prices
from features.kernels.engine import compute_columns, window_of
from market.contracts import Bars
from tests.features import (
    golden_calendar,
    golden_candles,
    golden_cross_section,
    golden_flow,
    golden_fundamental,
    golden_higher,
    golden_index,
    golden_market,
    golden_news,
    golden_position,
    golden_prices,
    golden_regime,
    golden_sector,
    golden_trend,
    golden_volatility,
    golden_volume,
    test_golden_calendar,
    test_golden_candles,
    test_golden_trend,
    test_golden_volatility,
)
from tests.features.golden import Frame, frame_of
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import flat_bars, lively_bars, random_bars, stalled_bars, wild_bars
from traderai.common.arrays import F32

OWN = tuple(spec for spec in FEATURES if spec.reads == "bars")
PRICES = [spec.name for spec in prices.FEATURES]
# Where the second implementations stand, and on whose bars those of own bars are compared.
WRITTEN: tuple[dict[str, Any], ...] = (
    golden_trend.GOLDEN,
    golden_volatility.GOLDEN,
    golden_volume.GOLDEN,
    golden_position.GOLDEN,
    golden_candles.GOLDEN,
    golden_flow.GOLDEN_JOINED,
    golden_higher.GOLDEN,
    golden_index.GOLDEN,
    golden_market.GOLDEN,
    golden_sector.GOLDEN,
    golden_cross_section.GOLDEN,
    golden_fundamental.GOLDEN,
    golden_news.GOLDEN,
    golden_calendar.GOLDEN,
    golden_calendar.GOLDEN_JOINED,
    golden_regime.GOLDEN,
    golden_prices.GOLDEN,
)
COMPARED = (
    *test_golden_trend.NAMES,
    *test_golden_volatility.NAMES,
    *test_golden_candles.NAMES,
    *(spec.name for spec in test_golden_calendar.OWN),
    *PRICES,
)
OWN_GOLDEN: dict[str, Any] = {
    name: slow for golden in WRITTEN for name, slow in golden.items() if name in COMPARED
}


def test_every_feature_has_exactly_one_second_implementation() -> None:
    written = Counter(name for golden in WRITTEN for name in golden)
    assert written == Counter(spec.name for spec in FEATURES)


def test_every_feature_of_own_bars_is_compared_exactly_once() -> None:
    assert Counter(COMPARED) == Counter(spec.name for spec in OWN)


@cache
def random_case() -> tuple[Frame, F32]:
    return _case(random_bars(420, seed=7))


@cache
def real_case(folder: Path, timeframe: str) -> tuple[Frame, F32]:
    return _case(real_bars(folder, timeframe))


def _case(bars: Bars) -> tuple[Frame, F32]:
    return frame_of(bars), compute_columns(window_of(bars, start=0, stop=len(bars)), prices.FEATURES)


def assert_equals_golden(case: tuple[Frame, F32], name: str, *, slow_name: str) -> None:
    frame, matrix = case
    fast, slow = matrix[:, PRICES.index(name)], golden_prices.GOLDEN[slow_name](frame)
    assert np.isfinite(fast).any()
    np.testing.assert_array_equal(np.isfinite(fast), np.isfinite(slow))
    # The MACD of levels is a small difference of large numbers.
    np.testing.assert_allclose(fast, slow, rtol=2e-5, atol=2e-9 * frame.level_close.max())


@pytest.mark.parametrize("name", PRICES)
def test_the_level_equals_its_second_implementation(name: str) -> None:
    assert_equals_golden(random_case(), name, slow_name=name)


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("name", PRICES)
def test_the_level_equals_its_second_implementation_on_real_bars(
    real_data: Path, name: str, timeframe: str
) -> None:
    assert_equals_golden(real_case(real_data, timeframe), name, slow_name=name)


@pytest.mark.parametrize(
    ("name", "mistaken_for"),
    [
        ("level_open", "level_close"),
        ("level_sma_20", "level_ema_20"),
        ("level_sma_20", "level_sma_50"),
        ("level_macd", "level_macd_signal"),
        ("level_bb_upper_20", "level_bb_lower_20"),
        ("level_high", "level_atr_14"),
    ],
)
def test_the_comparison_sees_another_level(name: str, mistaken_for: str) -> None:
    with pytest.raises(AssertionError):
        assert_equals_golden(random_case(), name, slow_name=mistaken_for)


def test_a_level_keeps_the_gap_of_a_dividend() -> None:
    frame, matrix = random_case()
    assert frame.dividend_factor.iloc[-1] > 1.05
    assert matrix[-1, PRICES.index("level_close")] == np.float32(frame.level_close.iloc[-1])
    assert matrix[-1, PRICES.index("level_close")] < 0.95 * frame.close.iloc[-1]


HARD: dict[str, Callable[..., Bars]] = {
    "lively": lively_bars,
    "stalled": stalled_bars,
    "flat": flat_bars,
    "wild": wild_bars,
}


@pytest.mark.parametrize("make", HARD.values(), ids=HARD)
def test_hard_bars_equal_the_second_implementations(make: Callable[..., Bars]) -> None:
    """A divisor that is zero in the formula must be zero in the sums: else a share that rests has wild numbers."""
    bars = make(480, seed=2)
    frame = frame_of(bars)
    fast = compute_columns(window_of(bars, start=0, stop=len(bars)), OWN)
    wrong = {}
    for spec, got in zip(OWN, fast.T, strict=True):
        want = np.asarray(OWN_GOLDEN[spec.name](frame), dtype=np.float64)
        largest = np.nanmax(np.abs(want), initial=1.0)
        unequal = ~np.isclose(got, want, rtol=2e-5, atol=2e-6 * largest, equal_nan=True)
        if unequal.any():
            wrong[spec.name] = (int(unequal.sum()), np.flatnonzero(unequal)[:3].tolist())
    assert not wrong


def test_no_two_features_of_own_bars_are_the_same() -> None:
    """Were one computed as another one of the catalogue, its comparison would have to see it."""
    bars = lively_bars(900, seed=4)
    columns = compute_columns(window_of(bars, start=0, stop=900), OWN)
    columns = np.nan_to_num(columns, nan=-12_345.0)
    for j, spec in enumerate(OWN):
        other = np.delete(columns, j, axis=1)
        same = np.isclose(other, columns[:, j : j + 1], rtol=2e-5, atol=2e-6).all(axis=0)
        names = [one.name for one in np.delete(np.array(OWN, dtype=object), j)[same]]
        assert not names, f"{spec.name} cannot be told from {names}"
