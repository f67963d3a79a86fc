"""No feature knows the future: cutting the series, or replacing its end, changes no earlier bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from features.catalog import FEATURES
from features.kernels.engine import features_of
from market.contracts import Bars
from tests.features.series import random_bars, with_noise_after
from traderai.common.arrays import F32, F64

NAMES = [spec.name for spec in FEATURES]
WARMUP_BARS = 150
Compute = Callable[[Bars], F32]


def whole_catalogue(bars: Bars) -> F32:
    return features_of(bars, FEATURES, warmup_bars=WARMUP_BARS)


def assert_same_bits(got: F32, want: F32, names: list[str]) -> None:
    unequal = [
        name
        for j, name in enumerate(names)
        if got[:, j].tobytes() != np.ascontiguousarray(want[:, j]).tobytes()
    ]
    assert not unequal, f"columns that know the future: {unequal}"


def assert_causal(compute: Compute, bars: Bars, cut: int, names: list[str]) -> None:
    """Fail if a value before `cut` changes when the bars from `cut` on are removed or replaced by noise."""
    whole = compute(bars)[:cut]
    assert_same_bits(compute(bars.cut(cut)), whole, names)
    assert_same_bits(compute(with_noise_after(bars, cut, seed=cut))[:cut], whole, names)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 599))
def test_every_column_of_the_catalogue_is_causal(seed: int, cut: int) -> None:
    assert_causal(whole_catalogue, random_bars(600, seed=seed), cut, NAMES)


def test_every_single_cut_of_the_newest_day_gives_the_same_bits() -> None:
    bars = random_bars(400, seed=3)
    whole = whole_catalogue(bars)
    for cut in range(370, 400):
        assert_same_bits(whole_catalogue(bars.cut(cut)), whole[:cut], NAMES)


def centred_mean(close: F64) -> F64:
    out = np.full(close.size, np.nan)
    if close.size >= 5:
        out[2:-2] = sliding_window_view(close, 5).mean(axis=1)
    return out


LEAKS: dict[str, Callable[[F64], F64]] = {
    "next bar": lambda close: np.roll(close, -1),
    "mean of the whole sample": lambda close: close - close.mean(),
    "centred window": centred_mean,
    "scaled by the last close": lambda close: close / close[-1],
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_is_caught(leak: Callable[[F64], F64]) -> None:
    def leaking(bars: Bars) -> F32:
        return np.column_stack([whole_catalogue(bars), leak(bars.close).astype(np.float32)])

    with pytest.raises(AssertionError, match="leak"):
        assert_causal(leaking, random_bars(600, seed=1), 350, [*NAMES, "leak"])
