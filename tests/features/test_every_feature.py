"""Every feature of own bars, on real bars: causal, the same bits in batch, month and newest row.

The features are those of the catalogue that read own bars, without exception and without a list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import BY_NAME
from features.kernels.engine import (
    compute_columns,
    features_of,
    month_features,
    month_slices,
    newest_columns,
    window_of,
)
from features.kernels.higher import unbroken_from
from features.kernels.window import Window
from features.spec import FeatureSpec
from market.contracts import Bars
from market.kernels.sessions import WEEKEND
from tests.features.real import TIMEFRAMES, real_bars
from tests.features.series import lively_bars, random_bars, spiky_bars
from tests.features.test_causality import MAKERS, OWN, WARMUP_BARS, assert_causal, assert_same_bits
from traderai.common.arrays import F32

# The minutes need two months; of the days those around the split are enough.
MINUTES_SINCE = date(2024, 6, 27)
DAYS = (1_000, 1_700)


@cache
def bars_of(folder: Path, timeframe: str) -> Bars:
    bars = real_bars(folder, timeframe, since=MINUTES_SINCE if timeframe == "1m" else None)
    return bars.part(*DAYS) if timeframe == "1d" else bars


@cache
def batch_of(folder: Path, timeframe: str) -> F32:
    return features_of(bars_of(folder, timeframe), OWN, warmup_bars=WARMUP_BARS)


def cuts_of(bars: Bars) -> list[int]:
    """Return where something happens: a month's first bar, split, dividend, longest gap, weekend, inside a day."""
    months = month_slices(bars.begin_s, warmup_bars=WARMUP_BARS)
    split = np.flatnonzero(np.diff(bars.split_factor)) + 1
    dividend = np.flatnonzero(bars.dividend_rub)
    weekend = np.flatnonzero(bars.session == WEEKEND)
    gap = int(np.argmax(np.diff(bars.begin_s))) + 1
    at = [months[-1].start, gap, len(bars) // 2, *split[:1], *dividend[:1], *weekend[-1:]]
    at += [months[len(months) // 2].start] if len(months) > 2 else []
    return sorted({int(place) + step for place in at for step in (0, 1)} | {len(bars) // 4, len(bars) - 3})


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_every_feature_is_causal_on_real_bars(real_data: Path, timeframe: str) -> None:
    bars, whole = bars_of(real_data, timeframe), batch_of(real_data, timeframe)
    cuts = cuts_of(bars)
    assert len(cuts) >= 9
    for cut in cuts:
        assert_causal(bars, cut, OWN, whole=whole)


@pytest.mark.realdata
def test_the_real_bars_hold_what_makes_them_hard(real_data: Path) -> None:
    parts = {timeframe: bars_of(real_data, timeframe) for timeframe in TIMEFRAMES}
    assert all(len(month_slices(part.begin_s, warmup_bars=WARMUP_BARS)) > 1 for part in parts.values())
    assert all(part.dividend_rub.any() for part in parts.values())
    assert all(np.ptp(parts[timeframe].split_factor) > 0 for timeframe in ("1m", "1d"))
    assert all((parts[timeframe].session == WEEKEND).any() for timeframe in ("1m", "10m", "1h"))
    assert max(np.diff(parts[timeframe].begin_s).max() for timeframe in ("10m", "1h")) > 20 * 86_400


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_every_feature_has_a_value_on_real_bars(real_data: Path, timeframe: str) -> None:
    values = batch_of(real_data, timeframe)
    known = np.isfinite(values)
    assert not np.isinf(values).any()
    # A day has no time of day; the share that was halted for a week has no profile of one.
    untold = {spec.name for spec in OWN if spec.name.startswith(("session_", "slot_"))} - {"session_gap"}
    none = {spec.name for spec, some in zip(OWN, known.any(axis=0), strict=True) if not some}
    assert none <= (
        untold | {"gap_inside_atr"} if timeframe == "1d" else {"slot_range_ratio_20", "slot_volume_ratio_20"}
    )


def month_at(bars: Bars, reach: int) -> tuple[F32, Window, slice]:
    """Return the current month's features when `reach` bars are known, its window, and its rows."""
    known = bars.cut(reach)
    month = month_slices(known.begin_s, warmup_bars=WARMUP_BARS)[-1]
    first = unbroken_from(known.trading_day, first=month.warmup_start, start=month.start)
    window = window_of(known, start=first, stop=month.stop)
    return month_features(known, OWN, month), window, slice(month.start, month.stop)


def assert_increments(bars: Bars, batch: F32, reaches: Sequence[int]) -> None:
    """Fail unless the month alone and the newest row alone have the bits of the whole build."""
    for reach in reaches:
        current, window, rows = month_at(bars, reach)
        assert_same_bits(current, batch[rows], OWN)
        newest = newest_columns([window], OWN)[0]
        assert_same_bits(newest[None, :], compute_columns(window, OWN)[-1:], OWN)
        assert_same_bits(newest[None, :], batch[reach - 1 : reach], OWN)


def reaches_of(bars: Bars) -> list[int]:
    return sorted({*cuts_of(bars), 1, 2, 40, len(bars) // 3, len(bars)})


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_only_the_current_month_needs_computing_for_a_new_real_bar(real_data: Path, timeframe: str) -> None:
    bars = bars_of(real_data, timeframe)
    assert_increments(bars, batch_of(real_data, timeframe), reaches_of(bars))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), reaches=st.lists(st.integers(1, 800), min_size=3, max_size=3))
def test_only_the_current_month_needs_computing_for_a_new_bar(
    make: Callable[..., Bars], seed: int, reaches: list[int]
) -> None:
    bars = make(800, seed=seed)
    assert_increments(bars, features_of(bars, OWN, warmup_bars=WARMUP_BARS), reaches)


def by_lookback(specs: Sequence[FeatureSpec]) -> dict[int, list[FeatureSpec]]:
    groups: dict[int, list[FeatureSpec]] = defaultdict(list)
    for spec in specs:
        if spec.exact_tail:
            groups[spec.lookback_bars].append(spec)
    return groups


def assert_exact_tails(window: Window, specs: Sequence[FeatureSpec]) -> None:
    """Fail unless the newest value has the same bits from the `lookback_bars + 1` last bars that it claims to need."""
    for lookback, members in by_lookback(specs).items():
        whole = compute_columns(window, members)[-1:]
        tail = compute_columns(window.tail(lookback + 1), members)[-1:]
        unequal = [
            spec.name for j, spec in enumerate(members) if tail[:, j].tobytes() != whole[:, j].tobytes()
        ]
        assert not unequal, f"columns whose newest value needs more bars: {unequal}"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), reach=st.integers(252, 700))
def test_what_claims_an_exact_tail_has_one(make: Callable[..., Bars], seed: int, reach: int) -> None:
    assert_exact_tails(window_of(make(reach, seed=seed), start=0, stop=reach), OWN)


@pytest.mark.realdata
@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_what_claims_an_exact_tail_has_one_on_real_bars(real_data: Path, timeframe: str) -> None:
    bars = bars_of(real_data, timeframe)
    for reach in [*cuts_of(bars), *range(300, len(bars), len(bars) // 15)]:
        start = max(0, reach - WARMUP_BARS)
        assert_exact_tails(window_of(bars, start=start, stop=reach), OWN)


def test_most_bounded_features_claim_an_exact_tail() -> None:
    assert sum(spec.exact_tail for spec in OWN) >= 110


RECURSIVE = (
    "rsi_14",
    "price_ema_20",
    "atr_14_pct",
    "adx_14",
    "level_ema_20",
    "ewma_vol_94",
    "dist_prev_high",
)


@pytest.mark.parametrize("name", RECURSIVE)
def test_a_wrong_claim_of_an_exact_tail_is_caught(name: str) -> None:
    assert not BY_NAME[name].exact_tail
    claimed = [replace(BY_NAME[name], exact_tail=True)]
    with pytest.raises(AssertionError, match=f"needs more bars: \\['{name}'\\]"):
        assert_exact_tails(window_of(spiky_bars(640, seed=3), start=0, stop=640), claimed)


def test_a_claim_of_too_few_bars_is_caught() -> None:
    window = window_of(lively_bars(700, seed=3), start=0, stop=700)
    claimed = [replace(BY_NAME["dist_high_60"], lookback_bars=20)]
    with pytest.raises(AssertionError, match="dist_high_60"):
        assert_exact_tails(window, claimed)


def test_the_newest_row_needs_a_bar() -> None:
    with pytest.raises(ValueError, match="a window must hold at least one bar, was empty"):
        newest_columns([window_of(random_bars(5, seed=1), start=2, stop=2)], OWN)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 700), min_size=2, max_size=8))
def test_newest_rows_of_many_shares_do_not_touch_each_other(seed: int, sizes: list[int]) -> None:
    makers = list(MAKERS.values())
    bars = [makers[(seed + i) % len(makers)](700, seed=seed + i).cut(size) for i, size in enumerate(sizes)]
    windows = [window_of(one, start=0, stop=len(one)) for one in bars]
    together = newest_columns(windows, OWN)
    assert_same_bits(together, np.concatenate([compute_columns(window, OWN)[-1:] for window in windows]), OWN)


def test_newest_rows_that_touch_each_other_would_be_seen() -> None:
    """A window of more bars than its feature claims to need reads the share before it."""
    claimed = [replace(BY_NAME["price_ema_20"], exact_tail=True)]
    windows = [window_of(lively_bars(700, seed=seed), start=0, stop=700) for seed in range(3)]
    whole = np.concatenate([compute_columns(window, claimed)[-1:] for window in windows])
    with pytest.raises(AssertionError, match="price_ema_20"):
        assert_same_bits(newest_columns(windows, claimed), whole, claimed)
