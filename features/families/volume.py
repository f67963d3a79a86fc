"""Volume and liquidity."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import TURNOVER, VOLUME
from features.spec import FeatureSpec

FEATURES: Final[tuple[FeatureSpec, ...]] = (
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
        source=VOLUME,
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
        source=VOLUME,
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
        source=TURNOVER,
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
        source=TURNOVER,
    ),
)
