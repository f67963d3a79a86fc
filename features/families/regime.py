"""The market's regime and that of the share's sector, as stored after each trading day."""

from __future__ import annotations

from typing import Final

from features.contracts import REGIMES
from features.spec import FeatureSpec

_STORED: Final = "stored history of the regime, by the moment its day was over"
_NEWEST: Final = "newest trading day that was over when the bar ended"


def _probability(regime: str, *, prefix: str, kernel: str, whose: str) -> FeatureSpec:
    return FeatureSpec(
        name=f"{prefix}_{regime}",
        family="regime",
        formula=f"P({regime}) of {whose} after the {_NEWEST}",
        kernel=f"{kernel}_{regime}",
        lookback_bars=0,
        unit="probability",
        low=0.0,
        high=1.0,
        source=_STORED,
        reads="regime",
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *(_probability(name, prefix="regime_p", kernel="market", whose="the market") for name in REGIMES),
    *(
        _probability(name, prefix="regime_sector_p", kernel="sector", whose="the share's sector")
        for name in REGIMES
    ),
    FeatureSpec(
        name="regime_spell_days",
        family="regime",
        formula=f"days from the first day of the market's regime through the {_NEWEST}, both counted",
        kernel="spell_days",
        lookback_bars=0,
        unit="calendar days",
        low=1.0,
        source=_STORED,
        reads="regime",
    ),
)
