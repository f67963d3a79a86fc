"""The stages that make longer bars: what is due, what was asked for, and once a night the newest days again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from market.contracts import CandleWriteReport, InstrumentFacts, Timeframe
from market.resampling_config import resampling_config
from market.selectors.instruments import instrument_get, instrument_list
from market.services.resample import series_resample
from market.services.resample_span import FeedState, bucket_number, feed_states, resampled_spans, span_cover
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent


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
            states = feed_states(target=target, instrument_id=instrument.id).get(instrument.id, ())
            kept = [state for state in states if timeframe_from in {None, state.feed}]
            made += _resample(instrument, target, kept, since=since, until=until, now=now)
            if states and until is None and len(kept) == len(states):
                span_cover(instrument_id=instrument.id, target=target, states=states, since=since, now=now)
    progress(len(instruments), len(instruments), "resampled")
    return tuple(made)


def candles_resample_due(*, limit: int, now: datetime) -> tuple[SeriesResampled, ...]:
    """Make the bars of at most `limit` series of active instruments whose shorter bars go beyond what was made of them.

    Repeating: a series that has been brought up to date is not due; two workers at once do the same work twice
    and change nothing twice.
    """
    by_id = {facts.id: facts for facts in instrument_list()}
    made: list[SeriesResampled] = []
    done = 0
    for target in resampling_config().targets:
        spans = resampled_spans(target=target)
        for instrument_id, states in feed_states(target=target).items():
            first, since = spans.get(instrument_id, (None, None))
            if first is None or min(state.oldest for state in states) < first:
                since = None  # never made, or older bars have come since
            elif not _goes_on(states, target, since, now):
                continue
            if done == limit:
                return tuple(made)
            done += 1
            instrument = by_id[instrument_id]
            made += _resample(instrument, target, states, since=since, until=None, now=now)
            span_cover(instrument_id=instrument_id, target=target, states=states, since=since, now=now)
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


def _goes_on(states: Sequence[FeedState], target: Timeframe, since: datetime | None, now: datetime) -> bool:
    newest = max(state.known_till(target=target, now=now) for state in states)
    return since is None or bucket_number(newest, target) > bucket_number(since, target)


def _resample(
    instrument: InstrumentFacts,
    target: Timeframe,
    states: Sequence[FeedState],
    *,
    since: datetime | None,
    until: datetime | None,
    now: datetime,
) -> list[SeriesResampled]:
    return [
        SeriesResampled(
            secid=instrument.secid,
            timeframe_from=state.feed,
            timeframe_to=target,
            written=series_resample(
                instrument_id=instrument.id,
                timeframe_from=state.feed,
                timeframe_to=target,
                since=since,
                until=until,
                now=now,
            ),
        )
        for state in states
    ]
