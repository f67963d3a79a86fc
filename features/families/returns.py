"""Returns."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import BARS
from features.spec import FeatureSpec


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
        source=BARS,
        exact_tail=True,
    )


def _moment(
    name: str, formula: str, kernel: str, low: float | None = None, **parameters: float
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="returns",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=int(parameters["window"]),
        unit="ratio",
        low=low,
        source=BARS,
        exact_tail=True,
    )


def _autocorrelation(window: int) -> FeatureSpec:
    return FeatureSpec(
        name=f"ret_autocorr_{window}",
        family="returns",
        formula=f"correlation of ret_1[t-i] and ret_1[t-i-1], i = 0..{window - 1}",
        kernel="return_autocorrelation",
        parameters={"window": window},
        lookback_bars=window + 1,
        unit="-1..1",
        low=-1.0,
        high=1.0,
        source=BARS,
        exact_tail=True,
    )


def _share(name: str, formula: str, kernel: str, window: int) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="returns",
        formula=formula,
        kernel=kernel,
        parameters={"window": window},
        lookback_bars=window,
        unit="0..1",
        low=0.0,
        high=1.0,
        source=BARS,
        exact_tail=True,
    )


def _efficiency(window: int) -> FeatureSpec:
    return _share(
        f"efficiency_{window}",
        f"|close[t] - close[t-{window}]| / sum of |close[t-i] - close[t-i-1]|, i = 0..{window - 1}",
        "efficiency_ratio",
        window,
    )


def _up_share(window: int) -> FeatureSpec:
    return _share(f"up_share_{window}", f"share of {window} bars with ret_1 > 0", "up_share", window)


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_log_return(span) for span in (1, 2, 3, 5, 10, 20, 60)),
    _moment("ret_skew_60", "sample skewness (G1) of 60 ret_1", "return_skewness", window=60),
    _moment("ret_kurtosis_60", "sample excess kurtosis (G2) of 60 ret_1", "return_kurtosis", window=60),
    *(_autocorrelation(window) for window in (20, 60)),
    *(_efficiency(window) for window in (10, 20, 60)),
    *(_up_share(window) for window in (20, 60)),
    _moment(
        "variance_ratio_5_60",
        "variance of 5-bar returns / 5 variance of 1-bar returns, 60 bars",
        "return_variance_ratio",
        0.0,
        window=60,
        span=5,
    ),
)
