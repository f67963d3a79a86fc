"""The engine: months, warm-up, missing values, scale, splits and dividends.

What is asked of a feature is asked of every feature of own bars in the catalogue, all columns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import BY_NAME, FEATURES
from features.kernels import engine
from features.kernels.adjust import dividend_factor
from features.kernels.technical import atr
from features.spec import FeatureSpec
from market.contracts import Bars
from tests.features.series import (
    HOURS_A_DAY,
    flat_bars,
    lively_bars,
    random_bars,
    spiky_bars,
    stalled_bars,
    wild_bars,
)
from traderai.common.arrays import F32, Bools

OWN = tuple(spec for spec in FEATURES if spec.reads == "bars")
WARMUP_BARS = 150
BARS = random_bars(700, seed=11)
PRICES = ("open", "high", "low", "close", "dividend_rub")


def columns(bars: Bars, specs: Sequence[FeatureSpec] = OWN) -> F32:
    return engine.compute_columns(engine.window_of(bars, start=0, stop=len(bars)), specs)


@pytest.fixture(scope="module")
def matrix() -> F32:
    """Return all columns of BARS; no import waits for what is compiled here."""
    return columns(BARS)


def named(found: Bools | Iterable[bool]) -> list[str]:
    return [spec.name for spec, is_found in zip(OWN, found, strict=True) if is_found]


def firsts(matrix: F32) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return at which bar each column has its first value, the number of bars where it has none."""
    known = np.isfinite(matrix)
    return np.where(known.any(axis=0), known.argmax(axis=0), len(matrix))


def bars_of_days(n: int) -> Bars:
    """Return one hourly bar a day from a Friday on: after every bar a new day, after the first one a new week."""
    bars = random_bars(HOURS_A_DAY * (n + 4), seed=11)
    rows = np.arange(4 * HOURS_A_DAY, len(bars), HOURS_A_DAY)
    arrays = {
        name: getattr(bars, name)[rows]
        for name in bars.__dataclass_fields__
        if isinstance(getattr(bars, name), np.ndarray)
    }
    return replace(bars, **arrays)


def test_the_look_back_is_the_number_of_bars_before_the_first_value(matrix: F32) -> None:
    """What needs a day, a week or a night before it has its first value earliest where each bar is a day."""
    found = np.minimum(firsts(matrix), firsts(columns(bars_of_days(300))))
    wrong = {
        spec.name: (spec.lookback_bars, int(at))
        for spec, at in zip(OWN, found, strict=True)
        if at != spec.lookback_bars
    }
    assert not wrong, f"first value elsewhere than the look-back says: {wrong}"


def test_a_first_value_is_followed_by_others(matrix: F32) -> None:
    known = np.isfinite(matrix)
    after = np.arange(len(BARS))[:, None] >= firsts(matrix)
    # A day's first bar has no gap inside the day; there may be no level above the price, or none below.
    assert set(named((after & ~known).any(axis=0))) <= {
        "gap_inside_atr",
        "resistance_dist_atr",
        "resistance_touches",
        "support_dist_atr",
        "support_touches",
    }


def out_of_range(matrix: F32, specs: Sequence[FeatureSpec] = OWN) -> list[str]:
    """Return the features with a value that is infinite or not within the catalogue's range."""
    found = []
    for spec, values in zip(specs, matrix.astype(np.float64).T, strict=True):
        known = values[~np.isnan(values)]
        low = -np.inf if spec.low is None else spec.low - 1e-6 - 1e-6 * abs(spec.low)
        high = np.inf if spec.high is None else spec.high + 1e-6 + 1e-6 * abs(spec.high)
        if not np.isfinite(known).all() or (known < low).any() or (known > high).any():
            found.append(spec.name)
    return found


MAKERS: dict[str, Callable[..., Bars]] = {
    "plain": random_bars,
    "lively": lively_bars,
    "spiky": spiky_bars,
    "stalled": stalled_bars,
    "wild": wild_bars,
    "flat": flat_bars,
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_values_stay_within_the_range_of_the_catalogue(make: Callable[..., Bars], seed: int) -> None:
    wrong = out_of_range(columns(make(600, seed=seed)))
    assert not wrong, f"out of the catalogue's range: {wrong}"


def test_a_value_outside_of_the_range_is_seen(matrix: F32) -> None:
    for name, narrow in (("rsi_14", {"high": 60.0}), ("dist_high_60", {"low": -0.001})):
        at = OWN.index(BY_NAME[name])
        assert out_of_range(matrix[:, [at]], [replace(OWN[at], **narrow)]) == [name]
        assert out_of_range(np.full((3, 1), np.inf, dtype=np.float32), [OWN[at]]) == [name]


def test_ranges_are_reached_by_something() -> None:
    """A range that is told must be near what bars can do: it is at most ten times as wide as what some bars did."""
    matrix = np.concatenate([columns(make(600, seed=5)) for name, make in MAKERS.items() if name != "flat"])
    low, high = np.nanmin(matrix, axis=0), np.nanmax(matrix, axis=0)
    loose = [
        spec.low is not None
        and spec.high is not None
        and 10 * (high[j] - low[j]) < float(spec.high) - float(spec.low)
        for j, spec in enumerate(OWN)
    ]
    # Twice the price in basis points; what a bar's high and low allow is far less.
    assert named(loose) == ["corwin_schultz_20"]


def test_a_share_that_never_moves_has_unknown_oscillators() -> None:
    unknown = set(named(~np.isfinite(columns(flat_bars(400))).any(axis=0)))
    assert unknown >= {
        "macd_hist_atr", "adx_14", "di_spread_14", "rsi_7", "rsi_14", "stoch_k_14", "mfi_14", "atr_ratio_5_30",
        "bb_position_20", "volume_ratio_20", "volume_robust_z_60", "turnover_ratio_20_120", "amihud_20",
    }  # fmt: skip


@pytest.mark.parametrize("n", [0, 1, 2, 13, 60])
def test_a_short_history_gives_rows_of_missing_values(n: int) -> None:
    matrix = engine.features_of(BARS.cut(n), OWN, warmup_bars=WARMUP_BARS)
    assert matrix.shape == (n, len(OWN))
    assert matrix.dtype == np.float32
    assert np.isnan(matrix[:, [spec.lookback_bars >= n for spec in OWN]]).all()


def test_the_scale_of_prices_and_volumes_does_not_matter() -> None:
    """A split before all bars multiplies prices and divides volumes; the price on the screen is what it was."""
    scale = 1024.0
    scaled = replace(
        BARS,
        **{name: getattr(BARS, name) * scale for name in PRICES},
        split_factor=BARS.split_factor * scale,
        volume_shares=BARS.volume_shares / scale,
    )
    here, there = columns(BARS), columns(scaled)
    same = np.isclose(there, here, rtol=2e-5, atol=2e-6, equal_nan=True).all(axis=0)
    levels = [spec.family == "prices" for spec in OWN]
    # ln(1 + volume) is not ln(volume)
    assert set(named(~same & ~np.array(levels))) == {
        "volume_robust_z_60",
        "volume_price_corr_20",
        "volume_return_corr_20",
    }
    assert sorted(named(levels)) == sorted(name for name in BY_NAME if name.startswith("level_"))
    for name in named(levels):
        at = OWN.index(BY_NAME[name])
        factor = 1 / scale if name == "level_volume" else scale
        np.testing.assert_array_equal(there[:, at], here[:, at] * np.float32(factor), err_msg=name)


def test_a_dividend_leaves_no_jump_in_the_returns() -> None:
    ex = int(np.flatnonzero(BARS.dividend_rub)[0])
    close = BARS.close.copy()
    close[ex:] *= (close[ex - 1] - 9.0) / close[ex - 1]
    bars = replace(BARS, close=close)
    with_gap = replace(bars, dividend_rub=np.zeros(len(bars)))
    specs = [BY_NAME["ret_1"]]
    clean = columns(bars, specs)[ex, 0]
    jumped = columns(with_gap, specs)[ex, 0]
    np.testing.assert_allclose(clean, np.log(BARS.close[ex] / BARS.close[ex - 1]), atol=1e-6)
    assert jumped < clean - 0.02


def test_a_dividend_above_the_price_is_refused() -> None:
    with pytest.raises(ValueError, match="a dividend must be above 0 and below the close before it, was 300"):
        dividend_factor(np.array([100.0, 101.0]), np.array([0.0, 300.0]))


def test_months_are_calendar_months_in_moscow() -> None:
    moments = [
        "2013-04-30 19:59",  # Moscow was four hours ahead
        "2013-04-30 20:00",
        "2024-01-31 20:00",
        "2024-01-31 21:00",
        "2024-02-29 20:59",
        "2024-02-29 21:00",
        "2024-05-01 06:00",
    ]
    begin_s = np.array([int(datetime.fromisoformat(f"{m}+00:00").timestamp()) for m in moments])
    slices = engine.month_slices(begin_s, warmup_bars=2)
    assert [(s.month, s.warmup_start, s.start, s.stop) for s in slices] == [
        ("2013-04", 0, 0, 1), ("2013-05", 0, 1, 2), ("2024-01", 0, 2, 3), ("2024-02", 1, 3, 5), ("2024-03", 3, 5, 6),
        ("2024-05", 4, 6, 7),
    ]  # fmt: skip


def test_bad_months_are_refused() -> None:
    with pytest.raises(ValueError, match="warmup_bars must be within 0 to 1000, was 1001"):
        engine.month_slices(BARS.begin_s, warmup_bars=1001)
    with pytest.raises(ValueError, match="rising order"):
        engine.month_slices(BARS.begin_s[::-1], warmup_bars=10)


def test_a_month_does_not_depend_on_bars_before_its_warm_up() -> None:
    month = engine.month_slices(BARS.begin_s, warmup_bars=WARMUP_BARS)[-1]
    assert month.warmup_start > 0
    values = engine.month_features(BARS, OWN, month)
    arrays = {name: getattr(BARS, name).copy() for name in ("open", "high", "low", "close", "volume_shares")}
    for array in arrays.values():
        array[: month.warmup_start] = 1.0
    changed = replace(BARS, **arrays)
    assert engine.month_features(changed, OWN, month).tobytes() == values.tobytes()
    assert engine.inputs_fingerprint(changed, month) == engine.inputs_fingerprint(BARS, month)
    for array in arrays.values():
        array[month.warmup_start] = 1.0
    assert engine.month_features(changed, OWN, month).tobytes() != values.tobytes()


@pytest.mark.parametrize(
    "name",
    [
        "open", "high", "low", "close", "volume_shares", "turnover_rub", "split_factor", "dividend_rub", "begin_s",
        "session",
    ],
)  # fmt: skip
def test_the_fingerprint_sees_every_input(name: str) -> None:
    month = engine.month_slices(BARS.begin_s, warmup_bars=WARMUP_BARS)[-1]
    array = getattr(BARS, name).copy()
    array[month.warmup_start] += 1
    assert engine.inputs_fingerprint(replace(BARS, **{name: array}), month) != engine.inputs_fingerprint(
        BARS, month
    )


def test_the_fingerprint_sees_where_a_day_ends_and_not_its_number() -> None:
    month = engine.month_slices(BARS.begin_s, warmup_bars=WARMUP_BARS)[-1]
    told = engine.inputs_fingerprint(BARS, month)
    later = replace(BARS, trading_day=BARS.trading_day + 7)
    assert engine.inputs_fingerprint(later, month) == told
    split_day = BARS.trading_day + (np.arange(len(BARS)) >= month.start + 3)
    assert engine.inputs_fingerprint(replace(BARS, trading_day=split_day), month) != told


def test_the_warm_up_is_long_enough_for_the_recursive_features() -> None:
    """With a longer warm-up than the sets' 600 bars no feature is another one.

    What forgets within 60 bars changes by less than 32 bits can tell, what remembers longer by a hundredth of how much
    it varies at most.
    """
    bars = random_bars(1_400, seed=2)
    last = engine.month_slices(bars.begin_s, warmup_bars=600)[-1]
    longer = engine.month_slices(bars.begin_s, warmup_bars=1_000)[-1]
    assert last.warmup_start > longer.warmup_start
    here, there = (engine.month_features(bars, OWN, month) for month in (last, longer))
    same = np.isclose(here, there, rtol=2e-6, atol=2e-6, equal_nan=True).all(axis=0)
    assert not named(~same & [spec.lookback_bars < 60 for spec in OWN])
    apart = np.nanmax(np.abs(here - there), axis=0)
    assert not named(apart > 0.01 * np.nanstd(there, axis=0) + 2e-6)
    assert same.mean() > 0.97


def counts_of(spec: FeatureSpec) -> list[str]:
    """Return the parameters that count bars or days: positive whole numbers, except the level of an oscillator."""
    return [
        name
        for name, value in spec.parameters.items()
        if isinstance(value, int) and value > 0 and name != "level"
    ]


def test_every_kernel_refuses_a_number_of_bars_below_one() -> None:
    window = engine.window_of(BARS, start=0, stop=100)
    tried = {(spec.kernel, name): spec for spec in OWN for name in counts_of(spec)}
    assert len(tried) > 100
    for (kernel, name), spec in tried.items():
        for wrong in (0, -1):
            with pytest.raises(ValueError, match=r"(was|were) .*"):
                engine.COLUMNS[kernel](window, **(spec.parameters | {name: wrong}))
                pytest.fail(f"{kernel} took {name}={wrong}")


def test_every_kernel_of_a_fast_and_a_slow_window_refuses_them_the_wrong_way_round() -> None:
    window = engine.window_of(BARS, start=0, stop=100)
    pairs = {spec.kernel: spec.parameters for spec in OWN if "fast" in spec.parameters}
    assert len(pairs) > 5
    for kernel, parameters in pairs.items():
        for fast, slow in ((parameters["slow"], parameters["fast"]), (5, 5)):
            with pytest.raises(ValueError, match=f"fast must be below slow, was {fast} and {slow}"):
                engine.COLUMNS[kernel](window, **(parameters | {"fast": fast, "slow": slow}))
                pytest.fail(f"{kernel} took fast={fast} and slow={slow}")


def test_kernels_refuse_bad_parameters() -> None:
    window = engine.window_of(BARS, start=0, stop=100)
    refused: dict[str, dict[str, float]] = {
        "price_to_sma": {"window": 1}, "rsi": {"window": 1}, "ewma_volatility": {"decay": 1.0, "start": 20},
        "bollinger_width": {"window": 20, "width_std": 0.0}, "level_ema": {"window": 1},
    }  # fmt: skip
    for kernel, parameters in refused.items():
        with pytest.raises(ValueError, match=r"was "):
            engine.COLUMNS[kernel](window, **parameters)


def test_the_door_to_the_average_true_range() -> None:
    prices = np.array([10.0, 11.0, 12.0, 11.0])
    out = atr(prices + 1.0, prices - 1.0, prices, window=2)
    np.testing.assert_allclose(out, [np.nan, np.nan, 2.0, 2.0])


def test_the_first_bar_of_the_series_is_where_it_is_said_to_be() -> None:
    assert datetime.fromtimestamp(int(BARS.begin_s[0]), tz=UTC) == datetime(2024, 1, 15, 7, tzinfo=UTC)
