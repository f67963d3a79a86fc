"""The columns of the regime a second time, slowly: from the rows of the history, one bar after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from features.contracts import REGIMES
from features.models import RegimeHistory
from market.models import Candle, Instrument
from traderai.common.clock import MOSCOW

UNKNOWN = math.nan


@dataclass(frozen=True)
class World:
    """When the bars of a share ended, on which dates they lie, and the rows of the history."""

    ends: list[datetime]
    begins: list[datetime]
    sector: str
    is_simulated: bool
    stale_days: int
    as_of: datetime


Slow: TypeAlias = Callable[[World], list[float]]


def world_of(secid: str, minutes: int, as_of: datetime) -> World:
    """Return the share's bars that had ended."""
    share = Instrument.objects.get(secid=secid)
    length = timedelta(minutes=minutes)
    rows = Candle.objects.filter(instrument=share, timeframe_min=minutes, begin__lte=as_of - length)
    begins = sorted(rows.values_list("begin", flat=True))
    return World(
        ends=[begin + length for begin in begins],
        begins=begins,
        sector=share.sector,
        is_simulated=share.is_simulated,
        stale_days=0 if minutes > 1_440 else 1,
        as_of=as_of,
    )


def newest_rows(world: World, scope: str) -> list[RegimeHistory | None]:
    """Return for each bar the newest day over when it ended, None where a later one should be known by then."""
    market = "SIMULATED" if world.is_simulated else "MOEX"
    rows = list(
        RegimeHistory.objects.filter(market=market, scope=scope, as_of__lte=world.as_of).order_by("as_of")
    )
    dates = [begin.astimezone(MOSCOW).date() for begin in world.begins]
    found: list[RegimeHistory | None] = []
    for place, end in enumerate(world.ends):
        known = [row for row in rows if row.as_of <= end]
        newest = known[-1] if known else None
        if newest is not None:
            # Dates of own bars that began after the day was over: with a second one, its regime is overdue.
            since = {
                day
                for begin, day in zip(world.begins[: place + 1], dates, strict=False)
                if begin >= newest.as_of
            }
            if len(since) > world.stale_days:
                newest = None
        found.append(newest)
    return found


def _probability(regime: str, *, of_sector: bool) -> Slow:
    def slow(world: World) -> list[float]:
        if of_sector and not world.sector:
            return [UNKNOWN] * len(world.ends)
        out = []
        for row in newest_rows(world, world.sector if of_sector else ""):
            unread = row is None or "news_number_ratio" not in [name for name, _ in row.reasons]
            if row is None or (regime == "news_storm" and unread):
                out.append(UNKNOWN)
            else:
                out.append(row.probabilities[regime])
        return out

    return slow


def _spell_days(world: World) -> list[float]:
    return [
        UNKNOWN if row is None else (row.trading_day - row.spell_began_on).days + 1.0
        for row in newest_rows(world, "")
    ]


GOLDEN: dict[str, Slow] = (
    {f"regime_p_{name}": _probability(name, of_sector=False) for name in REGIMES}
    | {f"regime_sector_p_{name}": _probability(name, of_sector=True) for name in REGIMES}
    | {"regime_spell_days": _spell_days}
)
