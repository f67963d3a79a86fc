"""Volatility and range."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


def _volatility(
    name: str, formula: str, kernel: str, lookback: int, unit: str, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="volatility",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit=unit,
        low=0.0,
        high=None,
        source=BARS,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _volatility("atr_14_pct", "100 ATR(14) / close", "atr_pct", 14, "percent", window=14),
    _volatility("atr_ratio_5_30", "ATR(5) / ATR(30)", "atr_ratio", 30, "ratio", fast=5, slow=30),
    _volatility("std_20", "std of ret_1 over 20 bars", "return_std", 20, "log", window=20),
    _volatility("std_60", "std of ret_1 over 60 bars", "return_std", 60, "log", window=60),
    _volatility(
        "parkinson_20", "sqrt(mean ln(high/low)^2 / (4 ln 2))", "parkinson_volatility", 19, "log", window=20
    ),
    _volatility(
        "ewma_vol_94", "EWMA(0.94) of squared ret_1, root", "ewma_volatility", 20, "log", decay=0.94, start=20
    ),
    FeatureSpec(
        name="bb_position_20",
        family="volatility",
        formula="(close - lower band) / (upper - lower), 20 bars, 2 std",
        kernel="bollinger_position",
        parameters={"window": 20, "width_std": 2.0},
        lookback_bars=19,
        unit="0..1 inside the bands",
        low=None,
        high=None,
        source=BARS,
    ),
    _volatility(
        "bb_width_20",
        "100 (upper - lower band) / SMA(20), 2 std",
        "bollinger_width",
        19,
        "percent",
        window=20,
        width_std=2.0,
    ),
)
