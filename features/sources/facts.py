"""Whom the sources ask for facts of the market: the database, or a simulated market that lies in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import numpy as np

from market.contracts import Bars, InstrumentFacts, LinkedText, Timeframe
from market.kernels.news_arrays import AlertArrays, ByTarget, VerdictArrays
from market.selectors.bars_many import bars_load_many, warmup_begins
from market.selectors.instruments import instrument_list
from market.selectors.news_columns import (
    news_alerts,
    news_moments,
    news_read_moments,
    news_texts,
    news_verdicts,
)
from market.simulated_contracts import SimulatedMarket
from traderai.common.arrays import I64
from traderai.common.clock import from_epoch_s, to_epoch_s
from traderai.common.errors import InputError


class MarketFacts(Protocol):
    """What sources want to know, as it was known at a moment."""

    def bars(
        self,
        *,
        instruments: Sequence[InstrumentFacts],
        timeframe: Timeframe,
        as_of: datetime,
        since_by_id: Mapping[int, datetime | None],
        until: datetime | None = None,
    ) -> dict[str, Bars]:
        """Return what `market.selectors.bars_many.bars_load_many` does."""
        ...

    def warmup_begins(
        self, *, instruments: Sequence[InstrumentFacts], timeframe: Timeframe, before: datetime, bars: int
    ) -> dict[int, datetime]:
        """Return what `market.selectors.bars_many.warmup_begins` does."""
        ...

    def indices(self, *, simulated: bool) -> tuple[InstrumentFacts, ...]:
        """Return the indices of the real or the simulated market."""
        ...

    def news(self, span: NewsSpan) -> NewsFacts:
        """Return what was told in a span."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsSpan:
    """From when on each kind of fact about news is wanted; seconds, the first moment is left out."""

    texts_s: int
    readings_s: int
    verdicts_s: int
    until_s: int
    as_of: datetime
    simulated: bool
    words: bool  # the texts themselves are wanted, too


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewsFacts:
    """What was told, as `market.selectors.news_columns` says."""

    known_s: I64
    read_s: I64
    verdicts: ByTarget[VerdictArrays]
    alerts: ByTarget[AlertArrays]
    texts: Iterable[LinkedText]


class StoredFacts:
    """The facts of the database."""

    bars = staticmethod(bars_load_many)
    warmup_begins = staticmethod(warmup_begins)

    def indices(self, *, simulated: bool) -> tuple[InstrumentFacts, ...]:
        """Return the indices of the real or the simulated market."""
        held = instrument_list(active_only=False)
        return tuple(one for one in held if one.kind == "index" and one.is_simulated == simulated)

    def news(self, span: NewsSpan) -> NewsFacts:
        """Return what was told in a span."""
        until_s, as_of, simulated = span.until_s, span.as_of, span.simulated
        verdicts_s = span.verdicts_s
        texts = (
            news_texts(since_s=verdicts_s, until_s=until_s, as_of=as_of, simulated=simulated)
            if span.words
            else ()
        )
        return NewsFacts(
            known_s=news_moments(since_s=span.texts_s, until_s=until_s, as_of=as_of, simulated=simulated),
            read_s=news_read_moments(
                since_s=span.readings_s, until_s=until_s, as_of=as_of, simulated=simulated
            ),
            verdicts=news_verdicts(since_s=verdicts_s, until_s=until_s, as_of=as_of, simulated=simulated),
            alerts=news_alerts(since_s=verdicts_s, until_s=until_s, as_of=as_of, simulated=simulated),
            texts=texts,
        )


STORED: Final = StoredFacts()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemoryFacts:
    """The facts of a simulated market that is stored nowhere.

    It is known as of one moment only. News come whole, whatever the span: what lies outside of it counts at none of the
    moments that a source asks about.
    """

    market: SimulatedMarket

    def bars(
        self,
        *,
        instruments: Sequence[InstrumentFacts],
        timeframe: Timeframe,
        as_of: datetime,
        since_by_id: Mapping[int, datetime | None],
        until: datetime | None = None,
    ) -> dict[str, Bars]:
        """Return the bars from each instrument's moment on, those that begin before `until`.

        Raises: ValueError for another moment than the market's; InputError for a timeframe that was not made.
        """
        if as_of != self.market.as_of:
            raise ValueError(f"as_of must be {self.market.as_of}, the market's own, was {as_of}")
        made = self._made(timeframe)
        found = {}
        for facts in instruments:
            bars, since = made[facts.secid], since_by_id.get(facts.id)
            begin_s = bars.begin_s
            start = 0 if since is None else int(np.searchsorted(begin_s, to_epoch_s(since)))
            stop = len(bars) if until is None else int(np.searchsorted(begin_s, to_epoch_s(until)))
            found[facts.secid] = bars.part(start, max(start, stop))
        return found

    def warmup_begins(
        self, *, instruments: Sequence[InstrumentFacts], timeframe: Timeframe, before: datetime, bars: int
    ) -> dict[int, datetime]:
        """Return by instrument the begin of the earliest of the last `bars` bars that begin before a moment."""
        made = self._made(timeframe)
        found = {}
        for facts in instruments:
            begin_s = made[facts.secid].begin_s
            stop = int(np.searchsorted(begin_s, to_epoch_s(before)))
            if stop:
                found[facts.id] = from_epoch_s(int(begin_s[max(0, stop - bars)]))
        return found

    def indices(self, *, simulated: bool) -> tuple[InstrumentFacts, ...]:
        """Return the market's index."""
        return (self.market.index,) if simulated else ()

    def news(self, span: NewsSpan) -> NewsFacts:
        """Return everything that was told."""
        told = self.market.news
        return NewsFacts(
            known_s=told.known_s,
            read_s=told.read_s,
            verdicts=told.verdicts,
            alerts=told.alerts,
            texts=told.texts if span.words else (),
        )

    def _made(self, timeframe: Timeframe) -> Mapping[str, Bars]:
        if timeframe not in self.market.bars:
            made = ", ".join(one.value for one in self.market.bars)
            raise InputError(
                f"the simulated market must have {timeframe.value} bars, has {made}; name it in `longer`"
            )
        return self.market.bars[timeframe]
