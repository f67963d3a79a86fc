"""The stages that make longer bars: what is due, what was asked for, and once a night the newest days again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from market.contracts import CandleWriteReport, InstrumentFacts, Timeframe
from market.resampling_config import resampling_config
from market.selectors.instruments import instrument_get, instrument_list
from market.services.resample import series_resample
from market.services.resample_span import bucket_number, known_till, resampled_till, span_cover
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

_STORED = """
SELECT i.id, f.minutes FROM market_instrument i CROSS JOIN unnest(%s::int[]) AS f (minutes)
WHERE (%s::bigint IS NULL OR i.id = %s)
  AND EXISTS (SELECT 1 FROM market_candle WHERE instrument_id = i.id AND timeframe_min = f.minutes)
ORDER BY i.secid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesResampled:
    """What became of one series."""

    secid: str
    timeframe_from: Timeframe
    timeframe_to: Timeframe
    written: CandleWriteReport


def candles_resample(
    *,
    secids: Sequence[str] | None = None,
    timeframe_from: Timeframe | None = None,
    targets: Sequence[Timeframe] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
    progress: Progress = silent,
) -> tuple[SeriesResampled, ...]:
    """Make the longer bars asked for, short ones first, of all instruments or of those named.

    Without `timeframe_from` every feed of resampling.yaml that has bars is used.

    Repeating: changes nothing while the shorter bars stay the same.
    Raises: NotFoundError for an unknown ticker, InputError for a timeframe that is not made.
    """
    wanted = _targets(targets, timeframe_from)
    instruments = (
        [instrument_get(secid=secid) for secid in secids] if secids else instrument_list(active_only=False)
    )
    made: list[SeriesResampled] = []
    for done, instrument in enumerate(instruments):
        progress(done, len(instruments), instrument.secid)
        for target in wanted:
            # Asked anew for each target: what was made a moment ago feeds the next one.
            stored = _stored_feeds(target, instrument_id=instrument.id).get(instrument.id, ())
            feeds = [feed for feed in stored if timeframe_from in {None, feed}]
            made += _resample(instrument, target, feeds, since=since, until=until, now=now)
    progress(len(instruments), len(instruments), "resampled")
    return tuple(made)


def candles_resample_due(*, limit: int, now: datetime) -> tuple[SeriesResampled, ...]:
    """Make the bars of at most `limit` series whose shorter bars go on beyond what was made of them.

    Repeating: a series that has been brought up to date is not due; two workers at once do the same work twice
    and change nothing twice.
    """
    by_id = {facts.id: facts for facts in instrument_list(active_only=False)}
    made: list[SeriesResampled] = []
    done = 0
    for target in resampling_config().targets:
        for instrument_id, feeds in _stored_feeds(target).items():
            since = resampled_till(instrument_id=instrument_id, target=target)
            if not _is_due(instrument_id, feeds, target, since, now):
                continue
            if done == limit:
                return tuple(made)
            done += 1
            made += _resample(by_id[instrument_id], target, feeds, since=since, until=None, now=now)
    return tuple(made)


def candles_recheck(*, now: datetime) -> tuple[SeriesResampled, ...]:
    """Make the bars of the last `recheck_days` again, so that restated shorter bars reach the longer ones.

    Repeating: changes nothing while the shorter bars stay the same.
    """
    return candles_resample(since=now - timedelta(days=resampling_config().recheck_days), now=now)


def _targets(targets: Sequence[Timeframe] | None, feed: Timeframe | None) -> list[Timeframe]:
    config = resampling_config()
    made = [target for target in config.targets if feed is None or feed in config.feeds_of(target)]
    wrong = [target.value for target in targets or () if target not in made]
    if wrong or not made:
        of = f" from {feed.value}" if feed else ""
        raise InputError(
            f"timeframes made{of} are {', '.join(t.value for t in made) or 'none'}, "
            f"was {', '.join(wrong) or 'nothing'}; see resampling.yaml",
            code="timeframe_not_made",
            field="timeframe",
        )
    return [target for target in made if targets is None or target in targets]


def _stored_feeds(target: Timeframe, *, instrument_id: int | None = None) -> dict[int, tuple[Timeframe, ...]]:
    """Return by instrument which feeds of a target have bars, best first."""
    feeds = resampling_config().feeds_of(target)
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [[feed.minutes for feed in feeds], instrument_id, instrument_id])
        rows = cursor.fetchall()
    stored: dict[int, set[int]] = {}
    for found_id, minutes in rows:
        stored.setdefault(found_id, set()).add(minutes)
    return {
        found_id: tuple(feed for feed in feeds if feed.minutes in minutes)
        for found_id, minutes in stored.items()
    }


def _is_due(
    instrument_id: int, feeds: Sequence[Timeframe], target: Timeframe, since: datetime | None, now: datetime
) -> bool:
    if since is None:
        return True
    known = [known_till(instrument_id=instrument_id, feed=feed, target=target, now=now) for feed in feeds]
    newest = max((moment for moment in known if moment is not None), default=since)
    return bucket_number(newest, target) > bucket_number(since, target)


def _resample(
    instrument: InstrumentFacts,
    target: Timeframe,
    feeds: Sequence[Timeframe],
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> list[SeriesResampled]:
    """Make one series from each of its feeds; with all of them done, remember up to when."""
    known = [known_till(instrument_id=instrument.id, feed=feed, target=target, now=now) for feed in feeds]
    made = [
        SeriesResampled(
            secid=instrument.secid,
            timeframe_from=feed,
            timeframe_to=target,
            written=series_resample(
                instrument_id=instrument.id,
                timeframe_from=feed,
                timeframe_to=target,
                since=since,
                until=until,
                now=now,
            ),
        )
        for feed in feeds
    ]
    till = max((moment for moment in known if moment is not None), default=None)
    whole = len(feeds) == len(_stored_feeds(target, instrument_id=instrument.id).get(instrument.id, ()))
    if till is not None and until is None and whole:
        span_cover(instrument_id=instrument.id, target=target, since=since, till=till, now=now)
    return made
