"""Volatility and range."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


def _volatility(
    name: str,
    formula: str,
    kernel: str,
    lookback: int,
    unit: str,
    **parameters: float,
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


def _up_to(high: float, spec: FeatureSpec) -> FeatureSpec:
    return replace(spec, high=high)


def _exact(
    name: str, formula: str, kernel: str, lookback: int, unit: str, **parameters: float
) -> FeatureSpec:
    return replace(_volatility(name, formula, kernel, lookback, unit, **parameters), exact_tail=True)


_BANDS: Final = {"window": 20, "width_std": 2.0}
_SQUEEZE: Final = {**_BANDS, "width_atr": 1.5}

FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _volatility("atr_5_pct", "100 ATR(5) / close", "atr_pct", 5, "percent", window=5),
    _volatility("atr_14_pct", "100 ATR(14) / close", "atr_pct", 14, "percent", window=14),
    _volatility("atr_30_pct", "100 ATR(30) / close", "atr_pct", 30, "percent", window=30),
    _volatility("atr_ratio_5_14", "ATR(5) / ATR(14)", "atr_ratio", 14, "ratio", fast=5, slow=14),
    _volatility("atr_ratio_5_30", "ATR(5) / ATR(30)", "atr_ratio", 30, "ratio", fast=5, slow=30),
    _volatility("atr_ratio_14_60", "ATR(14) / ATR(60)", "atr_ratio", 60, "ratio", fast=14, slow=60),
    _exact("std_20", "std of ret_1 over 20 bars", "return_std", 20, "log", window=20),
    _exact("std_60", "std of ret_1 over 60 bars", "return_std", 60, "log", window=60),
    _exact("std_120", "std of ret_1 over 120 bars", "return_std", 120, "log", window=120),
    _exact("std_ratio_20_60", "std_20 / std_60", "return_std_ratio", 60, "ratio", fast=20, slow=60),
    _exact("std_ratio_20_120", "std_20 / std_120", "return_std_ratio", 120, "ratio", fast=20, slow=120),
    _exact("parkinson_20", "sqrt(mean ln(high/low)^2 / (4 ln 2))", "parkinson_volatility", 19, "log", window=20),
    _exact(
        "parkinson_60", "sqrt(mean ln(high/low)^2 / (4 ln 2)), 60 bars", "parkinson_volatility", 59, "log", window=60
    ),
    _exact(
        "garman_klass_20",
        "sqrt(mean of 0.5 ln(high/low)^2 - (2 ln 2 - 1) ln(close/open)^2), 20 bars",
        "garman_klass_volatility",
        19,
        "log",
        window=20,
    ),
    _exact(
        "rogers_satchell_20",
        "sqrt(mean of ln(high/open) ln(high/close) + ln(low/open) ln(low/close)), 20 bars",
        "rogers_satchell_volatility",
        19,
        "log",
        window=20,
    ),
    _exact(
        "yang_zhang_20",
        "sqrt(var ln(open / close before) + k var ln(close/open) + (1 - k) rogers_satchell^2), 20 bars, "
        "k = 0.34 / (1.34 + 21 / 19)",
        "yang_zhang_volatility",
        20,
        "log",
        window=20,
    ),
    _volatility(
        "ewma_vol_94", "EWMA(0.94) of squared ret_1, root", "ewma_volatility", 20, "log", decay=0.94, start=20
    ),
    FeatureSpec(
        name="bb_position_20",
        family="volatility",
        formula="(close - lower band) / (upper - lower), 20 bars, 2 std",
        kernel="bollinger_position",
        parameters={**_BANDS},
        lookback_bars=19,
        unit="0..1 inside the bands",
        low=None,
        high=None,
        source=BARS,
        exact_tail=True,
    ),
    _exact(
        "bb_width_20", "100 (upper - lower band) / SMA(20), 2 std", "bollinger_width", 19, "percent", **_BANDS
    ),
    _volatility(
        "squeeze_ratio_20",
        "2 std of 20 closes / 1.5 ATR(20): Bollinger bands over Keltner channel",
        "squeeze_ratio",
        20,
        "ratio",
        **_SQUEEZE,
    ),
    _up_to(1.0, _volatility(
        "squeeze_20", "1 if squeeze_ratio_20 < 1, else 0", "squeeze_flag", 20, "0 or 1", **_SQUEEZE
    )),
    _exact("bar_range_pct", "100 (high - low) / close", "bar_range_pct", 0, "percent"),
    _up_to(20.0, _exact(
        "bar_range_ratio_20",
        "(high - low) / mean of it over 20 bars",
        "bar_range_ratio",
        19,
        "ratio",
        window=20,
    )),
    _up_to(14.0, _volatility(
        "true_range_ratio_14",
        "max(high, close before) - min(low, close before), over ATR(14)",
        "true_range_ratio",
        14,
        "ATR",
        window=14,
    )),
    _up_to(1.0, _exact(
        "vol_percentile_250",
        "share of the other 249 of the last 250 std_20 that are below this one, equal ones count half",
        "volatility_percentile",
        269,
        "0..1",
        window=250,
        std_window=20,
    )),
    _exact(
        "vol_of_vol_60", "std / mean of std_20 over 60 bars", "volatility_of_volatility", 79, "ratio", window=60,
        std_window=20,
    ),
    _exact(
        "semivol_ratio_60",
        "sqrt(sum of squared rises / sum of squared falls) of ret_1, 60 bars",
        "semivolatility_ratio",
        60,
        "ratio",
        window=60,
    ),
    _up_to(1.0, _exact(
        "downside_share_20",
        "sum of squared falls / sum of squares of ret_1, 20 bars",
        "downside_share",
        20,
        "0..1",
        window=20,
    )),
    _up_to(1.0, _exact(
        "jump_share_60",
        "max(0, 1 - bipower variation / sum of squares) of ret_1, 60 bars",
        "jump_share",
        60,
        "0..1",
        window=60,
    )),
)  # fmt: skip
