"""The market by its indices: their own technical core, the volatility index, and the share against them.

There are only daily candles of the indices, so all of this is known when an index's day has ended; what the market
does during the day is told by the mean of the stored shares, in another module of this family.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from features.spec import FeatureSpec


class _Base(NamedTuple):
    name: str
    formula: str
    kernel: str
    parameters: dict[str, float]
    unit: str
    low: float | None = None
    high: float | None = None


_CORE: Final = (
    _Base("ret_1", "ln(close / close 1 day before)", "log_return", {"span": 1}, "log"),
    _Base("ret_5", "ln(close / close 5 days before)", "log_return", {"span": 5}, "log"),
    _Base("ret_20", "ln(close / close 20 days before)", "log_return", {"span": 20}, "log"),
    _Base("price_sma_20", "close / SMA(20) - 1", "price_to_sma", {"window": 20}, "fraction", -1.0),
    _Base("price_sma_50", "close / SMA(50) - 1", "price_to_sma", {"window": 50}, "fraction", -1.0),
    _Base("price_sma_200", "close / SMA(200) - 1", "price_to_sma", {"window": 200}, "fraction", -1.0),
    _Base(
        "macd_hist_atr", "MACD histogram(12, 26, 9) / ATR(14)", "macd_histogram_atr", {"window": 14}, "ATR"
    ),
    _Base("adx_14", "ADX(14)", "adx", {"window": 14}, "0..100", 0.0, 100.0),
    _Base("rsi_14", "RSI(14)", "rsi", {"window": 14}, "0..100", 0.0, 100.0),
    _Base("atr_14_pct", "100 ATR(14) / close", "atr_pct", {"window": 14}, "percent", 0.0),
    _Base("std_20", "std of ret_1 over 20 days", "return_std", {"window": 20}, "log", 0.0),
    _Base(
        "bb_position_20",
        "(close - lower band) / (upper - lower), 20 days, 2 std",
        "bollinger_position",
        {"window": 20, "width_std": 2.0},
        "0..1 inside the bands",
    ),
    _Base(
        "drawdown_60",
        "ln(close / highest high of 60 days)",
        "distance_to_high",
        {"window": 60},
        "log",
        None,
        0.0,
    ),
)
_FEAR: Final = (
    _Base("level", "close", "level", {}, "points: percent a year", 0.0),
    _Base("change_1", "ln(close / close 1 day before)", "log_return", {"span": 1}, "log"),
    _Base("change_5", "ln(close / close 5 days before)", "log_return", {"span": 5}, "log"),
    _Base(
        "percentile_250",
        "share of the last 250 closes, this one included, below this one; equal ones count half",
        "percentile",
        {"window": 250},
        "0..1",
        0.0,
        1.0,
    ),
)
_STRENGTH: Final = tuple(
    _Base(
        f"strength_{span}",
        f"ln return of the share less that of the index over {span} index days",
        "strength",
        {"span": span},
        "log",
    )
    for span in (5, 20, 60)
)
_TOGETHER: Final = tuple(
    base
    for window in (60, 250)
    for base in (
        _Base(
            f"beta_{window}",
            f"cov / var of the index: ln returns of {window} index days, at least 2/3 of them of both",
            "beta",
            {"window": window},
            "ratio",
        ),
        _Base(
            f"corr_{window}",
            f"correlation of ln returns of {window} index days, at least 2/3 of them of both",
            "correlation",
            {"window": window},
            "-1..1",
            -1.0,
            1.0,
        ),
        _Base(
            f"residual_std_{window}",
            f"std of what beta leaves of the share's ln returns, {window} index days, at least 2/3 of them of both",
            "residual_std",
            {"window": window},
            "log",
            0.0,
        ),
    )
)
_DAILY: Final = (
    "known when the index's day has ended; no intraday index is stored; unknown where its days lag behind"
)
_INDEX: Final = f"daily candles of the index; {_DAILY}"
_SHARE: Final = (
    "daily candles of the share, dividends reinvested, and of the index, a price index, paired by day; "
    + _DAILY
)


def _spec(index: str, base: _Base, source: str) -> FeatureSpec:
    return FeatureSpec(
        name=f"{index}_{base.name}",
        family="market",
        formula=f"{base.formula}; {index.upper()}",
        kernel=f"{index}.{base.kernel}",
        parameters=base.parameters,
        lookback_bars=0,
        unit=base.unit,
        low=base.low,
        high=base.high,
        source=source,
        reads="index",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_spec("imoex", base, f"{_INDEX}; in a simulated market the simulator's index") for base in _CORE),
    *(_spec("rtsi", base, _INDEX) for base in _CORE),
    *(_spec("rvi", base, _INDEX) for base in _FEAR),
    *(
        _spec("imoex", base, f"{_SHARE}; in a simulated market the simulator's index")
        for base in _STRENGTH + _TOGETHER
    ),
    *(_spec("rtsi", base, _SHARE) for base in _STRENGTH),
)
