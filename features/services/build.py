"""Building the feature store, month by month: a month whose inputs have not changed is left as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from features import store
from features.contracts import BuildReport, FeatureSetFacts
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get, feature_specs
from features.services.month_columns import Joins, MonthWork, month_work
from features.services.months import build_scope, month_scopes
from features.sources.base import MonthScope
from features.spec import FeatureSpec
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.instruments import instrument_get, traded_list
from traderai.common.clock import monotonic_s
from traderai.common.progress import Progress, silent

# TA-Lib, Numba and Parquet let go of the interpreter: two threads use two cores.
THREADS = 2


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    months_built: int = 0
    months_unchanged: int = 0
    corrupt: list[str] = field(default_factory=list)
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """What stays the same over the months of one build."""

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
    since: datetime | None = None,
    now: datetime,
    rebuild: bool = False,
    progress: Progress = silent,
) -> BuildReport:
    """Build what is missing, changed or corrupt of a feature set and report it.

    `since` leaves out the months before its own. Repeating builds nothing new; `rebuild` computes every month again
    (the same bits give the same files). An instrument that fails is named in the report and does not stop the others.
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
    everything = traded_list(timeframe=timeframe, active_only=False)
    targets = everything if secids is None else _named(secids, everything, build)
    for simulated in (False, True):
        chosen = tuple(facts for facts in targets if facts.is_simulated is simulated)
        universe = tuple(facts for facts in everything if facts.is_simulated is simulated)
        if chosen:
            _market_build(build, chosen, universe, since=since, progress=progress)
    swept = store.files_sweep(now=now)
    if secids is None:
        swept += store.unfinished_sweep(now=now)
    return _report(build, instruments=len(targets), swept=swept, seconds=monotonic_s() - started_s)


def _named(
    secids: Sequence[str], everything: Iterable[InstrumentFacts], build: _Build
) -> tuple[InstrumentFacts, ...]:
    """Return the instruments that were asked for, each once; one without bars fails with its reason."""
    named = {facts.id: facts for facts in (instrument_get(secid=secid) for secid in secids)}
    held = {facts.id for facts in everything}
    for facts in named.values():
        if facts.id not in held:
            build.tally.failed[facts.secid] = (
                f"must be a share or fund with {build.timeframe.value} candles, none are stored; "
                "run manage.py ingest or manage.py resample"
            )
    return tuple(named.values())


def _market_build(
    build: _Build,
    targets: tuple[InstrumentFacts, ...],
    universe: tuple[InstrumentFacts, ...],
    *,
    since: datetime | None,
    progress: Progress,
) -> None:
    if not Joins.need_universe(build.specs):
        universe = targets
    covered = build_scope(universe=universe, timeframe=build.timeframe, since=since, as_of=build.now)
    if covered is None:
        return
    scope, months = covered
    joins = Joins(scope, build.specs)
    failed = build.tally.failed
    scopes = month_scopes(scope, months, warmup_bars=build.facts.warmup_bars, failed=failed)
    with ThreadPoolExecutor(THREADS) as threads:
        for done, month in enumerate(scopes):
            progress(done, len(months), month.month)
            _month_build(build, joins, month, targets, threads)
    progress(len(months), len(months), "done")


def _month_build(
    build: _Build,
    joins: Joins,
    month: MonthScope,
    targets: Iterable[InstrumentFacts],
    threads: ThreadPoolExecutor,
) -> None:
    """Build one month of the shares whose inputs or file say so."""
    wanted = [facts for facts in targets if facts.secid in month.bars and month.bars[facts.secid].rows]
    if not wanted:
        return
    stored = _stored(build, month, wanted)
    joined = joins.month_columns(month)

    def work(facts: InstrumentFacts) -> MonthWork | str:
        old = stored.get(facts.id)
        try:
            return month_work(
                specs=build.specs,
                facts=build.facts,
                instrument=facts,
                month=month,
                joined=joined.get(facts.secid),
                old=old,
                rebuild=build.rebuild,
            )
        except ValueError as error:
            return str(error)

    files = []
    for facts, done in zip(wanted, threads.map(work, wanted), strict=True):
        if isinstance(done, str):
            build.tally.failed[facts.secid] = done
            continue
        build.tally.missing[facts.secid] = done.missing
        if done.corrupt is not None:
            build.tally.corrupt.append(done.corrupt)
        if done.file is None:
            build.tally.months_unchanged += 1
        else:
            files.append(done.file)
            build.tally.months_built += 1
            build.tally.rows += done.file.rows
    if files:
        seen = {key: row.file_key for key, row in stored.items()}
        store.months_write(files, facts=build.facts, timeframe=build.timeframe, now=build.now, seen=seen)


def _stored(
    build: _Build, month: MonthScope, wanted: Sequence[InstrumentFacts]
) -> dict[int, FeatureSnapshot]:
    rows = FeatureSnapshot.objects.filter(
        set_sha=build.facts.sha,
        timeframe_min=build.timeframe.minutes,
        month=f"{month.month}-01",
        instrument_id__in=[facts.id for facts in wanted],
    )
    return {row.instrument_id: row for row in rows}


def _report(build: _Build, *, instruments: int, swept: int, seconds: float) -> BuildReport:
    tally = build.tally
    return BuildReport(
        feature_set_key=build.facts.key,
        timeframe=build.timeframe.value,
        instruments=instruments,
        instruments_with_bars=len(tally.missing),
        rows=tally.rows,
        months_built=tally.months_built,
        months_unchanged=tally.months_unchanged,
        files_swept=swept,
        seconds=seconds,
        corrupt=tuple(tally.corrupt),
        missing_columns=tuple((secid, names) for secid, names in sorted(tally.missing.items()) if names),
        failed=tuple(sorted(tally.failed.items())),
    )
