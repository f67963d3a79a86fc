"""Volume and liquidity."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from features.families.sources_said import BARS, TURNOVER, VOLUME
from features.spec import FeatureSpec

_BP: Final = "bp of the price"


def _volume(
    name: str,
    formula: str,
    kernel: str,
    lookback: int,
    unit: str,
    span: tuple[float | None, float | None] = (0.0, None),
    *,
    source: str = VOLUME,
    **parameters: float,
) -> FeatureSpec:
    return FeatureSpec(
        name=name,
        family="volume",
        formula=formula,
        kernel=kernel,
        parameters=parameters,
        lookback_bars=lookback,
        unit=unit,
        low=span[0],
        high=span[1],
        source=source,
    )


def _exact(spec: FeatureSpec) -> FeatureSpec:
    return replace(spec, exact_tail=True)


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _exact(_volume(
        "volume_ratio_20", "volume / mean volume of 20 bars", "volume_ratio", 19, "ratio", (0.0, 20.0), window=20
    )),
    _exact(_volume(
        "volume_ratio_60", "volume / mean volume of 60 bars", "volume_ratio", 59, "ratio", (0.0, 60.0), window=60,
    )),
    _exact(_volume(
        "volume_ratio_5_60", "mean volume of 5 bars / of 60 bars", "volume_mean_ratio", 59, "ratio", (0.0, 12.0), fast=5, slow=60,
    )),
    _exact(_volume(
        "volume_robust_z_60", "(ln(1+volume) - median) / (1.4826 MAD), 60 bars", "volume_robust_z", 59, "robust std",
        (None, None), window=60,
    )),
    _exact(_volume(
        "volume_variation_20", "std / mean of volume, 20 bars", "volume_variation", 19, "ratio", (0.0, 4.4722), window=20
    )),
    _exact(_volume(
        "volume_trend_20", "least-squares slope of volume / mean volume, 20 bars", "volume_trend", 19,
        "mean volumes per bar", (-0.2858, 0.2858), window=20,
    )),
    _exact(_volume(
        "zero_volume_60", "share of bars without volume, 60 bars", "zero_volume_share", 59, "0..1", (0.0, 1.0), window=60,
    )),
    _exact(_volume(
        "obv_slope_20", "least-squares slope of on-balance volume / mean volume, 20 bars", "obv_slope", 19,
        "mean volumes per bar", (-1.5038, 1.5038), window=20,
    )),
    _exact(_volume(
        "volume_balance_20", "(volume of rising bars - of falling bars) / volume, 20 bars", "volume_balance", 20,
        "-1..1", (-1.0, 1.0), window=20,
    )),
    _exact(_volume(
        "chaikin_flow_20", "sum of volume (2 close - high - low) / (high - low) over sum of volume, 20 bars; a bar "
        "without range counts 0", "chaikin_money_flow", 19, "-1..1", (-1.0, 1.0), window=20,
    )),
    _exact(_volume(
        "volume_price_corr_20", "correlation of close and ln(1+volume), 20 bars", "volume_price_correlation", 19,
        "-1..1", (-1.0, 1.0), window=20,
    )),
    _exact(_volume(
        "volume_return_corr_20", "correlation of ret_1 and ln(1+volume), 20 bars", "volume_return_correlation", 20,
        "-1..1", (-1.0, 1.0), window=20,
    )),
    _exact(_volume(
        "turnover_ratio_5_60", "mean turnover of 5 bars / of 60 bars", "turnover_ratio", 59, "ratio", (0.0, 12.0),
        source=TURNOVER, fast=5, slow=60,
    )),
    _exact(_volume(
        "turnover_ratio_20_120", "mean turnover of 20 bars / of 120 bars", "turnover_ratio", 119, "ratio", (0.0, 6.0),
        source=TURNOVER, fast=20, slow=120,
    )),
    _exact(_volume(
        "amihud_20", "ln(1 + sum|ret_1| in bp / sum turnover in RUB million), 20 bars", "amihud_illiquidity", 20,
        "ln(1 + bp per RUB million)", source=TURNOVER, window=20,
    )),
    _exact(_volume(
        "amihud_60", "ln(1 + sum|ret_1| in bp / sum turnover in RUB million), 60 bars", "amihud_illiquidity", 60,
        "ln(1 + bp per RUB million)", source=TURNOVER, window=60,
    )),
    _exact(_volume(
        "corwin_schultz_20", "Corwin-Schultz spread of pairs of bars, gaps taken out, at least 0; mean of 20",
        "corwin_schultz_spread_bp", 20, _BP, (0.0, 20_000.0), source=BARS, window=20,
    )),
    _exact(_volume(
        "abdi_ranaldo_20", "2 sqrt(max(0, (c - m) (c - m'))) of pairs of bars, c the log close and m the middle of the "
        "first's log range, m' of the second's; mean of 20", "abdi_ranaldo_spread_bp", 20, _BP, source=BARS, window=20,
    )),
    _exact(_volume(
        "vwap_dist_20", "ln(close / (sum turnover / sum volume)), 20 bars", "distance_to_vwap", 19, "log", (None, None),
        source=TURNOVER, window=20,
    )),
    _volume(
        "vwap_dist_day", "ln(close / (sum turnover / sum volume)), the trading day so far", "distance_to_day_vwap", 1,
        "log", (None, None), source=TURNOVER,
    ),
)  # fmt: skip
