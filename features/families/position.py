"""Where the price stands."""

from __future__ import annotations

from typing import Final, Literal

from features.families.sources_said import BARS
from features.spec import FeatureSpec


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
        source=BARS,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    FeatureSpec(
        name="day_range_position",
        family="position",
        formula="(close - day low) / (day high - day low), the day so far; 0.5 while it has no range",
        kernel="day_range_position",
        lookback_bars=0,
        unit="0..1",
        low=0.0,
        high=1.0,
        source=BARS,
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
        source=BARS,
    ),
)
