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
    )


FEATURES: Final[tuple[FeatureSpec, ...]] = (*(_log_return(span) for span in (1, 2, 3, 5, 10, 20, 60)),)
