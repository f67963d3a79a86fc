"""Up to when the bars that others are made from are known to be whole, and up to when that has been done."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max

from market.contracts import RESAMPLED_ORIGIN, Timeframe
from market.models import Candle, CandleCoverage
from market.resampling_config import resampling_config
from market.services.candle_sources import candle_source_ensure
from traderai.common.clock import MOSCOW, from_epoch_s

_NEVER = from_epoch_s(0)


def known_till(*, instrument_id: int, feed: Timeframe, target: Timeframe, now: datetime) -> datetime | None:
    """Return the moment before which every bar of a feed is stored that will ever come; None without bars.

    That is the end of its newest bar, or up to where a source has been asked for it. A feed that has brought nothing
    for `settle_days` has ended: its last longer bar is whole, too.

    Repeating: reads only.
    """
    newest = (
        Candle.objects.filter(instrument_id=instrument_id, timeframe_min=feed.minutes)
        .order_by("-begin")
        .values_list("begin", flat=True)
        .first()
    )
    if newest is None:
        return None
    covered = CandleCoverage.objects.filter(
        instrument_id=instrument_id, timeframe_min=feed.minutes
    ).aggregate(till=Max("covered_till"))["till"]
    known = min(max(newest + feed.duration, covered or _NEVER), now)
    # Twice the length reaches beyond the end of the last longer bar, and no finer bar lies beyond it.
    last_end = newest + 2 * target.duration
    if last_end <= now - timedelta(days=resampling_config().settle_days):
        return max(known, last_end)
    return known


def span_cover(
    *, instrument_id: int, target: Timeframe, since: datetime | None, till: datetime, now: datetime
) -> None:
    """Remember that a series has been resampled up to `till`, if nothing before `since` is left out by that.

    Repeating: changes nothing.
    """
    source = candle_source_ensure(origin=RESAMPLED_ORIGIN)
    key = {"instrument_id": instrument_id, "timeframe_min": target.minutes, "source": source}
    row = CandleCoverage.objects.filter(**key).first()
    if row is None:
        if since is None:
            CandleCoverage.objects.create(**key, covered_from=_NEVER, covered_till=till, started_at=now)
    elif (since is None or since <= row.covered_till) and till > row.covered_till:
        CandleCoverage.objects.filter(pk=row.pk).update(covered_till=till)


def resampled_till(*, instrument_id: int, target: Timeframe) -> datetime | None:
    """Return up to when a series has been resampled whole, None if it never was. Repeating: reads only."""
    return (
        CandleCoverage.objects.filter(
            instrument_id=instrument_id, timeframe_min=target.minutes, source__name=RESAMPLED_ORIGIN.name
        )
        .values_list("covered_till", flat=True)
        .first()
    )


def bucket_number(moment: datetime, target: Timeframe) -> int:
    """Return a number that rises by one with each bucket of a target. Repeating: reads nothing."""
    local = moment.astimezone(MOSCOW)
    wall_s = int(local.timestamp() + (local.utcoffset() or timedelta()).total_seconds())
    shift_s = 4 * 86_400 if target is Timeframe.W1 else 0  # 1970-01-05 was a Monday
    return (wall_s - shift_s) // (60 * target.minutes)
