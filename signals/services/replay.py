"""Replay: the live path over history, bar by bar, by whoever may speak of each bar; marked as such."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice

from django.db.models import Count

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.bars_many import bars_load_many, splits_told
from market.selectors.instruments import tickers_now, traded_list
from modeling.contracts import ModelVersionFacts
from modeling.selectors.versions import emission_paused, version_at
from signals.contracts import ReplayReport, SignalConfig
from signals.inference import Scorers, decisions_find
from signals.models import Signal
from signals.occasions import fit_for, label_set_of, occasion_at
from signals.selectors.configuration import signal_config_get
from signals.services.store import signals_store
from signals.share_inputs import Occasion, shares_read
from traderai.common import clock
from traderai.common.clock import from_epoch_s
from traderai.common.errors import InputError
from traderai.common.progress import Progress, silent

# So many bars are read at once, with the history of the first: half a gigabyte for 250 shares.
MOMENTS_READ = 200


@dataclass(slots=True, kw_only=True)
class _Replay:
    """One replay under way: what all its bars have in common, and what it has done."""

    config: SignalConfig
    timeframe: Timeframe
    now: datetime
    scorers: Scorers = field(default_factory=lambda: Scorers(of_history=True))
    versions: dict[str, None] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    not_ready: dict[str, None] = field(default_factory=dict)
    new: int = 0


def signals_replay(
    *,
    since: datetime,
    until: datetime,
    secids: Sequence[str] | None = None,
    now: datetime | None = None,
    progress: Progress = silent,
) -> ReplayReport:
    """Decide anew on every bar that closed after `since` and up to `until`, of these shares or of all that had bars.

    Each bar is decided on by who served at its end, by the audit, else by the newest version fit to serve; never by one
    that has learned from the bar or later ones: where there is none it is NO_TRADE `model_missing`. The decisions are those
    of the live path, bit for bit, as far as candles, regimes and instruments are stored as they were known then:
    a bar that came late or was told anew, and lots and price steps, count as they stand today.
    Repeating stores nothing new and goes on where it was broken off.

    Raises: InputError for a span that is empty or reaches into the future, NotFoundError for an unknown share.
    """
    now = now or clock.now()
    if not since < until <= now:
        raise InputError(
            f"since must lie before until and until not in the future, were {since.isoformat()} and {until.isoformat()}",
            field="since",
        )
    config = signal_config_get()
    timeframe = _timeframe(config, until)
    state = _Replay(config=config, timeframe=timeframe, now=now)
    wanted = None if secids is None else tickers_now(secids=secids)
    shares = [
        share
        for share in traded_list(timeframe=timeframe, active_only=False)
        if wanted is None or share.secid in wanted
    ]
    moments = 0
    for simulated in (False, True):
        group = [share for share in shares if share.is_simulated == simulated]
        if group:
            moments += _world(state, group, since=since, until=until, progress=progress)
    return ReplayReport(
        since=since,
        until=until,
        moments=moments,
        versions=tuple(state.versions),
        signals=state.actions.total(),
        new=state.new,
        actions=tuple(sorted(state.actions.items())),
        not_ready=tuple(state.not_ready),
    )


def _timeframe(config: SignalConfig, until: datetime) -> Timeframe:
    """Return the timeframe of the newest version that may speak, of the configured label set without one."""
    found = [version_at(as_of=until, simulated=simulated) for simulated in (False, True)]
    version = next((own for own in found if own is not None), None)
    return Timeframe.parse(label_set_of(version, config).timeframe)


def _world(
    state: _Replay, shares: Sequence[InstrumentFacts], *, since: datetime, until: datetime, progress: Progress
) -> int:
    """Replay shares of one world; return how many bars of the market there were."""
    begins = dict.fromkeys((share.id for share in shares), since - state.timeframe.duration)
    bars = bars_load_many(instruments=shares, timeframe=state.timeframe, as_of=until, since_by_id=begins)
    ends = {share.id: frozenset(bars[share.secid].known_s.tolist()) for share in shares}
    moments = sorted(from_epoch_s(end_s) for end_s in frozenset().union(*ends.values()))
    moments = [moment for moment in moments if moment > since]
    done = 0
    for occasion, part in _parts(state, moments, simulated=shares[0].is_simulated):
        _part_replay(state, occasion, part, shares, ends)
        done += len(part)
        progress(done, len(moments), f"{part[-1]:%Y-%m-%d}")
    return len(moments)


def _parts(
    state: _Replay, moments: Sequence[datetime], *, simulated: bool
) -> Iterator[tuple[Occasion, list[datetime]]]:
    """Yield the moments in parts of one speaker each that may be read at once, with the first one's occasion."""
    told = splits_told(since=moments[0], until=moments[-1]) if moments else ()
    speakers = ((_speaker(state, moment, simulated=simulated), moment) for moment in moments)

    def alike(one: tuple[tuple[ModelVersionFacts | None, bool], datetime]) -> tuple[object, bool, int]:
        (version, silenced), moment = one
        return version and version.id, silenced, bisect_right(told, moment)

    for _, run in groupby(speakers, key=alike):
        while part := list(islice(run, MOMENTS_READ)):
            (version, silenced), first = part[0]
            state.versions.setdefault("" if version is None or silenced else version.version)
            occasion = occasion_at(version, state.config, silenced=silenced, market_at=first)
            if occasion.timeframe is not state.timeframe:
                state.not_ready.setdefault(
                    f"{label_set_of(version, state.config).name} is of {occasion.timeframe.value} bars, replayed are "
                    f"{state.timeframe.value} bars"
                )
                continue
            yield occasion, [moment for _, moment in part]


def _speaker(state: _Replay, moment: datetime, *, simulated: bool) -> tuple[ModelVersionFacts | None, bool]:
    """Return who may speak of the bar that ends at a moment, and whether it had to be silent then."""
    version = version_at(as_of=moment, trained_before=moment - state.timeframe.duration, simulated=simulated)
    version = fit_for(version, simulated=simulated)
    return version, version is not None and emission_paused(as_of=moment)


def _part_replay(
    state: _Replay,
    first: Occasion,
    moments: Sequence[datetime],
    shares: Sequence[InstrumentFacts],
    ends: dict[int, frozenset[int]],
) -> None:
    """Decide and store some bars of one speaker, read at once; those whose decisions are stored are left out."""
    source = "simulated" if shares[0].is_simulated else "replay"
    told = _told(first, source, moments)
    due = {
        moment: [
            share
            for share in shares
            if int(moment.timestamp()) in ends[share.id]
            and (share.id, moment - first.timeframe.duration) not in told
        ]
        for moment in moments
    }
    asked = [share for share in shares if any(share in own for own in due.values())]
    if not asked:
        return
    read = shares_read(instruments=asked, occasion=first, until=moments[-1])
    for moment, own in due.items():
        if not own:
            continue
        occasion = replace(first, market_at=moment)
        inputs, not_ready = read.at(own, occasion)
        # Where the features of the bar are not stored the input is that of an earlier bar.
        ready = [share for share in inputs if share.decided_at == moment]
        lacking = {share.instrument.secid for share in inputs} - {share.instrument.secid for share in ready}
        for reason in (*not_ready, *(f"{secid} lacks features of some bars" for secid in sorted(lacking))):
            state.not_ready.setdefault(reason)
        version = occasion.version
        scorer = None if version is None else state.scorers.at(occasion, version)
        findings = decisions_find(shares=ready, occasion=occasion, scorer=scorer)
        signals = signals_store(
            findings=findings, occasion=occasion, source=source, config=state.config, now=state.now
        )
        state.actions.update(signal.action for signal in signals)
        state.new += sum(signal.new for signal in signals)


def _told(occasion: Occasion, source: str, moments: Sequence[datetime]) -> frozenset[tuple[int, datetime]]:
    """Return the shares and bars of which every horizon is stored."""
    duration = occasion.timeframe.duration
    rows = Signal.objects.filter(
        timeframe=occasion.timeframe.value,
        horizon__in=occasion.horizons,
        bar_begin__gte=moments[0] - duration,
        bar_begin__lte=moments[-1] - duration,
        source=source,
        model_version="" if occasion.version is None else occasion.version.version,
    )
    told = rows.values("instrument_id", "bar_begin").annotate(horizons=Count("horizon"))
    whole = told.filter(horizons=len(occasion.horizons)).values_list("instrument_id", "bar_begin")
    return frozenset(whole)
