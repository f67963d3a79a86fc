"""Price levels, for the sets of earlier models only: every other feature is free of scale.

The scale is that of the share's first bar ever: splits are taken out forward, dividends are not. Whoever learns from
levels has to scale them by training rows of the same share.
"""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

_SCALE: Final = "RUB of the first share ever"
_SOURCE: Final = "own candles, adjusted forward for splits"


def _level(
    name: str, formula: str, kernel: str, lookback: int, *, low: float | None = 0.0, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="prices",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit=_SCALE,
        low=low,
        source=_SOURCE,
        exact_tail=kernel not in {"level_ema", "level_macd", "level_macd_signal", "level_atr"},
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _level("level_open", "open", "level_open", 0),
    _level("level_high", "high", "level_high", 0),
    _level("level_low", "low", "level_low", 0),
    _level("level_close", "close", "level_close", 0),
    FeatureSpec(
        name="level_volume",
        family="prices",
        formula="volume",
        kernel="level_volume",
        lookback_bars=0,
        unit="shares, counted in the first ones",
        low=0.0,
        source=_SOURCE,
        exact_tail=True,
    ),
    _level("level_sma_20", "SMA(20) of close", "level_sma", 19, window=20),
    _level("level_sma_50", "SMA(50) of close", "level_sma", 49, window=50),
    _level("level_ema_20", "EMA(20) of close", "level_ema", 19, window=20),
    _level("level_macd", "MACD line (12, 26) of close", "level_macd", 33, low=None),
    _level("level_macd_signal", "signal line (9) of the MACD line", "level_macd_signal", 33, low=None),
    _level(
        "level_bb_upper_20", "SMA(20) + 2 std of close", "level_band", 19, low=None, window=20, width_std=2.0
    ),
    _level(
        "level_bb_lower_20", "SMA(20) - 2 std of close", "level_band", 19, low=None, window=20, width_std=-2.0
    ),
    _level("level_atr_14", "ATR(14)", "level_atr", 14, window=14),
)
