"""Oscillators."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


def _oscillator(
    name: str, formula: str, kernel: str, lookback: int, *, exact: bool = False, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="oscillators",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit="0..100",
        low=0.0,
        high=100.0,
        source=BARS,
        exact_tail=exact,
    )


def _flag(
    name: str, formula: str, kernel: str, lookback: int, *, exact: bool = False, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="oscillators",
        formula=f"1 if {formula}, else 0",
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit="flag",
        low=0.0,
        high=1.0,
        source=BARS,
        exact_tail=exact,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_oscillator(f"rsi_{n}", f"RSI({n}), Wilder", "rsi", n, window=n) for n in (7, 14, 21)),
    _oscillator(
        "stoch_k_14", "100 (close - low14) / (high14 - low14)", "stochastic_k", 13, exact=True, window=14
    ),
    _oscillator(
        "stoch_d_14", "mean of the last 3 stoch_k_14", "stochastic_d", 15, exact=True, window=14, smooth=3
    ),
    FeatureSpec(
        name="cci_20",
        family="oscillators",
        formula="(typical - mean20) / (0.015 mean absolute deviation20), typical = (high + low + close) / 3",
        kernel="commodity_channel_index",
        parameters={"window": 20},
        lookback_bars=19,
        unit="0.015 deviations",
        source=BARS,
        exact_tail=True,
    ),
    # 28 bars: Williams %R over 14 would be stoch_k_14 less 100.
    FeatureSpec(
        name="williams_r_28",
        family="oscillators",
        formula="100 (close - high28) / (high28 - low28)",
        kernel="williams_r",
        parameters={"window": 28},
        lookback_bars=27,
        unit="-100..0",
        low=-100.0,
        high=0.0,
        source=BARS,
        exact_tail=True,
    ),
    _oscillator(
        "mfi_14",
        "100 rising turnover / moving turnover, 14 bars",
        "money_flow_index",
        14,
        exact=True,
        window=14,
    ),
    _flag("rsi_overbought_14", "rsi_14 > 70", "rsi_above", 14, window=14, level=70),
    _flag("rsi_oversold_14", "rsi_14 < 30", "rsi_below", 14, window=14, level=30),
    _flag("stoch_overbought_14", "stoch_k_14 > 80", "stochastic_above", 13, exact=True, window=14, level=80),
    _flag("stoch_oversold_14", "stoch_k_14 < 20", "stochastic_below", 13, exact=True, window=14, level=20),
    FeatureSpec(
        name="rsi_divergence_14",
        family="oscillators",
        formula="1 for 10 bars from the bar that confirms (5 bars later) a low turning point of the close below the "
        "one before it, at most 60 bars away, while rsi_14 is higher there; -1 for the mirror image at highs",
        kernel="rsi_divergence",
        parameters={"window": 14, "span": 5, "reach": 60, "hold": 10},
        lookback_bars=88,
        unit="-1, 0, 1",
        low=-1.0,
        high=1.0,
        source=BARS,
    ),
)
