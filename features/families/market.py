"""The market: indices, breadth, strength against them."""

from __future__ import annotations

from typing import Final

from features.spec import FeatureSpec

FEATURES: Final[tuple[FeatureSpec, ...]] = ()
