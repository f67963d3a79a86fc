"""Comparing verdicts with labels: precision and recall with Wilson intervals, directions, confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from market.kernels.proportions import wilson_interval
from market.models.news import EVENT_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One item: what a reader said and what the scorer told (other and 0 where it kept silent)."""

    label: str
    direction: int
    market_item: bool
    stratum: str
    told: str
    told_direction: int
    told_market: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many, with Wilson's 95 % interval."""

    hits: int
    count: int

    @property
    def frac(self) -> float | None:
        """Return the share; None of nothing."""
        return self.hits / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's interval."""
        return wilson_interval(self.hits, self.count)

    def __str__(self) -> str:
        if not self.count:
            return "     none told"
        low, high = self.interval
        return f"{self.hits / self.count:6.1%} ({self.hits}/{self.count}; {low:.0%}..{high:.0%})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReport:
    """One type of event."""

    event_type: str
    precision: Share
    recall: Share
    recall_market: Share  # of the labelled items that matter for Russian shares


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumReport:
    """All figures of one stratum."""

    stratum: str
    items: int
    market_items: int
    types: tuple[TypeReport, ...]
    all_types: TypeReport  # the named types together, `other` left out
    market_told: TypeReport  # telling whether an item matters at all
    direction: Share  # where the scorer says +1 or -1 on a market item: does the label say the same
    direction_opposite: Share  # of the same: does the label say the opposite
    direction_base: Share  # of the same: how often its commonest label would have been right
    direction_recall: Share  # of market items labelled +1 or -1
    confusion: tuple[tuple[str, str, int], ...]  # (label, told, count), the differing ones, commonest first


def stratum_report(name: str, rows: Sequence[Labelled]) -> StratumReport:
    """Return the figures of the rows of one stratum."""
    pointed = [row for row in rows if row.market_item and row.told_direction]
    labels = Counter(row.direction for row in pointed)
    pointing = [row for row in rows if row.market_item and row.direction]
    confusion = Counter((row.label, row.told) for row in rows if row.label != row.told)
    return StratumReport(
        stratum=name,
        items=len(rows),
        market_items=sum(row.market_item for row in rows),
        types=tuple(_type(event_type, {event_type}, rows) for event_type in EVENT_TYPES),
        all_types=_type("all but other", set(EVENT_TYPES) - {"other"}, rows),
        market_told=TypeReport(
            event_type="market item",
            precision=_share(
                [row for row in rows if row.told_market], [row.market_item for row in rows if row.told_market]
            ),
            recall=_share(
                [row for row in rows if row.market_item], [row.told_market for row in rows if row.market_item]
            ),
            recall_market=_share(
                [row for row in rows if row.market_item], [row.told_market for row in rows if row.market_item]
            ),
        ),
        direction=_share(pointed, [row.direction == row.told_direction for row in pointed]),
        direction_opposite=_share(pointed, [row.direction == -row.told_direction for row in pointed]),
        direction_base=Share(hits=max(labels.values(), default=0), count=len(pointed)),
        direction_recall=_share(pointing, [row.direction == row.told_direction for row in pointing]),
        confusion=tuple((label, told, count) for (label, told), count in confusion.most_common()),
    )


def _type(name: str, types: set[str], rows: Sequence[Labelled]) -> TypeReport:
    told = [row for row in rows if row.told in types]
    labelled = [row for row in rows if row.label in types]
    ours = [row for row in labelled if row.market_item]
    return TypeReport(
        event_type=name,
        precision=_share(told, [row.label == row.told for row in told]),
        recall=_share(labelled, [row.label == row.told for row in labelled]),
        recall_market=_share(ours, [row.label == row.told for row in ours]),
    )


def _share(rows: Sequence[Labelled], hits: Sequence[bool]) -> Share:
    return Share(hits=sum(hits), count=len(rows))
