"""Trend."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


def _trend(name: str, formula: str, kernel: str, lookback: int, **parameters: float) -> FeatureSpec:
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
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _trend("price_sma_20", "close / SMA(20) - 1", "price_to_sma", 19, window=20),
    _trend("price_sma_50", "close / SMA(50) - 1", "price_to_sma", 49, window=50),
    _trend("price_ema_20", "close / EMA(20) - 1", "price_to_ema", 19, window=20),
    _trend("ema_spread_5_20", "EMA(5) / EMA(20) - 1", "ema_spread", 19, fast=5, slow=20),
    _trend("ema_spread_20_60", "EMA(20) / EMA(60) - 1", "ema_spread", 59, fast=20, slow=60),
    FeatureSpec(
        name="macd_hist_atr",
        family="trend",
        formula="MACD histogram(12, 26, 9) / ATR(14)",
        kernel="macd_histogram_atr",
        parameters={"window": 14},
        lookback_bars=33,
        unit="ATR",
        low=None,
        high=None,
        source=BARS,
    ),
    FeatureSpec(
        name="adx_14",
        family="trend",
        formula="ADX(14)",
        kernel="adx",
        parameters={"window": 14},
        lookback_bars=27,
        unit="0..100",
        low=0.0,
        high=100.0,
        source=BARS,
    ),
    FeatureSpec(
        name="di_spread_14",
        family="trend",
        formula="+DI(14) - -DI(14)",
        kernel="directional_spread",
        parameters={"window": 14},
        lookback_bars=14,
        unit="-100..100",
        low=-100.0,
        high=100.0,
        source=BARS,
    ),
)
