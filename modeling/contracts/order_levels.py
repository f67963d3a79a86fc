"""Levels of orders drawn from how far prices are expected to move, and how they are looked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from modeling.contracts.decisions import QUANTILE_LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPair:
    """At which quantiles of the excursions an order's take-profit and stop stand, each of QUANTILE_LEVELS.

    A take-profit at 0.75 is not reached by three windows of four, a stop at 0.25 is by one of four.
    """

    take_profit: float  # of the best excursion
    stop_loss: float  # of the worst one

    def __post_init__(self) -> None:
        if not {self.take_profit, self.stop_loss} <= set(QUANTILE_LEVELS):
            raise ValueError(
                f"take_profit and stop_loss must be of {', '.join(map(str, QUANTILE_LEVELS))}, were "
                f"{self.take_profit} and {self.stop_loss}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLevelConfig:
    """Which levels are tried beside the label set's on out-of-fold rows."""

    candidates: tuple[LevelPair, ...]
    clip: tuple[float, float] = (0.5, 2.0)  # of the label set's own levels: nearer and further never
    min_trades: int = 100  # fewer prove nothing
    min_map_trades: int = 200  # of a side: with fewer its expectation is one mean, whatever the edge

    def __post_init__(self) -> None:
        if not self.candidates or len(set(self.candidates)) != len(self.candidates):
            raise ValueError(f"candidates must be pairs of levels, each once, were {self.candidates}")
        _check_clip(self.clip)
        if not 20 <= self.min_trades <= self.min_map_trades:
            raise ValueError(
                "min_trades must be at least 20 and min_map_trades not below it, were "
                f"{self.min_trades} and {self.min_map_trades}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetByEdge:
    """What the orders of one side made after costs, out of sample, by the edge that was claimed; never falling with it.

    Between knots it is linear, beyond them flat. One knot is the mean of all trades, for want of trades for more.
    """

    trades: int
    knots: tuple[float, ...]  # edges, rising
    net_r: tuple[float, ...]  # mean net result of a trade, in stops of the label set
    low_r: tuple[float, ...]  # one-sided bounds of it
    high_r: tuple[float, ...]

    def __post_init__(self) -> None:
        sizes = {len(own) for own in (self.knots, self.net_r, self.low_r, self.high_r)}
        numbers = (*self.knots, *self.net_r, *self.low_r, *self.high_r)
        rising = all(a < b for a, b in pairwise(self.knots))
        if len(sizes) != 1 or not self.knots or not rising or not all(map(math.isfinite, numbers)):
            raise ValueError(
                f"knots must rise and all have a finite net_r, low_r and high_r, were {self.knots}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLevels:
    """Which levels a version's orders have in place of the label set's; a side without proof keeps those."""

    pair: LevelPair
    clip: tuple[float, float]
    long: NetByEdge | None = None
    short: NetByEdge | None = None

    def __post_init__(self) -> None:
        _check_clip(self.clip)


def _check_clip(clip: tuple[float, float]) -> None:
    if not 0.0 < clip[0] <= 1.0 <= clip[1] < math.inf:
        raise ValueError(f"clip must lie around 1, from above 0, was {clip}")
