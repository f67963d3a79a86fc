"""What the builder asks of everything that is joined to bars: one month at a time, by the moment it was known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from features.sources.facts import STORED, MarketFacts
from market.contracts import Bars, InstrumentFacts, Timeframe
from traderai.common.arrays import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildScope:
    """What one build covers. Nothing that became known after `as_of` may count."""

    timeframe: Timeframe
    universe: tuple[InstrumentFacts, ...]  # all shares and funds with bars, all real or all simulated
    since_s: int  # Moscow midnight at which the first month begins, seconds since 1970 UTC
    until_s: int  # Moscow midnight at which the last month has ended
    as_of: datetime
    facts: MarketFacts = STORED  # whom the sources ask

    @property
    def is_simulated(self) -> bool:
        """Whether this is the simulator's market."""
        return any(facts.is_simulated for facts in self.universe)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonthBars:
    """The bars of one share for one month: those from `start` on are the month's, the others its warm-up."""

    bars: Bars
    start: int

    @property
    def rows(self) -> int:
        """Bars of the month."""
        return len(self.bars) - self.start

    @property
    def known_s(self) -> I64:
        """When each of the month's bars was known; what is joined to it must have been known by then."""
        return self.bars.known_s[self.start :]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonthScope:
    """One Moscow month of the whole universe; shares without a bar in month and warm-up are left out."""

    month: str  # "2024-05"
    begin_s: int
    end_s: int
    bars: Mapping[str, MonthBars]  # by ticker

    def newest(self) -> MonthScope:
        """Return the month with the newest bar of each share alone, all others as its warm-up."""
        last = {
            secid: MonthBars(bars=one.bars, start=max(one.start, len(one.bars) - 1))
            for secid, one in self.bars.items()
        }
        return replace(self, bars=last)


class ColumnSource(Protocol):
    """Columns that are joined to bars. One object serves one build; it may read ahead and keep what it has read."""

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars.

        Shapes: (rows, k), in the order of the specs that the source was made with.
        NaN:    what is unknown; a share of which nothing is known may be left out.
        Causal: row t reads what was known at `known_s[t]`. The values of a month read nothing but that month and a
            fixed stretch before it, whatever the build covers: a longer build gives the same bits.
        """
        ...


@runtime_checkable
class RenewableSource(ColumnSource, Protocol):
    """A source that can go on from what it has read."""

    def renewed(self, scope: BuildScope) -> ColumnSource:
        """Return the source of a later moment: the same bits as a new one, unless what it has read was restated."""
        ...


@runtime_checkable
class NewestSource(ColumnSource, Protocol):
    """A source that has the newest rows without those before."""

    def newest_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the newest bar of the month, the bits that `month_columns` has there.

        Shapes: (1, k); (0, k) or left out for a share without a bar in the month.
        """
        ...
