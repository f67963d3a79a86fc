"""The clock and the calendar."""

from __future__ import annotations

from typing import Final

from features.families.sources_said import CLOCK
from features.spec import FeatureSpec


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
        source=CLOCK,
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (
    _clock("minute_sin", "sin(2 pi minute of day / 1440)"),
    _clock("minute_cos", "cos(2 pi minute of day / 1440)"),
    _clock("weekday_sin", "sin(2 pi weekday / 7), Monday 0"),
    _clock("weekday_cos", "cos(2 pi weekday / 7), Monday 0"),
)
