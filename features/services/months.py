"""The bars of a whole market, month by month: loaded in chunks of months, so that memory does not grow with history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from features.kernels.higher import unbroken_from
from features.sources.base import BuildScope, MonthBars, MonthScope
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars_many import months_with_bars
from traderai.common.clock import MOSCOW, midnight, to_epoch_s
from traderai.common.errors import TraderAIError

# Bars held at once, some 300 bytes each while they are read.
CHUNK_BARS_MAX = 1_500_000


def month_begin(month: date) -> datetime:
    """Return the Moscow midnight with which a month begins; `month` is any day of it."""
    return midnight(month.replace(day=1))


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def build_scope(
    *,
    universe: Sequence[InstrumentFacts],
    timeframe: Timeframe,
    since: datetime | None,
    as_of: datetime,
) -> tuple[BuildScope, dict[date, int]] | None:
    """Return what a build from the month of `since` on covers, with the bars of its months; None without bars."""
    first = None if since is None else month_begin(since.astimezone(MOSCOW).date())
    months = months_with_bars(instruments=universe, timeframe=timeframe, as_of=as_of, since=first)
    if not months:
        return None
    scope = BuildScope(
        timeframe=timeframe,
        universe=tuple(universe),
        since_s=to_epoch_s(month_begin(min(months))),
        until_s=to_epoch_s(month_begin(next_month(max(months)))),
        as_of=as_of,
    )
    return scope, months


def month_scopes(
    scope: BuildScope, months: Mapping[date, int], *, warmup_bars: int, failed: dict[str, str]
) -> Iterator[MonthScope]:
    """Yield the months of a build, the earliest first, each with `warmup_bars` of every share before it.

    A share whose bars cannot be read is put into `failed` with the reason and left out.
    """
    for chunk in _chunks(months):
        begin, end = month_begin(chunk[0]), month_begin(next_month(chunk[-1]))
        loaded = _chunk_bars(scope, begin, end, warmup_bars=warmup_bars, failed=failed)
        for month in chunk:
            yield _month_scope(month, loaded, warmup_bars=warmup_bars)


def _chunks(months: Mapping[date, int]) -> Iterator[list[date]]:
    chunk: list[date] = []
    held = 0
    for month in sorted(months):
        if chunk and held + months[month] > CHUNK_BARS_MAX:
            yield chunk
            chunk, held = [], 0
        chunk.append(month)
        held += months[month]
    if chunk:
        yield chunk


def _chunk_bars(
    scope: BuildScope, begin: datetime, end: datetime, *, warmup_bars: int, failed: dict[str, str]
) -> dict[str, Bars]:
    begins = scope.facts.warmup_begins(
        instruments=scope.universe, timeframe=scope.timeframe, before=begin, bars=warmup_bars
    )
    since_by_id = {facts.id: begins.get(facts.id, begin) for facts in scope.universe}

    def load(instruments: Sequence[InstrumentFacts]) -> dict[str, Bars]:
        return scope.facts.bars(
            instruments=instruments,
            timeframe=scope.timeframe,
            as_of=scope.as_of,
            since_by_id=since_by_id,
            until=end,
        )

    try:
        return load(scope.universe)
    except (TraderAIError, ValueError):
        loaded: dict[str, Bars] = {}
        for facts in scope.universe:
            try:
                loaded |= load((facts,))
            except (TraderAIError, ValueError) as error:
                failed[facts.secid] = str(error)
        return loaded


def _month_scope(month: date, loaded: Mapping[str, Bars], *, warmup_bars: int) -> MonthScope:
    begin_s, end_s = to_epoch_s(month_begin(month)), to_epoch_s(month_begin(next_month(month)))
    inside = {}
    for secid, bars in loaded.items():
        start, stop = (int(at) for at in np.searchsorted(bars.begin_s, [begin_s, end_s]))
        # A return over a hole of months is no return of one bar: the warm-up begins behind the last one.
        first = unbroken_from(bars.trading_day, first=max(0, start - warmup_bars), start=start)
        if stop > first:
            inside[secid] = MonthBars(bars=bars.part(first, stop), start=start - first)
    return MonthScope(month=f"{month:%Y-%m}", begin_s=begin_s, end_s=end_s, bars=inside)
