"""Building the feature store, incrementally: a month whose inputs have not changed is left as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from features import store
from features.contracts import BuildReport, FeatureSetFacts
from features.kernels.engine import MonthSlice, inputs_fingerprint, month_features, month_slices
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get, feature_set_names, feature_specs, fresh_timeframes
from features.spec import FeatureSpec
from market.contracts import Bars, InstrumentFacts, Timeframe
from market.selectors.bars import bars_load, newest_bars
from market.selectors.instruments import instrument_get, traded_list
from traderai.common.clock import from_epoch_s, monotonic_s, to_epoch_s
from traderai.common.errors import TraderAIError
from traderai.common.progress import Progress, silent
from traderai.jobs.services import job_claim, job_fail, job_finish

JOB_KIND = "features_build"
JOB_LEASE = timedelta(minutes=15)


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    months_built: int = 0
    months_unchanged: int = 0
    corrupt: list[str] = field(default_factory=list)
    missing: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """What stays the same over the instruments of one build."""

    facts: FeatureSetFacts
    specs: tuple[FeatureSpec, ...]
    timeframe: Timeframe
    now: datetime
    rebuild: bool
    tally: _Tally


def features_build(
    *,
    feature_set: str,
    timeframe: Timeframe,
    secids: tuple[str, ...] | None = None,
    now: datetime,
    rebuild: bool = False,
    progress: Progress = silent,
) -> BuildReport:
    """Build what is missing, changed or corrupt of a feature set and report it.

    Repeating builds nothing new; `rebuild` computes every month again (the same bits give the same files).
    An instrument that fails is named in the report and does not stop the others.
    """
    started_s = monotonic_s()
    build = _Build(
        facts=feature_set_get(name=feature_set),
        specs=feature_specs(name=feature_set),
        timeframe=timeframe,
        now=now,
        rebuild=rebuild,
        tally=_Tally(),
    )
    instruments = (
        traded_list(timeframe=timeframe, active_only=False)
        if secids is None
        else tuple(instrument_get(secid=secid) for secid in secids)
    )
    for done, instrument in enumerate(instruments):
        progress(done, len(instruments), instrument.secid)
        try:
            _instrument_build(build, instrument)
        except (ValueError, TraderAIError) as error:
            build.tally.failed.append((instrument.secid, str(error)))
    swept = store.files_sweep(now=now)
    progress(len(instruments), len(instruments), "done")
    return _report(build, instruments=len(instruments), swept=swept, seconds=monotonic_s() - started_s)


def features_build_due(*, limit: int, now: datetime) -> int:
    """Build the instruments whose newest closed bar has no features yet; return how many were built.

    Repeating: an instrument is claimed once for each newest bar, so two workers never build the same one.
    """
    built = 0
    for name in feature_set_names():
        for timeframe in fresh_timeframes(name=name):
            facts = feature_set_get(name=name)
            for secid, target in due_instruments(facts=facts, timeframe=timeframe, now=now):
                if built >= limit:
                    return built
                built += _due_build(facts, timeframe, secid, target, now=now)
    return built


def due_instruments(
    *, facts: FeatureSetFacts, timeframe: Timeframe, now: datetime
) -> tuple[tuple[str, datetime], ...]:
    """Return (secid, begin of the bar to reach) of every instrument whose features lag behind its candles."""
    length_s = 60 * timeframe.minutes
    # The newest stored candle may still be forming; the newest slot that can be closed is the aim until then.
    newest_closed = from_epoch_s(to_epoch_s(now) // length_s * length_s - length_s)
    reached: dict[int, datetime] = {}
    rows = FeatureSnapshot.objects.filter(set_sha=facts.sha, timeframe_min=timeframe.minutes)
    for instrument_id, last_bar_at in rows.values_list("instrument_id", "last_bar_at"):
        reached[instrument_id] = max(last_bar_at, reached.get(instrument_id, last_bar_at))
    ids = {facts.secid: facts.id for facts in traded_list(timeframe=timeframe, active_only=False)}
    due = []
    for secid, newest in sorted(newest_bars(timeframe=timeframe).items()):
        if secid not in ids:
            continue  # an index
        target = min(newest, newest_closed)
        last = reached.get(ids[secid])
        if last is None or last < target:
            due.append((secid, target))
    return tuple(due)


def _due_build(
    facts: FeatureSetFacts, timeframe: Timeframe, secid: str, target: datetime, *, now: datetime
) -> int:
    key = f"{facts.key}/{timeframe.value}/{secid}/{to_epoch_s(target)}"
    claim = job_claim(kind=JOB_KIND, business_key=key, now=now, lease=JOB_LEASE)
    if claim is None:
        return 0
    report = features_build(feature_set=facts.name, timeframe=timeframe, secids=(secid,), now=now)
    if report.failed:
        job_fail(claim=claim, now=now, error=report.failed[0][1])
        return 0
    job_finish(claim=claim, now=now)
    return 1


def _instrument_build(build: _Build, instrument: InstrumentFacts) -> None:
    bars = bars_load(secid=instrument.secid, timeframe=build.timeframe, as_of=build.now)
    stored = {
        f"{snapshot.month:%Y-%m}": snapshot
        for snapshot in FeatureSnapshot.objects.filter(
            set_sha=build.facts.sha, instrument_id=instrument.id, timeframe_min=build.timeframe.minutes
        )
    }
    months = month_slices(bars.begin_s, warmup_bars=build.facts.warmup_bars)
    missing: tuple[str, ...] = ()
    for month in months:
        missing = _month_build(build, instrument, bars, month, stored.get(month.month))
    if missing:
        build.tally.missing.append((instrument.secid, missing))


def _month_build(
    build: _Build, instrument: InstrumentFacts, bars: Bars, month: MonthSlice, old: FeatureSnapshot | None
) -> tuple[str, ...]:
    """Build a month if its inputs or its file say so; return its columns without a value."""
    inputs = inputs_fingerprint(bars, month)
    if old is not None:
        whole = store.snapshot_is_whole(old)
        if not whole:
            build.tally.corrupt.append(old.file_key)
        if whole and old.inputs_sha256 == inputs and not build.rebuild:
            build.tally.months_unchanged += 1
            return tuple(old.columns_missing)
    snapshot = FeatureSnapshot(
        instrument_id=instrument.id,
        timeframe_min=build.timeframe.minutes,
        month=store.month_date(month.month),
        inputs_sha256=inputs,
    )
    store.snapshot_write(
        snapshot,
        facts=build.facts,
        secid=instrument.secid,
        begin_s=np.ascontiguousarray(bars.begin_s[month.start : month.stop]),
        values=month_features(bars, build.specs, month),
        now=build.now,
    )
    build.tally.months_built += 1
    build.tally.rows += month.stop - month.start
    return tuple(snapshot.columns_missing)


def _report(build: _Build, *, instruments: int, swept: int, seconds: float) -> BuildReport:
    tally = build.tally
    return BuildReport(
        feature_set_key=build.facts.key,
        timeframe=build.timeframe.value,
        instruments=instruments,
        rows=tally.rows,
        months_built=tally.months_built,
        months_unchanged=tally.months_unchanged,
        files_swept=swept,
        seconds=seconds,
        corrupt=tuple(tally.corrupt),
        missing_columns=tuple(tally.missing),
        failed=tuple(tally.failed),
    )
