"""Bars of another timeframe or of an index, read for many instruments at once and kept for the build."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final, TypeAlias

import numpy as np

from features.kernels.engine import compute_columns
from features.kernels.higher import HOLE_DAYS, stretches
from features.kernels.window import window_of
from features.sources.base import BuildScope
from features.sources.facts import STORED
from features.spec import FeatureSpec
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_stored_many
from traderai.common.arrays import F32
from traderai.common.clock import from_epoch_s
from traderai.common.errors import TraderAIError

_log = logging.getLogger(__name__)
# Bars at the end of a series that are read again: longer bars are remade when a short one comes late.
CHECKED_BARS: Final = 2
# From which begin on the bars of each instrument are wanted, by its id.
Since: TypeAlias = Callable[[Sequence[InstrumentFacts]], Mapping[int, datetime | None]]


class BarSeries:
    """The bars of one timeframe; an instrument is read when it is first asked for."""

    def __init__(self, scope: BuildScope, timeframe: Timeframe, since: Since) -> None:
        self._scope = scope
        self._timeframe = timeframe
        self._since = since
        # A bar of the last month may end after it; what ended meanwhile was known then.
        self._until = from_epoch_s(scope.until_s) + scope.timeframe.duration
        self._read: dict[str, Bars] = {}
        self._ends: dict[str, bytes] = {}  # of the last bars of each series, as stored

    def of(self, instruments: Sequence[InstrumentFacts]) -> dict[str, Bars]:
        """Return by ticker the bars of the instruments; those without any, or with unreadable ones, are left out."""
        unread = [facts for facts in instruments if facts.secid not in self._read]
        if unread:
            self._read |= self._read_many(unread, self._since(unread))
        read = {facts.secid: self._read[facts.secid] for facts in instruments if facts.secid in self._read}
        return {secid: bars for secid, bars in read.items() if len(bars)}

    def renewed(self, scope: BuildScope) -> BarSeries:
        """Return the series of a later moment of the same months; what ends as it did is not read again.

        A restatement of the last bars is seen; what was restated further back is not: make a new series for that.

        Raises: ValueError for facts that are not stored: a market in memory has no later moment.
        """
        if scope.facts is not STORED:
            raise ValueError(
                f"a later moment must be asked of {type(STORED).__name__}, was of {type(scope.facts).__name__}; make a "
                "new series"
            )
        later = BarSeries(scope, self._timeframe, self._since)
        kept = [facts for facts in scope.universe if len(self._read.get(facts.secid, ()))]
        if not kept:
            return later
        begins = {facts.id: _checked_from(self._read[facts.secid]) for facts in kept}
        later._ends = bars_stored_many(
            instruments=kept,
            timeframe=self._timeframe,
            as_of=scope.as_of,
            since_by_id=begins,
            until=self._until,
        )
        unknown = []
        for facts in kept:
            if self._ends.get(facts.secid, b"") == later._ends.get(facts.secid):
                later._read[facts.secid] = self._read[facts.secid]
            else:
                unknown.append(facts)
        for secid, end in (later._read_many(unknown, begins) if unknown else {}).items():
            if _ends_with(self._read[secid], end):
                later._read[secid] = self._read[secid]
        return later

    def _read_many(
        self, instruments: Sequence[InstrumentFacts], since: Mapping[int, datetime | None]
    ) -> dict[str, Bars]:
        try:
            return self._scope.facts.bars(
                instruments=instruments,
                timeframe=self._timeframe,
                as_of=self._scope.as_of,
                since_by_id=since,
                until=self._until,
            )
        except TraderAIError as error:
            if len(instruments) == 1:
                secid = instruments[0].secid
                _log.warning("no %s bars of %s: %s", self._timeframe.value, secid, error)
                return {}
        # One bad series must not take the others' columns away.
        found: dict[str, Bars] = {}
        for facts in instruments:
            found |= self._read_many([facts], since)
        return found


def _checked_from(bars: Bars) -> datetime:
    return from_epoch_s(int(bars.begin_s[-min(CHECKED_BARS, len(bars))]))


def _ends_with(bars: Bars, end: Bars) -> bool:
    """Return whether the last bars are those that were read again."""
    if len(end) != min(CHECKED_BARS, len(bars)):
        return False
    last = bars.part(len(bars) - len(end), len(bars))
    arrays = [field.name for field in fields(Bars) if isinstance(getattr(last, field.name), np.ndarray)]
    return all(np.array_equal(getattr(last, name), getattr(end, name)) for name in arrays)


def stretch_columns(bars: Bars, specs: Sequence[FeatureSpec], *, start: int, stop: int) -> F32:
    """Return the columns of the bars `start` to `stop`; nothing reads across a hole of more than a month.

    Shapes: returns (stop - start, k).
    NaN:    as `compute_columns`, from each hole on anew.
    Causal: row t reads the bars of its stretch up to t.
    Raises: ValueError if a dividend is not below the close before it.
    """
    parts = [
        compute_columns(window_of(bars, start=start + first, stop=start + last), specs)
        for first, last in stretches(bars.trading_day[start:stop], hole_days=HOLE_DAYS)
    ]
    return np.concatenate(parts) if parts else np.empty((0, len(specs)), dtype=np.float32)
