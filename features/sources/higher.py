"""Longer timeframes: columns of a share's longer bars, by the newest of them that had ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from features.kernels.higher import newest_known
from features.sources.bar_series import BarSeries, stretch_columns
from features.sources.base import BuildScope, MonthBars, MonthScope
from features.spec import FeatureSpec
from market.contracts import Bars, InstrumentFacts, Timeframe
from traderai.common.arrays import F32, F64
from traderai.common.clock import from_epoch_s

_log = logging.getLogger(__name__)
# Longer bars before the month that its columns read; the longest feature reads 250.
WARMUP_BARS: Final = 300
WARMUP_WEEKS: Final = 260
# After so many own trading days a day or a week should have been followed by another one; a week has up to six. What
# is shorter should be followed as soon as it can have ended.
STALE_DAYS: Final[dict[Timeframe, int]] = {Timeframe.D1: 1, Timeframe.W1: 6}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Computed:
    """The columns of some longer bars from `start` on."""

    longer: Bars
    start: int
    values: F32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Level:
    timeframe: Timeframe
    warmup_bars: int
    stale_days: int
    stale_s: int
    places: list[int]  # of its columns in the source's
    specs: tuple[FeatureSpec, ...]  # as the engine wants them
    series: BarSeries
    computed: dict[str, _Computed]  # by ticker, of the newest month asked for


class HigherSource:
    """The columns of `features.families.higher`."""

    def __init__(
        self, scope: BuildScope, specs: tuple[FeatureSpec, ...], *, earlier: HigherSource | None = None
    ) -> None:
        self._scope = scope
        self._specs = specs
        self._facts = {facts.secid: facts for facts in scope.universe}
        lengths = sorted({int(spec.parameters["timeframe_min"]) for spec in specs})
        self._levels: list[_Level] = (
            [_level(scope, minutes, specs) for minutes in lengths if minutes > scope.timeframe.minutes]
            if earlier is None
            else [replace(level, series=level.series.renewed(scope)) for level in earlier._levels]
        )

    def renewed(self, scope: BuildScope) -> HigherSource:
        """Return the source of a later moment of the same months, which has the same bits as a new one.

        Read again is only a share of which a longer bar has ended since: that makes the live update fast. What was
        restated is not seen: make a new source for that.
        """
        before = self._scope
        if (scope.timeframe, scope.since_s, scope.until_s) != (
            before.timeframe,
            before.since_s,
            before.until_s,
        ):
            return HigherSource(scope, self._specs)
        return HigherSource(scope, self._specs, earlier=self)

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars; a share without longer bars is left out.

        Shapes: (rows, k), in the order of the specs that the source was made with.
        NaN:    a level that is not longer than the build's bars, too short a history, and longer bars that lag behind.
        Causal: row t reads the longer bars that had ended at `known_s[t]`. A month reads 300 longer bars (260 weeks)
            before it and its own, whatever the build covers.
        """
        columns: dict[str, F64] = {}
        shares = [self._facts[secid] for secid in month.bars]
        for level in self._levels:
            for secid, longer in level.series.of(shares).items():
                values = _level_columns(level, longer, month, month.bars[secid])
                if values is not None:
                    empty = np.full((month.bars[secid].rows, len(self._specs)), np.nan)
                    columns.setdefault(secid, empty)[:, level.places] = values
        return columns


def _level(scope: BuildScope, minutes: int, specs: tuple[FeatureSpec, ...]) -> _Level:
    timeframe = Timeframe.of_minutes(minutes)
    warmup_bars = WARMUP_WEEKS if timeframe is Timeframe.W1 else WARMUP_BARS
    places = [place for place, spec in enumerate(specs) if spec.parameters["timeframe_min"] == minutes]

    def since(instruments: Sequence[InstrumentFacts]) -> Mapping[int, datetime | None]:
        first = from_epoch_s(scope.since_s)
        begins = scope.facts.warmup_begins(
            instruments=instruments, timeframe=timeframe, before=first, bars=warmup_bars
        )
        return {facts.id: begins.get(facts.id, first) for facts in instruments}

    return _Level(
        timeframe=timeframe,
        warmup_bars=warmup_bars,
        stale_days=STALE_DAYS.get(timeframe, 0),
        stale_s=0 if timeframe in STALE_DAYS else 60 * minutes,
        places=places,
        specs=tuple(_of_bars(specs[place]) for place in places),
        series=BarSeries(scope, timeframe, since),
        computed={},
    )


def _of_bars(spec: FeatureSpec) -> FeatureSpec:
    """Return the feature of the longer bars themselves."""
    parameters = {name: value for name, value in spec.parameters.items() if name != "timeframe_min"}
    return replace(spec, parameters=parameters, reads="bars")


def _level_columns(level: _Level, longer: Bars, month: MonthScope, own: MonthBars) -> F64 | None:
    at = newest_known(
        own.bars.begin_s,
        own.bars.known_s,
        own.bars.trading_day,
        longer.known_s,
        start=own.start,
        stale_days=level.stale_days,
        stale_s=level.stale_s,
    )
    known = at >= 0
    if not known.any():
        return None
    start = max(0, int(np.searchsorted(longer.begin_s, month.begin_s)) - level.warmup_bars)
    try:
        columns = _computed(level, longer, start=start, stop=int(at.max()) + 1)
    except ValueError as error:
        _log.warning("no columns of the %s bars of %s: %s", level.timeframe.value, longer.secid, error)
        return None
    values = np.full((own.rows, len(level.specs)), np.nan)
    values[known] = columns[at[known] - start]
    return values


def _computed(level: _Level, longer: Bars, *, start: int, stop: int) -> F32:
    """Return the columns of the longer bars from `start` to at least `stop`, computed once for a month's bars."""
    kept = level.computed.get(longer.secid)
    if kept is None or kept.longer is not longer or kept.start != start or start + len(kept.values) < stop:
        values = stretch_columns(longer, level.specs, start=start, stop=stop)
        kept = level.computed[longer.secid] = _Computed(longer=longer, start=start, values=values)
    return kept.values
