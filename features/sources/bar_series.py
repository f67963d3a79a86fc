"""Bars of another timeframe or of an index, read for many instruments at once and kept for the build."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from features.sources.base import BuildScope
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many
from traderai.common.clock import from_epoch_s
from traderai.common.errors import TraderAIError

_log = logging.getLogger(__name__)
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
