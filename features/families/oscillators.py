"""Oscillators."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


def _oscillator(name: str, formula: str, kernel: str, lookback: int, window: int) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="oscillators",
        formula=formula,
        kernel=kernel,
        parameters={"window": window},
        lookback_bars=lookback,
        unit="0..100",
        low=0.0,
        high=100.0,
        source=BARS,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _oscillator("rsi_7", "RSI(7), Wilder", "rsi", 7, 7),
    _oscillator("rsi_14", "RSI(14), Wilder", "rsi", 14, 14),
    _oscillator("stoch_k_14", "100 (close - low14) / (high14 - low14)", "stochastic_k", 13, 14),
    _oscillator("mfi_14", "100 rising turnover / moving turnover, 14 bars", "money_flow_index", 14, 14),
)
