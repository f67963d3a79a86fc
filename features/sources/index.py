"""The market by its indices: daily columns, known when the index's day has ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from features.kernels.engine import COLUMNS
from features.kernels.higher import HOLE_DAYS, newest_known, stretches
from features.kernels.index import closes_on_days, joint_moments, percentile, strength
from features.kernels.window import window_of
from features.sources.bar_series import BarSeries, stretch_columns
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.spec import FeatureSpec
from market.contracts import Bars, InstrumentFacts, Timeframe
from traderai.common.arrays import F64, I64
from traderai.common.clock import from_epoch_s

_log = logging.getLogger(__name__)
# Days of the index before the month that its columns read; the longest feature reads 250.
WARMUP_DAYS: Final = 320
# Own trading days after which a day of the index should have been followed by another one.
STALE_DAYS: Final = 1
MAIN: Final = "imoex"  # in a simulated market the simulator's index stands for it
# Columns of the share against the index; the place is that in `joint_moments`.
MOMENTS: Final[dict[str, int]] = {"beta": 0, "correlation": 1, "residual_std": 2}
STRENGTH: Final = "strength"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Index:
    """One index of the build."""

    facts: InstrumentFacts
    own: list[tuple[int, FeatureSpec]]  # place among the source's columns, as the engine wants it
    against: list[tuple[int, FeatureSpec]]  # columns of the share against it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Days:
    """The days of an index that one month reads; arrays have shape (m,) or (m, k)."""

    begin_s: I64
    known_s: I64
    close: F64
    own: F64  # the index's own columns
    stretches: tuple[tuple[int, int], ...]  # days without a hole between them


class IndexSource:
    """The columns of `features.families.market_index`."""

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        self._facts = {facts.secid: facts for facts in scope.universe}
        self._width = len(specs)
        self._indices = _indices(scope, specs)
        first = from_epoch_s(scope.since_s)
        begins = scope.facts.warmup_begins(
            instruments=[index.facts for index in self._indices],
            timeframe=Timeframe.D1,
            before=first,
            bars=WARMUP_DAYS,
        )
        earliest = min(begins.values(), default=first)
        self._days = BarSeries(
            scope, Timeframe.D1, lambda wanted: {facts.id: begins.get(facts.id, first) for facts in wanted}
        )
        self._shares = BarSeries(scope, Timeframe.D1, lambda wanted: {facts.id: earliest for facts in wanted})
        # The days of a weekly bar are over when it is: the index of its last day must be known by then.
        self._stale_days = 0 if scope.timeframe.duration > timedelta(days=1) else STALE_DAYS

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars.

        Shapes: (rows, k), in the order of the specs that the source was made with.
        NaN:    an index without days, too short a history, an index whose days lag behind.
        Causal: row t reads days of the index that had ended at `known_s[t]`, and the share's days up to then. A month
            reads 320 days of the index before it and its own, whatever the build covers.
        """
        columns = {secid: np.full((own.rows, self._width), np.nan) for secid, own in month.bars.items()}
        known_s = max((int(own.bars.known_s[-1]) for own in month.bars.values()), default=0)
        for index in self._indices:
            bars = self._days.of([index.facts]).get(index.facts.secid)
            days = None if bars is None else _days(index, bars, month.begin_s, known_s)
            if days is None:
                continue
            wanted = [self._facts[secid] for secid in month.bars] if index.against else []
            daily = self._shares.of(wanted)
            for secid, own in month.bars.items():
                self._join(columns[secid], index, days, own, daily.get(secid))
        return columns

    def _join(self, columns: F64, index: _Index, days: _Days, own: MonthBars, daily: Bars | None) -> None:
        """Put an index's columns at the bars of a share."""
        at = newest_known(
            own.bars.begin_s,
            own.bars.known_s,
            own.bars.trading_day,
            days.known_s,
            start=own.start,
            stale_days=self._stale_days,
        )
        rows = np.flatnonzero(at >= 0)
        if not rows.size:
            return
        columns[rows[:, None], [place for place, _ in index.own]] = days.own[at[rows]]
        if daily is not None and index.against:
            against = _against(index, days, daily, first=int(at[rows].min()))
            if against is not None:
                columns[rows[:, None], [place for place, _ in index.against]] = against[at[rows]]


def _indices(scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> list[_Index]:
    """Return the indices that columns are asked of and that we hold."""
    held = {facts.secid: facts for facts in scope.facts.indices(simulated=scope.is_simulated)}
    if scope.is_simulated:
        # The simulator has one index, of all its shares.
        held = {MAIN.upper(): facts for facts in held.values()}
    found = []
    for name in sorted({spec.kernel.partition(".")[0] for spec in specs}):
        facts = held.get(name.upper())
        if facts is None:
            continue
        asked = [
            (place, replace(spec, kernel=spec.kernel.partition(".")[2], reads="bars"))
            for place, spec in enumerate(specs)
            if spec.kernel.partition(".")[0] == name
        ]
        against = [pair for pair in asked if pair[1].kernel == STRENGTH or pair[1].kernel in MOMENTS]
        own = [pair for pair in asked if pair not in against]
        found.append(_Index(facts=facts, own=own, against=against))
    return found


def _days(index: _Index, bars: Bars, month_begin_s: int, known_s: int) -> _Days | None:
    start = max(0, int(np.searchsorted(bars.begin_s, month_begin_s)) - WARMUP_DAYS)
    stop = int(np.searchsorted(bars.known_s, known_s, side="right"))
    if stop <= start:
        return None
    close = bars.close[start:stop]
    parts = stretches(bars.trading_day[start:stop], hole_days=HOLE_DAYS)
    own = np.full((stop - start, len(index.own)), np.nan)
    for column, (_, spec) in enumerate(index.own):
        if spec.kernel == "level":
            own[:, column] = close
        elif spec.kernel == "percentile":
            for first, last in parts:
                own[first:last, column] = percentile(close[first:last], window=int(spec.parameters["window"]))
    technical = [column for column, (_, spec) in enumerate(index.own) if spec.kernel in COLUMNS]
    specs = [index.own[column][1] for column in technical]
    own[:, technical] = stretch_columns(bars, specs, start=start, stop=stop)
    return _Days(
        begin_s=bars.begin_s[start:stop],
        known_s=bars.known_s[start:stop],
        close=close,
        own=own,
        stretches=parts,
    )


def _against(index: _Index, days: _Days, daily: Bars, *, first: int) -> F64 | None:
    """Return the columns of a share against an index, from day `first` on."""
    start = int(np.searchsorted(daily.begin_s, days.begin_s[0]))
    stop = int(np.searchsorted(daily.known_s, days.known_s[-1], side="right"))
    if stop <= start:
        return None
    try:
        window = window_of(daily, start=start, stop=stop)
    except ValueError as error:
        _log.warning("no columns of %s against %s: %s", daily.secid, index.facts.secid, error)
        return None
    close = closes_on_days(window.close, daily.known_s[start:stop], days.begin_s, days.known_s)
    values = np.full((days.close.size, len(index.against)), np.nan)
    for begin, end in days.stretches:
        part = slice(begin, end)
        values[part] = _figures(index, close[part], days.close[part], first=max(0, first - begin))
    return values


def _figures(index: _Index, share_close: F64, index_close: F64, *, first: int) -> F64:
    values = np.full((index_close.size, len(index.against)), np.nan)
    moments: dict[int, F64] = {}
    for column, (_, spec) in enumerate(index.against):
        if spec.kernel == STRENGTH:
            values[:, column] = strength(share_close, index_close, span=int(spec.parameters["span"]))
            continue
        length = int(spec.parameters["window"])
        if length not in moments:
            moments[length] = joint_moments(share_close, index_close, window=length, first=first)
        values[:, column] = moments[length][:, MOMENTS[spec.kernel]]
    return values
