"""Candle patterns and structure."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS, VOLUME
from features.spec import FeatureSpec

_ATR: Final = "ATR(14)"
_LEVELS: Final = "a level is one of the newest 20 swing points (5 bars each side) of the last 240 bars"


def _pattern(name: str, lookback: int, low: float, high: float) -> FeatureSpec:
    return FeatureSpec(
        name=f"candle_{name}",
        family="candles",
        formula=f"TA-Lib's {name.replace('_', ' ')}: 1 bullish or without a side, -1 bearish, 0 none",
        kernel=f"candle_{name}",
        parameters={"lookback": lookback},
        lookback_bars=lookback,
        unit="-1, 0 or 1",
        low=low,
        high=high,
        source=BARS,
        exact_tail=True,
    )


def _shape(name: str, formula: str, low: float) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="candles",
        formula=formula,
        kernel=name,
        lookback_bars=0,
        unit=f"{low:g}..1",
        low=low,
        high=1.0,
        source=BARS,
        exact_tail=True,
    )


def _nested(name: str, formula: str) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="candles",
        formula=formula,
        kernel=name,
        lookback_bars=1,
        unit="0 or 1",
        low=0.0,
        high=1.0,
        source=BARS,
        exact_tail=True,
    )


def _gap(name: str, formula: str) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="candles",
        formula=formula,
        kernel=name,
        lookback_bars=15,
        unit="ATR",
        source=BARS,
    )


def _pivot(name: str, level: int, line: str) -> FeatureSpec:
    return FeatureSpec(
        name=f"pivot_{name}_dist_atr",
        family="candles",
        formula=f"(close - {line}) / {_ATR}; H, L, C and P = (H + L + C) / 3 of the trading day before, seen whole",
        kernel="pivot_distance_atr",
        parameters={"level": level},
        lookback_bars=14,
        unit="ATR",
        source=BARS,
    )


def _swing(name: str, kernel: str, formula: str, unit: str, low: float, high: float | None) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="candles",
        formula=f"{formula}; {_LEVELS}",
        kernel=kernel,
        parameters={"side": 5, "window": 240},
        lookback_bars=239,
        unit=unit,
        low=low,
        high=high,
        source=BARS,
    )


def _slot(name: str, what: str, source: str) -> FeatureSpec:
    return FeatureSpec(
        name=f"slot_{name}_ratio_20",
        family="candles",
        formula=f"{what} / mean of the same minute of the day on the last 5 to 20 days; weekend sessions apart",
        kernel=f"slot_{name}_ratio",
        parameters={"days": 20, "least": 5},
        lookback_bars=5,
        unit="ratio",
        low=0.0,
        source=source,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _pattern("doji", 10, 0.0, 1.0),
    _pattern("dragonfly_doji", 10, 0.0, 1.0),
    _pattern("gravestone_doji", 10, 0.0, 1.0),
    _pattern("spinning_top", 10, -1.0, 1.0),
    _pattern("marubozu", 10, -1.0, 1.0),
    _pattern("belt_hold", 10, -1.0, 1.0),
    _pattern("hammer", 11, 0.0, 1.0),
    _pattern("hanging_man", 11, -1.0, 0.0),
    _pattern("inverted_hammer", 11, 0.0, 1.0),
    _pattern("shooting_star", 11, -1.0, 0.0),
    _pattern("engulfing", 2, -1.0, 1.0),
    _pattern("harami", 11, -1.0, 1.0),
    _pattern("doji_star", 11, -1.0, 1.0),
    _pattern("piercing", 11, 0.0, 1.0),
    _pattern("dark_cloud_cover", 11, -1.0, 0.0),
    _pattern("three_inside", 12, -1.0, 1.0),
    _pattern("three_outside", 3, -1.0, 1.0),
    _pattern("morning_star", 12, 0.0, 1.0),
    _pattern("evening_star", 12, -1.0, 0.0),
    _pattern("hikkake", 5, -1.0, 1.0),
    _shape("body_frac", "(close - open) / (high - low)", -1.0),
    _shape("upper_shadow_frac", "(high - max(open, close)) / (high - low)", 0.0),
    _shape("lower_shadow_frac", "(min(open, close) - low) / (high - low)", 0.0),
    _nested("inside_bar", "1 if high <= high before and low >= low before, else 0"),
    _nested("outside_bar", "1 if high > high before and low < low before, else 0"),
    _gap("gap_inside_atr", f"(open - close before) / {_ATR} before, inside a trading day"),
    _gap("gap_night_atr", f"(first open of the trading day - close before) / {_ATR} before, for the whole day"),
    FeatureSpec(
        name="run_length_20",
        family="candles",
        formula="closes in a row that rose (+) or fell (-), at most 20; 0 after an unchanged close",
        kernel="run_length",
        parameters={"longest": 20},
        lookback_bars=20,
        unit="bars",
        low=-20.0,
        high=20.0,
        source=BARS,
        exact_tail=True,
    ),
    _pivot("p", 0, "P"),
    _pivot("r1", 1, "(2 P - L)"),
    _pivot("s1", -1, "(2 P - H)"),
    _pivot("r2", 2, "(P + H - L)"),
    _pivot("s2", -2, "(P - H + L)"),
    _swing(
        "resistance_dist_atr", "resistance_distance_atr", f"(lowest level above close - close) / {_ATR}", "ATR", 0.0, None
    ),
    _swing(
        "resistance_touches", "resistance_touches", f"levels within {_ATR} / 2 of the lowest one above close", "levels",
        1.0, 20.0,
    ),
    _swing(
        "support_dist_atr", "support_distance_atr", f"(close - highest level not above it) / {_ATR}", "ATR", 0.0, None
    ),
    _swing(
        "support_touches", "support_touches", f"levels within {_ATR} / 2 of the highest one not above close", "levels",
        1.0, 20.0,
    ),
    _slot("range", "(high - low) / close", BARS),
    _slot("volume", "volume", VOLUME),
)  # fmt: skip
