"""Where a share stands among the others, by the daily ranker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RankFacts:
    """A share's newest known place; an order of shares, of which no edge after costs has been proven."""

    feature: str  # of the aggregator that reads it
    place: float  # from -1, the lowest of the day, to 1
    position: int  # 1: the highest
    shares: int  # liquid ones that were ordered
    horizon: str  # such as "5d"
    known_at: datetime  # when the day's bars were known
    learned_until: datetime  # no label that taught the model ends later
    rank_ic: float  # mean daily rank IC over a year that had not taught it
