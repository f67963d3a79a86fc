"""Up to when the bars that others are made from are known to be whole, and up to when that has been done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest

from market.contracts import RESAMPLED_ORIGIN, Timeframe
from market.models import CandleCoverage
from market.resampling_config import resampling_config
from market.services.candle_sources import candle_source_ensure
from traderai.common.clock import MOSCOW, from_epoch_s

_NEVER = from_epoch_s(0)
_STATES = """
SELECT i.id, f.minutes, oldest.begin, newest.begin,
       (SELECT max(covered_till) FROM market_candlecoverage
        WHERE instrument_id = i.id AND timeframe_min = f.minutes)
FROM market_instrument i CROSS JOIN unnest(%(minutes)s::int[]) AS f (minutes)
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle WHERE instrument_id = i.id AND timeframe_min = f.minutes
    ORDER BY begin DESC LIMIT 1
) newest
CROSS JOIN LATERAL (
    SELECT begin FROM market_candle WHERE instrument_id = i.id AND timeframe_min = f.minutes
    ORDER BY begin LIMIT 1
) oldest
WHERE (%(instrument_id)s::bigint IS NULL AND i.active) OR i.id = %(instrument_id)s
ORDER BY i.secid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How far the stored bars of one feed of one instrument go."""

    feed: Timeframe
    oldest: datetime  # begin of the oldest bar
    newest: datetime  # begin of the newest one
    covered_till: datetime | None  # begins before it have been asked for

    def known_till(self, *, target: Timeframe, now: datetime) -> datetime:
        """Return the moment before which every bar of the feed is stored that will ever come.

        That is the end of its newest bar, or up to where a source has been asked for it. A feed that has brought
        nothing for `settle_days` has ended: its last longer bar is whole, too.
        """
        known = min(max(self.newest + self.feed.duration, self.covered_till or _NEVER), now)
        # Twice the length reaches beyond the end of the last longer bar, and no finer bar lies beyond it.
        last_end = self.newest + 2 * target.duration
        settled = last_end <= now - timedelta(days=resampling_config().settle_days)
        return max(known, last_end) if settled else known


def feed_states(*, target: Timeframe, instrument_id: int | None = None) -> dict[int, tuple[FeedState, ...]]:
    """Return by instrument the feeds of a target that have bars, best first; without an id the active ones'.

    Repeating: reads only.
    """
    feeds = resampling_config().feeds_of(target)
    values = {"minutes": [feed.minutes for feed in feeds], "instrument_id": instrument_id}
    with connection.cursor() as cursor:
        cursor.execute(_STATES, values)
        rows = cursor.fetchall()
    found: dict[int, list[FeedState]] = {}
    for found_id, minutes, oldest, newest, covered_till in rows:
        state = FeedState(
            feed=Timeframe.of_minutes(minutes), oldest=oldest, newest=newest, covered_till=covered_till
        )
        found.setdefault(found_id, []).append(state)
    return {
        found_id: tuple(sorted(states, key=lambda state: feeds.index(state.feed)))
        for found_id, states in found.items()
    }


def span_cover(
    *,
    instrument_id: int,
    target: Timeframe,
    states: Sequence[FeedState],
    since: datetime | None,
    now: datetime,
) -> None:
    """Remember that a series has been resampled up to where its feeds are known.

    A span that would leave a gap behind what is remembered is not.

    Repeating: changes nothing.
    """
    source = candle_source_ensure(origin=RESAMPLED_ORIGIN)
    till = max(state.known_till(target=target, now=now) for state in states)
    key = {"instrument_id": instrument_id, "timeframe_min": target.minutes, "source": source}
    row = CandleCoverage.objects.filter(**key).first()
    if since is None:
        oldest = min(state.oldest for state in states)
        span = {"covered_from": oldest, "covered_till": max(till, oldest)}
        CandleCoverage.objects.update_or_create(
            **key, defaults=span, create_defaults=span | {"started_at": now}
        )
    elif row is not None and since <= row.covered_till < till:
        CandleCoverage.objects.filter(pk=row.pk).update(covered_till=till)


def spans_reopen(*, instrument_id: int, timeframe: Timeframe, since: datetime) -> None:
    """Let what has been resampled whole end where shorter bars have changed, so that it is due from there on.

    To be called in the transaction that changes them. Repeating: changes nothing.
    """
    CandleCoverage.objects.filter(
        instrument_id=instrument_id,
        timeframe_min__gt=timeframe.minutes,
        source__name=RESAMPLED_ORIGIN.name,
        covered_till__gt=since,
    ).update(covered_till=Greatest("covered_from", Value(since, output_field=DateTimeField())))


def resampled_spans(*, target: Timeframe) -> dict[int, tuple[datetime, datetime]]:
    """Return by instrument from where and up to when its series has been resampled whole. Repeating: reads only."""
    rows = CandleCoverage.objects.filter(
        timeframe_min=target.minutes, source__name=RESAMPLED_ORIGIN.name
    ).values_list("instrument_id", "covered_from", "covered_till")
    return {instrument_id: (first, till) for instrument_id, first, till in rows}


def bucket_number(moment: datetime, target: Timeframe) -> int:
    """Return a number that rises by one with each bucket of a target. Repeating: reads nothing."""
    local = moment.astimezone(MOSCOW)
    wall_s = int(local.timestamp() + (local.utcoffset() or timedelta()).total_seconds())
    shift_s = 4 * 86_400 if target is Timeframe.W1 else 0  # 1970-01-05 was a Monday
    return (wall_s - shift_s) // (60 * target.minutes)
