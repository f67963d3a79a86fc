"""When a call is told to users: how sure it must be, and when the same may be told again."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionRules:
    """Which decisions are emitted; confidence is a fraction."""

    min_confidence: float = 0.65
    min_hold_confidence: float = 0.85
    again_bars: int = 1  # so long the same call of a share is not told again
    again_s: float = (
        30.0  # nor so long by the clock; it is the longer of the two only for bars of seconds, and ticks
    )
    confidence_step: float = 0.10  # unless its confidence has risen by so much

    def __post_init__(self) -> None:
        if not 0.0 < self.min_confidence <= self.min_hold_confidence <= 1.0:
            raise ValueError(
                "min_confidence and min_hold_confidence must lie within (0, 1], the one for HOLD not below the other, "
                f"were {self.min_confidence} and {self.min_hold_confidence}"
            )
        if self.again_bars < 0 or not 0.0 <= self.again_s < math.inf:
            raise ValueError(
                f"again_bars and again_s must not be negative, were {self.again_bars} and {self.again_s}"
            )
        if not 0.0 < self.confidence_step <= 1.0:
            raise ValueError(f"confidence_step must lie within (0, 1], was {self.confidence_step}")
