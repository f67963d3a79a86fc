"""Trend."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec

_AVERAGES: Final = (5, 10, 20, 50, 100, 200)
_ATR: Final = 14
_SLOPE_SPAN: Final = 5
_CROSS_WITHIN: Final = 20


def _trend(
    name: str, formula: str, kernel: str, lookback: int, *, exact: bool = False, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="trend",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit="fraction",
        low=-1.0,
        high=None,
        source=BARS,
        exact_tail=exact,
    )


def _price_to_sma(window: int) -> FeatureSpec:
    return _trend(
        f"price_sma_{window}",
        f"close / SMA({window}) - 1",
        "price_to_sma",
        window - 1,
        exact=True,
        window=window,
    )


def _price_to_ema(window: int) -> FeatureSpec:
    return _trend(
        f"price_ema_{window}", f"close / EMA({window}) - 1", "price_to_ema", window - 1, window=window
    )


def _in_ranges(
    name: str, formula: str, kernel: str, lookback: int, *, unit: str = "ATR", **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="trend",
        formula=f"{formula} / ATR({_ATR})",
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit=unit,
        source=BARS,
    )


def _slope(kind: str, window: int) -> FeatureSpec:
    average = f"{kind.upper()}({window})"
    return _in_ranges(
        f"{kind}_slope_{window}",
        f"({average}[t] - {average}[t-{_SLOPE_SPAN}]) / {_SLOPE_SPAN}",
        f"{kind}_slope_atr",
        max(window - 1 + _SLOPE_SPAN, _ATR),
        unit="ATR a bar",
        window=window,
        span=_SLOPE_SPAN,
        atr=_ATR,
    )


def _cross(fast: int, slow: int) -> FeatureSpec:
    return FeatureSpec(
        name=f"sma_cross_{fast}_{slow}",
        family="trend",
        formula=f"1 - bars since SMA({fast}) crossed SMA({slow}) / {_CROSS_WITHIN}, 0 without a cross in "
        f"{_CROSS_WITHIN} bars; positive for the golden cross (to above), negative for the death cross",
        kernel="sma_cross",
        parameters={"fast": fast, "slow": slow, "within": _CROSS_WITHIN},
        lookback_bars=slow - 1 + _CROSS_WITHIN,
        unit="-1..1",
        low=-1.0,
        high=1.0,
        source=BARS,
    )


def _macd(name: str, formula: str, kernel: str) -> FeatureSpec:
    return _in_ranges(name, formula, kernel, 33, window=_ATR)


def _within(
    name: str,
    formula: str,
    kernel: str,
    lookback: int,
    *,
    unit: str,
    bounds: tuple[float, float],
    window: int,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="trend",
        formula=formula,
        kernel=kernel,
        parameters={"window": window},
        lookback_bars=lookback,
        unit=unit,
        low=bounds[0],
        high=bounds[1],
        source=BARS,
        exact_tail=kernel in {"range_position", "line_r2"},
    )


def _directional(name: str, formula: str, kernel: str, lookback: int, *, low: float = 0.0) -> FeatureSpec:
    unit = f"{low:g}..100"
    return _within(name, formula, kernel, lookback, unit=unit, bounds=(low, 100.0), window=_ATR)


def _line_slope(window: int) -> FeatureSpec:
    return _in_ranges(
        f"line_slope_{window}",
        f"slope of the least-squares line through {window} closes",
        "line_slope_atr",
        max(window - 1, _ATR),
        unit="ATR a bar",
        window=window,
        atr=_ATR,
    )


def _line_r2(window: int) -> FeatureSpec:
    return _within(
        f"line_r2_{window}",
        f"R2 of the least-squares line through {window} closes",
        "line_r2",
        window - 1,
        unit="0..1",
        bounds=(0.0, 1.0),
        window=window,
    )


def _donchian(window: int) -> FeatureSpec:
    return _within(
        f"donchian_{window}",
        f"(close - low{window}) / (high{window} - low{window})",
        "range_position",
        window - 1,
        unit="0..1",
        bounds=(0.0, 1.0),
        window=window,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_price_to_sma(window) for window in _AVERAGES),
    *(_price_to_ema(window) for window in _AVERAGES),
    _trend("ema_spread_5_20", "EMA(5) / EMA(20) - 1", "ema_spread", 19, fast=5, slow=20),
    _trend("ema_spread_20_60", "EMA(20) / EMA(60) - 1", "ema_spread", 59, fast=20, slow=60),
    *(_slope("sma", window) for window in _AVERAGES),
    *(_slope("ema", window) for window in _AVERAGES),
    _cross(20, 50),
    _cross(50, 200),
    _macd("macd_line_atr", "MACD line(12, 26)", "macd_line_atr"),
    _macd("macd_signal_atr", "MACD signal line(12, 26, 9)", "macd_signal_atr"),
    _macd("macd_hist_atr", "MACD histogram(12, 26, 9)", "macd_histogram_atr"),
    _directional("adx_14", "ADX(14)", "adx", 27),
    _directional("plus_di_14", "+DI(14)", "plus_di", 14),
    _directional("minus_di_14", "-DI(14)", "minus_di", 14),
    _directional("di_spread_14", "+DI(14) - -DI(14)", "directional_spread", 14, low=-100.0),
    *(_line_slope(window) for window in (20, 60)),
    *(_line_r2(window) for window in (20, 60)),
    *(_donchian(window) for window in (20, 55)),
)
