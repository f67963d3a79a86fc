"""Every feature there is, listed literally: what it is called, means, needs and comes from.

Light on purpose (no numbers are computed here): the web process and the documents read it too. What computes a
feature is `features.kernels.engine`, by the name in `kernel`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Family = Literal["returns", "trend", "oscillators", "volatility", "volume", "position", "calendar"]

# Raised by hand whenever a kernel's numbers change; it is part of every feature set's hash.
# The golden numbers in the tests fail when the numbers change and this does not.
CODE_VERSION: Final = 1

_BARS = "own candles, adjusted forward for splits and dividends"
_VOLUME = "own candles, volume adjusted forward for splits"
_TURNOVER = "own candles, the exchange's turnover"
_CLOCK = "the bar's begin, Moscow time"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """One feature; `lookback_bars` is the number of own bars before the first value."""

    name: str
    family: Family
    formula: str
    kernel: str
    parameters: dict[str, float] = field(default_factory=dict)
    lookback_bars: int
    unit: str
    low: float | None  # smallest possible value, None where there is none
    high: float | None
    source: str

    def __post_init__(self) -> None:
        if self.lookback_bars < 0:
            raise ValueError(f"lookback_bars must be at least 0, was {self.lookback_bars}")


def _log_return(span: int) -> FeatureSpec:
    return FeatureSpec(
        name=f"ret_{span}",
        family="returns",
        formula=f"ln(close[t] / close[t-{span}])",
        kernel="log_return",
        parameters={"span": span},
        lookback_bars=span,
        unit="log",
        low=None,
        high=None,
        source=_BARS,
    )


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
        source=_BARS,
    )


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
        source=_BARS,
    )


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
        source=_BARS,
    )


def _distance(side: Literal["high", "low"], window: int) -> FeatureSpec:
    extreme = "highest high" if side == "high" else "lowest low"
    return FeatureSpec(
        name=f"dist_{side}_{window}",
        family="position",
        formula=f"ln(close / {extreme} of {window} bars)",
        kernel=f"distance_to_{side}",
        parameters={"window": window},
        lookback_bars=window - 1,
        unit="log",
        low=None if side == "high" else 0.0,
        high=0.0 if side == "high" else None,
        source=_BARS,
    )


def _clock(name: str, formula: str) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="calendar",
        formula=formula,
        kernel=name,
        lookback_bars=0,
        unit="-1..1",
        low=-1.0,
        high=1.0,
        source=_CLOCK,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_log_return(span) for span in (1, 2, 3, 5, 10, 20, 60)),
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
        source=_BARS,
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
        source=_BARS,
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
        source=_BARS,
    ),
    _oscillator("rsi_7", "RSI(7), Wilder", "rsi", 7, 7),
    _oscillator("rsi_14", "RSI(14), Wilder", "rsi", 14, 14),
    _oscillator("stoch_k_14", "100 (close - low14) / (high14 - low14)", "stochastic_k", 13, 14),
    _oscillator("mfi_14", "100 rising turnover / moving turnover, 14 bars", "money_flow_index", 14, 14),
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
        source=_BARS,
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
    FeatureSpec(
        name="volume_ratio_20",
        family="volume",
        formula="volume / mean volume of 20 bars",
        kernel="volume_ratio",
        parameters={"window": 20},
        lookback_bars=19,
        unit="ratio",
        low=0.0,
        high=20.0,
        source=_VOLUME,
    ),
    FeatureSpec(
        name="volume_robust_z_60",
        family="volume",
        formula="(ln(1+volume) - median) / (1.4826 MAD), 60 bars",
        kernel="volume_robust_z",
        parameters={"window": 60},
        lookback_bars=59,
        unit="robust std",
        low=None,
        high=None,
        source=_VOLUME,
    ),
    FeatureSpec(
        name="turnover_ratio_20_120",
        family="volume",
        formula="mean turnover of 20 bars / of 120 bars",
        kernel="turnover_ratio",
        parameters={"fast": 20, "slow": 120},
        lookback_bars=119,
        unit="ratio",
        low=0.0,
        high=6.0,
        source=_TURNOVER,
    ),
    FeatureSpec(
        name="amihud_20",
        family="volume",
        formula="ln(1 + sum|ret_1| in bp / sum turnover in RUB million), 20 bars",
        kernel="amihud_illiquidity",
        parameters={"window": 20},
        lookback_bars=20,
        unit="ln(1 + bp per RUB million)",
        low=0.0,
        high=None,
        source=_TURNOVER,
    ),
    FeatureSpec(
        name="day_range_position",
        family="position",
        formula="(close - day low) / (day high - day low), the day so far; 0.5 while it has no range",
        kernel="day_range_position",
        lookback_bars=0,
        unit="0..1",
        low=0.0,
        high=1.0,
        source=_BARS,
    ),
    *(_distance(side, window) for side in ("high", "low") for window in (20, 60)),
    FeatureSpec(
        name="session_gap",
        family="position",
        formula="ln(first open of the trading day / close before)",
        kernel="session_gap",
        lookback_bars=1,
        unit="log",
        low=None,
        high=None,
        source=_BARS,
    ),
    _clock("minute_sin", "sin(2 pi minute of day / 1440)"),
    _clock("minute_cos", "cos(2 pi minute of day / 1440)"),
    _clock("weekday_sin", "sin(2 pi weekday / 7), Monday 0"),
    _clock("weekday_cos", "cos(2 pi weekday / 7), Monday 0"),
)

BY_NAME: Final[dict[str, FeatureSpec]] = {spec.name: spec for spec in FEATURES}
