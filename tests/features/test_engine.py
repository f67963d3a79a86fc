"""The engine: months, warm-up, missing values, scale, splits and dividends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalog import BY_NAME, CODE_VERSION, FEATURES
from features.kernels import engine
from features.kernels.adjust import dividend_factor
from features.kernels.technical import atr
from features.spec import FeatureSpec
from market.contracts import Bars
from tests.features.series import random_bars

WARMUP_BARS = 150
BARS = random_bars(700, seed=11)


def flat_bars(n: int) -> Bars:
    """Return bars of a share that never moves and never trades."""
    bars = random_bars(n, seed=1)
    same: dict[str, Any] = {name: np.full(n, 100.0) for name in ("open", "high", "low", "close")}
    nothing: dict[str, Any] = {
        name: np.zeros(n) for name in ("volume_shares", "turnover_rub", "dividend_rub")
    }
    return replace(bars, **same, **nothing)


def test_every_kernel_is_named_by_a_feature_and_every_feature_has_one() -> None:
    assert {spec.kernel for spec in FEATURES} == set(engine.COLUMNS)
    assert len(BY_NAME) == len(FEATURES)


@pytest.mark.parametrize("spec", FEATURES, ids=lambda spec: spec.name)
def test_the_look_back_is_the_number_of_bars_before_the_first_value(spec: FeatureSpec) -> None:
    values = engine.compute_columns(engine.window_of(BARS, start=0, stop=len(BARS)), [spec])[:, 0]
    first = int(np.argmax(np.isfinite(values)))
    # A gap needs a second trading day: as many bars as the first one had.
    assert first == (14 if spec.name == "session_gap" else spec.lookback_bars)
    assert np.isfinite(values[first:]).all()


@pytest.mark.parametrize("spec", FEATURES, ids=lambda spec: spec.name)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_values_stay_within_the_range_of_the_catalogue(spec: FeatureSpec, seed: int) -> None:
    bars = random_bars(200, seed=seed)
    values = engine.compute_columns(engine.window_of(bars, start=0, stop=200), [spec])[:, 0]
    finite = values[np.isfinite(values)].astype(np.float64)
    assert spec.low is None or finite.min() >= spec.low - 1e-5
    assert spec.high is None or finite.max() <= spec.high + 1e-5


def test_a_share_that_never_moves_has_unknown_oscillators_and_no_infinity() -> None:
    window = engine.window_of(flat_bars(200), start=0, stop=200)
    values = {spec.name: engine.compute_columns(window, [spec])[:, 0] for spec in FEATURES}
    unknown = {name for name, column in values.items() if not np.isfinite(column).any()}
    assert unknown == {
        "macd_hist_atr", "adx_14", "di_spread_14", "rsi_7", "rsi_14", "stoch_k_14", "mfi_14", "atr_ratio_5_30",
        "bb_position_20", "volume_ratio_20", "volume_robust_z_60", "turnover_ratio_20_120", "amihud_20",
    }  # fmt: skip
    assert not any(np.isinf(column).any() for column in values.values())


@pytest.mark.parametrize("n", [0, 1, 2, 13])
def test_a_short_history_gives_rows_of_missing_values(n: int) -> None:
    matrix = engine.features_of(BARS.cut(n), FEATURES, warmup_bars=WARMUP_BARS)
    assert matrix.shape == (n, len(FEATURES))
    assert matrix.dtype == np.float32
    assert np.isnan(matrix[:, [spec.lookback_bars > 13 for spec in FEATURES]]).all()


def test_the_scale_of_prices_does_not_matter() -> None:
    scaled = replace(
        BARS,
        **{name: getattr(BARS, name) * 1024.0 for name in ("open", "high", "low", "close", "dividend_rub")},
        volume_shares=BARS.volume_shares / 1024.0,
    )
    names = [spec for spec in FEATURES if spec.name != "volume_robust_z_60"]  # ln(1 + volume) has a scale
    np.testing.assert_allclose(
        engine.features_of(scaled, names, warmup_bars=WARMUP_BARS),
        engine.features_of(BARS, names, warmup_bars=WARMUP_BARS),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_dividend_leaves_no_jump_in_the_returns() -> None:
    ex = int(np.flatnonzero(BARS.dividend_rub)[0])
    close = BARS.close.copy()
    close[ex:] *= (close[ex - 1] - 9.0) / close[ex - 1]
    bars = replace(BARS, close=close)
    with_gap = replace(bars, dividend_rub=np.zeros(len(bars)))
    specs = [BY_NAME["ret_1"]]
    clean = engine.compute_columns(engine.window_of(bars, start=0, stop=len(bars)), specs)[ex, 0]
    jumped = engine.compute_columns(engine.window_of(with_gap, start=0, stop=len(bars)), specs)[ex, 0]
    np.testing.assert_allclose(clean, np.log(BARS.close[ex] / BARS.close[ex - 1]), atol=1e-6)
    assert jumped < clean - 0.02


def test_a_dividend_above_the_price_is_refused() -> None:
    with pytest.raises(ValueError, match="a dividend must be above 0 and below the close before it, was 300"):
        dividend_factor(np.array([100.0, 101.0]), np.array([0.0, 300.0]))


def test_months_are_calendar_months_in_moscow() -> None:
    moments = [
        "2024-01-31 20:00",
        "2024-01-31 21:00",
        "2024-02-29 20:59",
        "2024-02-29 21:00",
        "2024-05-01 06:00",
    ]
    begin_s = np.array([int(datetime.fromisoformat(f"{m}+00:00").timestamp()) for m in moments])
    slices = engine.month_slices(begin_s, warmup_bars=2)
    assert [(s.month, s.warmup_start, s.start, s.stop) for s in slices] == [
        ("2024-01", 0, 0, 1), ("2024-02", 0, 1, 3), ("2024-03", 1, 3, 4), ("2024-05", 2, 4, 5),
    ]  # fmt: skip


def test_bad_months_are_refused() -> None:
    with pytest.raises(ValueError, match="warmup_bars must be within 0 to 1000, was 1001"):
        engine.month_slices(BARS.begin_s, warmup_bars=1001)
    with pytest.raises(ValueError, match="rising order"):
        engine.month_slices(BARS.begin_s[::-1], warmup_bars=10)


@pytest.mark.parametrize("reached", [1, 5, 330, 331, 480, 699])
def test_only_the_current_month_needs_computing_for_a_new_bar(reached: int) -> None:
    batch = engine.features_of(BARS, FEATURES, warmup_bars=WARMUP_BARS)
    month = engine.month_slices(BARS.cut(reached).begin_s, warmup_bars=WARMUP_BARS)[-1]
    current = engine.month_features(BARS.cut(reached), FEATURES, month)
    assert current.tobytes() == batch[month.start : reached].tobytes()


def test_a_month_does_not_depend_on_bars_before_its_warm_up() -> None:
    month = engine.month_slices(BARS.begin_s, warmup_bars=WARMUP_BARS)[-1]
    assert month.warmup_start > 0
    values = engine.month_features(BARS, FEATURES, month)
    close = BARS.close.copy()
    close[: month.warmup_start] = 1.0
    changed = replace(BARS, close=close)
    assert engine.month_features(changed, FEATURES, month).tobytes() == values.tobytes()
    assert engine.inputs_fingerprint(changed, month) == engine.inputs_fingerprint(BARS, month)
    close[month.warmup_start] = 1.0
    assert engine.month_features(changed, FEATURES, month).tobytes() != values.tobytes()


@pytest.mark.parametrize(
    "name", ["open", "high", "low", "close", "volume_shares", "turnover_rub", "dividend_rub", "begin_s"]
)
def test_the_fingerprint_sees_every_input(name: str) -> None:
    month = engine.month_slices(BARS.begin_s, warmup_bars=WARMUP_BARS)[-1]
    array = getattr(BARS, name).copy()
    array[month.warmup_start] += 1
    assert engine.inputs_fingerprint(replace(BARS, **{name: array}), month) != engine.inputs_fingerprint(
        BARS, month
    )


def test_the_warm_up_is_long_enough_for_the_recursive_features() -> None:
    """A longer warm-up than the sets' 600 bars changes no feature by more than float32 can tell."""
    bars = random_bars(1_400, seed=2)
    last = engine.month_slices(bars.begin_s, warmup_bars=600)[-1]
    longer = engine.month_slices(bars.begin_s, warmup_bars=1_000)[-1]
    assert last.warmup_start > longer.warmup_start
    np.testing.assert_allclose(
        engine.month_features(bars, FEATURES, last),
        engine.month_features(bars, FEATURES, longer),
        rtol=2e-6,
        atol=2e-6,
    )


def test_kernels_refuse_bad_parameters() -> None:
    window = engine.window_of(BARS, start=0, stop=100)
    refused: dict[str, dict[str, float]] = {
        "log_return": {"span": 0}, "price_to_sma": {"window": 1}, "ema_spread": {"fast": 5, "slow": 5},
        "rsi": {"window": 1}, "ewma_volatility": {"decay": 1.0, "start": 20}, "amihud_illiquidity": {"window": 0},
        "bollinger_width": {"window": 20, "width_std": 0.0}, "turnover_ratio": {"fast": 9, "slow": 3},
    }  # fmt: skip
    for kernel, parameters in refused.items():
        with pytest.raises(ValueError, match=r"was "):
            engine.COLUMNS[kernel](window, **parameters)


def test_the_door_to_the_average_true_range() -> None:
    prices = np.array([10.0, 11.0, 12.0, 11.0])
    out = atr(prices + 1.0, prices - 1.0, prices, window=2)
    np.testing.assert_allclose(out, [np.nan, np.nan, 2.0, 2.0])


# The numbers of code version 1 on a seeded series: when one changes, CODE_VERSION has to be raised with it.
VERSIONED_AT = 300
VERSIONED: dict[int, dict[str, float]] = {
    1: {
        "ret_1": -0.0063905,
        "ret_2": -1.55574e-05,
        "ret_3": -0.00907668,
        "ret_5": -0.00817232,
        "ret_10": -0.0169298,
        "ret_20": -0.0298859,
        "ret_60": 0.0249856,
        "price_sma_20": -0.0189193,
        "price_sma_50": -0.0195267,
        "price_ema_20": -0.0145249,
        "ema_spread_5_20": -0.00979695,
        "ema_spread_20_60": 0.00500093,
        "macd_hist_atr": -0.309253,
        "adx_14": 26.605,
        "di_spread_14": -16.4463,
        "rsi_7": 30.8928,
        "rsi_14": 35.9018,
        "stoch_k_14": 8.45571,
        "mfi_14": 19.58,
        "atr_14_pct": 0.851179,
        "atr_ratio_5_30": 0.938611,
        "std_20": 0.00536661,
        "std_60": 0.0068371,
        "parkinson_20": 0.00547589,
        "ewma_vol_94": 0.00564662,
        "bb_position_20": 0.112719,
        "bb_width_20": 4.88516,
        "volume_ratio_20": 0.296153,
        "volume_robust_z_60": -1.57408,
        "turnover_ratio_20_120": 0.685362,
        "amihud_20": 2.08221,
        "day_range_position": 0.149926,
        "dist_high_20": -0.0415527,
        "dist_high_60": -0.0415527,
        "dist_low_20": 0.00290027,
        "dist_low_60": 0.0318794,
        "session_gap": 0.00251858,
        "minute_sin": -0.866025,
        "minute_cos": -0.5,
        "weekday_sin": 0.781832,
        "weekday_cos": 0.62349,
    }
}


def test_changed_numbers_need_a_new_code_version() -> None:
    bars = random_bars(320, seed=5)
    row = engine.features_of(bars, FEATURES, warmup_bars=WARMUP_BARS)[VERSIONED_AT]
    want = VERSIONED[CODE_VERSION]
    assert list(want) == [spec.name for spec in FEATURES]
    np.testing.assert_allclose(row, list(want.values()), rtol=1e-5, atol=1e-6)


def test_the_first_bar_of_the_series_is_where_it_is_said_to_be() -> None:
    assert datetime.fromtimestamp(int(BARS.begin_s[0]), tz=UTC) == datetime(2024, 1, 15, 7, tzinfo=UTC)
