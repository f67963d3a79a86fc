"""Every feature there is, in the order of its families, listed literally.

Light on purpose: the web process and the documents read it. What computes a feature that reads own bars is
`features.kernels.engine`; what computes the others are `features.sources`.
"""

from __future__ import annotations

from typing import Final

from features.families import (
    calendar,
    candles,
    cross_section,
    flow,
    fundamental,
    higher,
    market,
    market_index,
    news,
    oscillators,
    position,
    prices,
    regime,
    returns,
    sector,
    trend,
    volatility,
    volume,
)
from features.spec import FeatureSpec

# Raised by hand whenever the numbers of a kernel change; it is part of every feature set's hash.
# The golden numbers in the tests fail when the numbers change and this does not.
CODE_VERSION: Final = 2

FEATURES: Final[tuple[FeatureSpec, ...]] = (
    *returns.FEATURES,
    *trend.FEATURES,
    *oscillators.FEATURES,
    *volatility.FEATURES,
    *volume.FEATURES,
    *position.FEATURES,
    *candles.FEATURES,
    *flow.FEATURES,
    *higher.FEATURES,
    *market.FEATURES,
    *market_index.FEATURES,
    *sector.FEATURES,
    *cross_section.FEATURES,
    *fundamental.FEATURES,
    *news.FEATURES,
    *calendar.FEATURES,
    *regime.FEATURES,
    *prices.FEATURES,
)

BY_NAME: Final[dict[str, FeatureSpec]] = {spec.name: spec for spec in FEATURES}
