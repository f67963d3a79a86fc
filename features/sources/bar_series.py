"""Bars of another timeframe or of an index, read for many instruments at once and kept for the build."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import numpy as np

from features.kernels.engine import compute_columns
from features.kernels.higher import stretches
from features.kernels.window import window_of
from features.sources.base import BuildScope
from features.spec import FeatureSpec
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many, warmup_begins
from traderai.common.arrays import F32
from traderai.common.clock import from_epoch_s
from traderai.common.errors import TraderAIError

_log = logging.getLogger(__name__)
# Trading days without a bar after which history begins anew: about a month.
HOLE_DAYS: Final = 22
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

    def of(self, instruments: Sequence[InstrumentFacts]) -> dict[str, Bars]:
        """Return by ticker the bars of the instruments; those without any, or with unreadable ones, are left out."""
        unread = [facts for facts in instruments if facts.secid not in self._read]
        if unread:
            self._read |= self._read_many(unread, self._since(unread))
        read = {facts.secid: self._read[facts.secid] for facts in instruments if facts.secid in self._read}
        return {secid: bars for secid, bars in read.items() if len(bars)}

    def renewed(self, scope: BuildScope) -> BarSeries:
        """Return the series of a later moment of the same months; what has got no newer bar is not read again.

        What was restated further back is not seen: make a new series for that.
        """
        later = BarSeries(scope, self._timeframe, self._since)
        kept = [facts for facts in scope.universe if facts.secid in self._read]
        newest = warmup_begins(
            instruments=kept,
            timeframe=self._timeframe,
            before=scope.as_of - self._timeframe.duration + timedelta.resolution,
            bars=1,
        )
        for facts in kept:
            bars = self._read[facts.secid]
            begin = newest.get(facts.id)
            is_newest = begin is None if len(bars) == 0 else begin == from_epoch_s(int(bars.begin_s[-1]))
            if is_newest:
                later._read[facts.secid] = bars
        return later

    def _read_many(
        self, instruments: Sequence[InstrumentFacts], since: Mapping[int, datetime | None]
    ) -> dict[str, Bars]:
        try:
            return bars_load_many(
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
