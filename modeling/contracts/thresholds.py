"""What a version's policy has learned: least edges by market regime and how they are looked for, filters, order levels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from features.contracts import REGIMES
from modeling.contracts.filters import Filters
from modeling.contracts.order_levels import OrderLevels

ThresholdMode = Literal["edge", "top_share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdConfig:
    """How the least edge of each regime is looked for on out-of-fold rows; policy.yaml's own minima are floors."""

    mode: ThresholdMode = "edge"
    edges: tuple[float, ...] = (0.03, 0.04, 0.06, 0.08, 0.10, 0.15)  # tried in mode edge
    top_pct: tuple[float, ...] = (
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
    )  # of a regime's rows, tried in mode top_share
    min_trades: int = 100  # days of shares on which a row is taken; fewer prove nothing
    min_precision_gain: float = 0.0  # of the share that reaches its take-profit, over the mean break-even
    min_regime_days: int = 60  # trading days of a regime's rows; with fewer it takes what all rows chose

    def __post_init__(self) -> None:
        for name, values, top in (("edges", self.edges, 1.0), ("top_pct", self.top_pct, 100.0)):
            if not values or list(values) != sorted(set(values)) or not 0.0 < values[0] <= values[-1] < top:
                raise ValueError(f"{name} must rise within (0, {top:g}), were {values}")
        if min(self.min_trades, self.min_regime_days) < 1:
            raise ValueError(
                "min_trades and min_regime_days must be at least 1, were "
                f"{self.min_trades} and {self.min_regime_days}"
            )
        if not 0.0 <= self.min_precision_gain < 1.0:
            raise ValueError(f"min_precision_gain must lie within [0, 1), was {self.min_precision_gain}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeTrades:
    """What the trades of a regime made of the out-of-fold rows that the policy learned from; the bounds are one-sided."""

    regime: str  # of REGIMES
    net_bp: float  # mean of its trades after costs
    low_bp: float
    high_bp: float
    trades: int  # days of shares with such a row: those of one day are one, with the mean of what they made

    def __post_init__(self) -> None:
        if self.regime not in REGIMES:
            raise ValueError(f"regime must be one of {', '.join(REGIMES)}, was {self.regime!r}")
        if not -math.inf < self.low_bp <= self.net_bp <= self.high_bp < math.inf or self.trades < 1:
            raise ValueError(
                "net_bp must lie within its bounds, all finite, and trades be at least 1, were "
                f"{self.net_bp} [{self.low_bp}, {self.high_bp}] and {self.trades}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a version asks for besides policy.yaml; a regime without a least edge has policy.yaml's alone."""

    mode: ThresholdMode
    least_edges: dict[str, float] = field(default_factory=dict)  # by regime
    filters: Filters | None = None  # None: no cell is left out
    order_levels: OrderLevels | None = None  # None: orders have the label set's levels
    regimes: tuple[RegimeTrades, ...] = ()  # with trades by all that is asked; told, and asking nothing

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.least_edges) - set(REGIMES)):
            raise ValueError(f"least_edges must be of {', '.join(REGIMES)}, were of {', '.join(unknown)}")
        if not all(0.0 < edge < 1.0 for edge in self.least_edges.values()):
            raise ValueError(f"least_edges must lie within (0, 1), were {self.least_edges}")

    def traded_in(self, regime: str) -> RegimeTrades | None:
        """Return what the trades of a regime made; None where there were none to tell of."""
        return next((own for own in self.regimes if own.regime == regime), None)

    @property
    def says_more(self) -> bool:
        """Whether it asks for anything that policy.yaml does not."""
        return bool(self.least_edges) or self.filters is not None or self.order_levels is not None
