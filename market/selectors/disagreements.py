"""Reading where two sources tell of one bar differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from market.contracts import Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementSum:
    """How often, and by how much, two sources differ on one series."""

    winner: str  # the source that is believed
    loser: str
    timeframe: str
    secid: str
    bars: int
    price_bars: int  # of these, bars whose prices differ (the others differ in volume or value alone)
    price_gap_frac: float  # the largest difference of a price
    volume_gap_frac: float  # the largest difference of the volume
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisagreementExample:
    """One bar told differently."""

    winner: str
    loser: str
    timeframe: str
    secid: str
    begin: datetime
    believed: tuple[float, float, float, float, float]  # open, high, low, close, volume in shares
    told: tuple[float, float, float, float, float]
    price_gap_frac: float


_COMPARED = """
FROM market_candledisagreement d
JOIN market_candle c ON c.instrument_id = d.instrument_id AND c.timeframe_min = d.timeframe_min
    AND c.begin = d.begin
JOIN market_instrument i ON i.id = d.instrument_id
JOIN market_candlesource w ON w.id = d.winner_id
JOIN market_candlesource l ON l.id = d.loser_id
CROSS JOIN LATERAL (SELECT
    greatest(abs(d.open / c.open - 1), abs(d.high / c.high - 1), abs(d.low / c.low - 1),
             abs(d.close / c.close - 1)) AS price,
    abs(d.volume_shares - c.volume_shares) / greatest(c.volume_shares, d.volume_shares, 1) AS volume
) gap
WHERE d.begin <= %(as_of)s - make_interval(mins => d.timeframe_min)
  AND (%(since)s::timestamptz IS NULL OR d.begin >= %(since)s)
  AND (%(secids)s::text[] IS NULL OR i.secid = ANY(%(secids)s))
  AND (%(minutes)s::int[] IS NULL OR d.timeframe_min = ANY(%(minutes)s))
"""
_SUMS = f"""
SELECT w.name, l.name, d.timeframe_min, i.secid, count(*), count(*) FILTER (WHERE gap.price > 0),
       max(gap.price), max(gap.volume), min(d.begin), max(d.begin)
{_COMPARED}
GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4
"""  # constants of this module only
_EXAMPLES = f"""
SELECT w.name, l.name, d.timeframe_min, i.secid, d.begin, c.open, c.high, c.low, c.close, c.volume_shares,
       d.open, d.high, d.low, d.close, d.volume_shares, gap.price
{_COMPARED}
ORDER BY gap.price DESC, gap.volume DESC, d.begin LIMIT %(limit)s
"""  # constants of this module only


def disagreement_sums(
    *,
    as_of: datetime,
    since: datetime | None = None,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] | None = None,
) -> tuple[DisagreementSum, ...]:
    """Return the bars told differently by pair of sources and series, most bars first; bars closed at `as_of`."""
    return tuple(
        DisagreementSum(
            winner=winner,
            loser=loser,
            timeframe=Timeframe.of_minutes(minutes).value,
            secid=secid,
            bars=bars,
            price_bars=price_bars,
            price_gap_frac=price_gap,
            volume_gap_frac=volume_gap,
            first=first,
            last=last,
        )
        for winner, loser, minutes, secid, bars, price_bars, price_gap, volume_gap, first, last in _rows(
            _SUMS, as_of=as_of, since=since, secids=secids, timeframes=timeframes
        )
    )


def disagreement_examples(
    *,
    as_of: datetime,
    since: datetime | None = None,
    secids: Sequence[str] | None = None,
    timeframes: Sequence[Timeframe] | None = None,
    limit: int = 20,
) -> tuple[DisagreementExample, ...]:
    """Return the bars whose prices differ most."""
    return tuple(
        DisagreementExample(
            winner=row[0],
            loser=row[1],
            timeframe=Timeframe.of_minutes(row[2]).value,
            secid=row[3],
            begin=row[4],
            believed=row[5:10],
            told=row[10:15],
            price_gap_frac=row[15],
        )
        for row in _rows(
            _EXAMPLES, as_of=as_of, since=since, secids=secids, timeframes=timeframes, limit=limit
        )
    )


def _rows(
    sql: str,
    *,
    as_of: datetime,
    since: datetime | None,
    secids: Sequence[str] | None,
    timeframes: Sequence[Timeframe] | None,
    limit: int = 0,
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "as_of": as_of,
                "since": since,
                "secids": None if secids is None else list(secids),
                "minutes": None if timeframes is None else [one.minutes for one in timeframes],
                "limit": limit,
            },
        )
        return list(cursor.fetchall())
