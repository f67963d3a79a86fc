"""No feature of own bars knows the future: cutting the series, or replacing its end, changes no earlier bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from features.catalog import FEATURES
from features.kernels import engine
from features.kernels.engine import features_of
from features.kernels.window import Window
from features.spec import FeatureSpec
from market.contracts import Bars
from tests.features.real import real_bars
from tests.features.series import (
    holed_bars,
    lively_bars,
    random_bars,
    spiky_bars,
    stalled_bars,
    wild_bars,
    with_another_future,
    with_noise_after,
)
from traderai.common.arrays import F32, F64

OWN = tuple(spec for spec in FEATURES if spec.reads == "bars")
WARMUP_BARS = 600
FUTURE_BARS = 200  # bars of noise that are put after a cut
MAKERS: dict[str, Callable[..., Bars]] = {
    "plain": random_bars,
    "lively": lively_bars,
    "holed": holed_bars,
    "spiky": spiky_bars,
    "stalled": stalled_bars,
    "wild": wild_bars,
}


def assert_same_bits(got: F32, want: F32, specs: Sequence[FeatureSpec]) -> None:
    unequal = [
        spec.name for j, spec in enumerate(specs) if got[:, j].tobytes() != want[:, j].copy().tobytes()
    ]
    assert not unequal, f"columns that know the future: {unequal}"


def assert_causal(bars: Bars, cut: int, specs: Sequence[FeatureSpec], *, whole: F32 | None = None) -> None:
    """Fail if a value before `cut` changes when the bars from `cut` on are removed or replaced."""

    def compute(some: Bars) -> F32:
        return features_of(some, specs, warmup_bars=WARMUP_BARS)

    want = (compute(bars) if whole is None else whole)[:cut]
    near = bars.cut(cut + FUTURE_BARS)
    assert_same_bits(compute(bars.cut(cut)), want, specs)
    assert_same_bits(compute(with_noise_after(near, cut, seed=cut))[:cut], want, specs)
    assert_same_bits(compute(with_another_future(near, cut, seed=cut))[:cut], want, specs)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 899))
def test_every_column_of_own_bars_is_causal(make: Callable[..., Bars], seed: int, cut: int) -> None:
    assert_causal(make(900, seed=seed), cut, OWN)


def test_every_single_cut_of_the_newest_day_gives_the_same_bits() -> None:
    bars = lively_bars(800, seed=3)
    whole = features_of(bars, OWN, warmup_bars=WARMUP_BARS)
    for cut in range(770, 800):
        assert_same_bits(features_of(bars.cut(cut), OWN, warmup_bars=WARMUP_BARS), whole[:cut], OWN)


def test_the_replaced_futures_are_others_and_the_past_is_not() -> None:
    bars = lively_bars(800, seed=3)
    for future in (with_noise_after(bars, 500, seed=1), with_another_future(bars, 500, seed=1)):
        names = ["close", "high", "low", "open", "volume_shares", "turnover_rub"]
        if future.begin_s[-1] != bars.begin_s[-1]:
            names += ["begin_s", "trading_day", "session", "split_factor", "dividend_rub"]
        assert all((getattr(future, name)[500:] != getattr(bars, name)[500:]).any() for name in names)
        assert all((getattr(future, name)[:500] == getattr(bars, name)[:500]).all() for name in names)


def _centred_mean(w: Window) -> F64:
    out = np.full(w.close.size, np.nan)
    if w.close.size >= 5:
        out[2:-2] = sliding_window_view(w.close, 5).mean(axis=1)
    return out


def _day_seen_whole(w: Window) -> F64:
    return np.array([w.close[w.trading_day == day].max() for day in w.trading_day])


LEAKS: dict[str, Callable[[Window], F64]] = {
    "next bar": lambda w: np.roll(w.close, -1),
    "next session": lambda w: np.roll(w.session, -1).astype(np.float64),
    "mean of the whole sample": lambda w: w.close - w.close.mean(),
    "centred window": _centred_mean,
    "scaled by the last close": lambda w: w.close / w.close[-1],
    "the day seen whole": _day_seen_whole,
}


def _planted(leak: str, monkeypatch: pytest.MonkeyPatch) -> tuple[FeatureSpec, ...]:
    """Put a leaking kernel among the engine's and its feature behind the catalogue's."""
    monkeypatch.setitem(engine.COLUMNS, "leak", LEAKS[leak])
    spec = FeatureSpec(
        name="leak", family="trend", formula="x", kernel="leak", lookback_bars=0, unit="x", source="x"
    )
    return (*OWN, spec)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(leak: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match=r"know the future: \['leak'\]"):
        assert_causal(lively_bars(900, seed=1), 350, _planted(leak, monkeypatch))


@pytest.mark.realdata
@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught_on_real_bars(
    real_data: Path, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = real_bars(real_data, "10m").part(0, 1_500)
    rising = np.flatnonzero((np.diff(bars.close) > 0) & (np.diff(bars.trading_day) == 0)) + 1
    cut = next(at for at in rising if at > 1_300 and _day_high(bars, at - 1) < bars.close[at])
    with pytest.raises(AssertionError, match=r"know the future: \['leak'\]"):
        assert_causal(bars, cut, _planted(leak, monkeypatch))


def _day_high(bars: Bars, at: int) -> float:
    day = bars.trading_day[: at + 1] == bars.trading_day[at]
    return float(bars.close[: at + 1][day].max())
