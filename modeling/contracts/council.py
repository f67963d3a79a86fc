"""A council as it serves: whose setup is where, who knows what, and how the votes become one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GLOBAL: Final = "global"  # the shared network's own word
AVERAGE: Final = "average"
META: Final = "meta"
META_RANK: Final = "meta_rank"  # the aggregator that reads the daily rank too


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Where a strategy's setup is present: a feature of the last bar lies within one of some bounds."""

    strategy: str
    feature: str
    bounds: tuple[tuple[float, float], ...] = ()  # from, to; borders belong to it
    not_zero: bool = False  # instead: the feature is there and not 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SideWeights:
    """One side's logistic regression, in the units of `MetaAggregator.columns`."""

    coefficients: tuple[float, ...]
    intercept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaAggregator:
    """What was learned from out-of-fold votes; plain numbers, so that it is stored as JSON."""

    columns: tuple[str, ...]  # (d,)
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sides: dict[str, SideWeights]
    learned_until_s: int  # end of the last label that taught it

    def weights(self, side: str) -> dict[str, float]:
        """Return by column how much one standard deviation of it moves the side's logit."""
        return dict(zip(self.columns, self.sides[side].coefficients, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteContext:
    """The features of the last bar that a meta-aggregator reads besides the votes."""

    volatility_feature: str  # recent volatility of a bar
    liquidity_feature: str
    regime_features: tuple[str, ...]
    rank_features: tuple[str, ...] = ()  # the daily ranker's; not known, they count as their mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What the training part knows of one horizon: the logits of both sides' base rates."""

    horizon: str
    long: float
    short: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CouncilRules:
    """All that a version needs to make one decision of its network's votes."""

    way: str  # a voter's name, AVERAGE or META
    setups: tuple[Setup, ...]  # of each strategy
    priors: tuple[Prior, ...]  # of each horizon
    context: VoteContext
    meta: MetaAggregator | None  # None where another way serves and there was nothing to learn from

    @property
    def voters(self) -> tuple[str, ...]:
        """Those that vote, the shared network first."""
        return (GLOBAL, *(own.strategy for own in self.setups))
