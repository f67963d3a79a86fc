"""A simulated market as arrays in memory: what would be stored of it, and what only its maker knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from market.contracts import Bars, InstrumentFacts, LinkedText, Timeframe
from market.kernels.news_arrays import AlertArrays, ByTarget, VerdictArrays
from traderai.common.arrays import F64, I8, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedNewsFacts:
    """What would be stored of the texts of a simulated market; moments in whole seconds, rising."""

    known_s: I64  # when each text became known
    read_s: I64  # when each text became known that the scorer has read
    verdicts: ByTarget[VerdictArrays]
    alerts: ByTarget[AlertArrays]
    texts: tuple[LinkedText, ...]  # in the order of the items


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlantedRows:
    """The hourly bars of one share at whose end a planted pattern was known. Arrays have shape (m,).

    The drift falls on the `window_bars` bars of the market from the one on that begins `1 + delay_bars` bars after
    the pattern's own: never before the first bar that can be traded.
    """

    row: I64  # places in the share's bars, rising
    side: I8  # 1 up, -1 down
    drift_frac: F64  # what the pattern adds to the price over its window, with its sign
    window_bars: int
    delay_bars: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedMarket:
    """One simulated market, as known at `as_of`, when its last bar had ended."""

    as_of: datetime
    shares: tuple[InstrumentFacts, ...]  # by ticker
    index: InstrumentFacts
    bars: Mapping[Timeframe, Mapping[str, Bars]]  # of every share and of the index, by ticker
    news: SimulatedNewsFacts
    planted: Mapping[
        str, Mapping[str, PlantedRows]
    ]  # by edge and ticker; a share without a pattern has no rows

    @property
    def rows_frac(self) -> float:
        """Share of the hourly bars of all shares at whose end some planted pattern was known."""
        hours = self.bars[Timeframe.H1]
        rows = sum(rows.row.size for by_share in self.planted.values() for rows in by_share.values())
        return rows / max(sum(len(hours[facts.secid]) for facts in self.shares), 1)
