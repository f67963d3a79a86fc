"""Longer timeframes: the core of trend, volatility and oscillators on bars of the same share that are longer.

The names are absolute: `d1_rsi_14` is the RSI of daily bars in every build. A level that is not longer than the bars of
the build is unknown there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from features.spec import FeatureSpec


class _Base(NamedTuple):
    name: str
    formula: str
    kernel: str  # of features.kernels.columns
    parameters: dict[str, float]
    unit: str
    low: float | None = None
    high: float | None = None


_CORE: Final = (
    _Base("ret_1", "ln(close / close 1 bar before)", "log_return", {"span": 1}, "log"),
    _Base("ret_5", "ln(close / close 5 bars before)", "log_return", {"span": 5}, "log"),
    _Base("ret_20", "ln(close / close 20 bars before)", "log_return", {"span": 20}, "log"),
    _Base("price_sma_20", "close / SMA(20) - 1", "price_to_sma", {"window": 20}, "fraction", -1.0),
    _Base("price_sma_50", "close / SMA(50) - 1", "price_to_sma", {"window": 50}, "fraction", -1.0),
    _Base(
        "macd_hist_atr", "MACD histogram(12, 26, 9) / ATR(14)", "macd_histogram_atr", {"window": 14}, "ATR"
    ),
    _Base("adx_14", "ADX(14)", "adx", {"window": 14}, "0..100", 0.0, 100.0),
    _Base("rsi_14", "RSI(14)", "rsi", {"window": 14}, "0..100", 0.0, 100.0),
    _Base("atr_14_pct", "100 ATR(14) / close", "atr_pct", {"window": 14}, "percent", 0.0),
    _Base("std_20", "std of ret_1 over 20 bars", "return_std", {"window": 20}, "log", 0.0),
    _Base(
        "bb_position_20",
        "(close - lower band) / (upper - lower), 20 bars, 2 std",
        "bollinger_position",
        {"window": 20, "width_std": 2.0},
        "0..1 inside the bands",
    ),
)
_YEAR_OF_DAYS: Final = (
    _Base("price_sma_200", "close / SMA(200) - 1", "price_to_sma", {"window": 200}, "fraction", -1.0),
    _Base("std_60", "std of ret_1 over 60 bars", "return_std", {"window": 60}, "log", 0.0),
    _Base(
        "ewma_vol_94",
        "EWMA(0.94) of squared ret_1, root",
        "ewma_volatility",
        {"decay": 0.94, "start": 20},
        "log",
        0.0,
    ),
    _Base(
        "dist_high_250",
        "ln(close / highest high of 250 bars)",
        "distance_to_high",
        {"window": 250},
        "log",
        None,
        0.0,
    ),
    _Base(
        "dist_low_250", "ln(close / lowest low of 250 bars)", "distance_to_low", {"window": 250}, "log", 0.0
    ),
    _Base(
        "range_position_250",
        "100 (close - lowest low) / (highest high - lowest low), 250 bars: 52 weeks",
        "stochastic_k",
        {"window": 250},
        "0..100",
        0.0,
        100.0,
    ),
)
# Prefix of the names, minutes of a bar, features.
LEVELS: Final = (
    ("m5", 5, _CORE),
    ("m15", 15, _CORE),
    ("h1", 60, _CORE),
    ("h4", 240, _CORE),
    ("d1", 1_440, _CORE + _YEAR_OF_DAYS),
    ("w1", 10_080, _CORE),
)


def _higher(level: str, minutes: int, base: _Base) -> FeatureSpec:
    return FeatureSpec(
        name=f"{level}_{base.name}",
        family="higher",
        formula=f"{base.formula}; on {level} bars, the newest that had ended",
        kernel=base.kernel,
        parameters={"timeframe_min": minutes, **base.parameters},
        lookback_bars=0,
        unit=base.unit,
        low=base.low,
        high=base.high,
        source=f"the share's {level} candles, adjusted forward for splits and dividends; unknown in builds whose bars "
        "are not shorter and where these candles lag behind",
        reads="higher",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = tuple(
    _higher(level, minutes, base) for level, minutes, bases in LEVELS for base in bases
)
