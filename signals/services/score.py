"""Scoring: the newest closed bar of every share becomes stored decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Q

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.instruments import tickers_now, traded_list
from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.selectors.versions import champion_get, emission_paused
from modeling.services.live_floor import champion_stand_down
from signals.contracts import SOURCES, ScoreReport, SignalConfig
from signals.inference import decisions_find
from signals.models import Signal
from signals.occasions import bars_due, fit_for, label_set_of, live_since, occasion_of, source_of
from signals.selectors.configuration import signal_config_get
from signals.services.store import signals_store
from signals.share_inputs import Occasion, shares_read
from traderai.common.collector import collector_paused
from traderai.common.errors import InputError, NotReadyError, did_you_mean
from traderai.common.progress import Progress, silent
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

JOB_KIND = "signals_score"
LEASE = timedelta(minutes=10)
BROKEN_BY = "artifact_check"  # who stood a champion down, in the audit


def signals_score(
    *,
    secids: Sequence[str] | None = None,
    now: datetime,
    source: str | None = None,
    progress: Progress = silent,
) -> ScoreReport:
    """Score the newest bar known at `now` of all active shares (or of these) on every horizon in service.

    `source` is found out unless given: simulated for simulated shares, live while the market's newest bar has
    just closed, else replay. Repeating stores nothing new: the same bar and model keep their first row. A champion
    whose artifact is broken is stood down first: the one before it is heard, or all is NO_TRADE `model_degraded`.

    Raises: InputError for an unknown source, or one that would call old bars live or mix simulated with real.
    """
    if source is not None and source not in SOURCES:
        raise InputError(
            f"source must be one of {', '.join(SOURCES)}, was {source!r}{did_you_mean(source, SOURCES)}",
            field="source",
        )
    wanted = None if secids is None else tickers_now(secids=secids)
    champion = champion_get()
    try:
        return _scored(champion, wanted, source, now=now, progress=progress)
    except ArtifactBrokenError as error:
        # A broken champion never speaks: the one before it does, or nobody.
        if champion is None:
            raise
        champion_stand_down(champion=champion, by=BROKEN_BY, reason=error.detail, now=now)
    # By now, here or by another worker, it serves no more or is silent: this ends.
    return signals_score(secids=secids, now=now, source=source, progress=progress)


def _scored(
    champion: ModelVersionFacts | None,
    wanted: set[str] | None,
    source: str | None,
    *,
    now: datetime,
    progress: Progress,
) -> ScoreReport:
    config, silenced = signal_config_get(), emission_paused()
    label_set = label_set_of(champion, config)
    active = traded_list(timeframe=Timeframe.parse(label_set.timeframe))
    reports = [ScoreReport(model_version=None, not_ready=_without_bars(wanted, active, label_set.timeframe))]
    for simulated in (False, True):
        chosen = [
            share
            for share in active
            if share.is_simulated == simulated and (wanted is None or share.secid in wanted)
        ]
        version = fit_for(champion, simulated=simulated)
        if not chosen:
            continue
        try:
            occasion = occasion_of(
                version, config, simulated=simulated, silenced=silenced and version is not None, now=now
            )
        except NotReadyError as error:
            reports.append(ScoreReport(model_version=None, not_ready=(error.detail,)))
            continue
        kind = _source(source, simulated=simulated, occasion=occasion, config=config, now=now)
        reports.append(_score(chosen, occasion, kind, config=config, now=now, progress=progress))
    return ScoreReport(
        model_version=champion.version if champion and not silenced else None,
        signals=tuple(signal for report in reports for signal in report.signals),
        not_ready=tuple(reason for report in reports for reason in report.not_ready),
    )


def _without_bars(
    wanted: set[str] | None, active: Sequence[InstrumentFacts], timeframe: str
) -> tuple[str, ...]:
    """Return why shares that were asked for, or all of them, cannot be scored for want of bars."""
    missing = sorted((wanted or set()) - {share.secid for share in active})
    if wanted is None and not active:
        missing = ["every share"]
    return tuple(f"{secid} has no {timeframe} bars; run manage.py ingest candles" for secid in missing)


def signals_score_due(*, limit: int, now: datetime) -> ScoreReport:
    """Score the shares whose newest bar with features has no signal of the model in service yet, `limit` at most.

    Each share and bar is claimed as one job, so two workers share the work and a dead one's is taken up again.
    Repeating finds nothing due.
    """
    champion = champion_get()
    claims: dict[str, Claim] = {}
    for secid, business_key in _due(champion, now=now):
        if len(claims) >= limit:
            break
        claim = job_claim(kind=JOB_KIND, business_key=business_key, now=now, lease=LEASE)
        if claim is not None:
            claims[secid] = claim
    if not claims:
        return ScoreReport(model_version=champion.version if champion else None)
    try:
        report = signals_score(secids=tuple(claims), now=now)
    except Exception as error:
        for claim in claims.values():
            job_fail(claim=claim, now=now, error=f"{type(error).__name__}: {error}")
        raise
    said = {signal.secid for signal in report.signals}
    for secid, claim in claims.items():
        if secid in said:
            job_finish(claim=claim, now=now)
        else:
            job_fail(claim=claim, now=now, error="; ".join(report.not_ready))
    return report


def _due(champion: ModelVersionFacts | None, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield ticker and business key of every share whose newest bar, with its features, has no signal yet."""
    config, silenced = signal_config_get(), emission_paused()
    code = label_set_of(champion, config).timeframe
    timeframe = Timeframe.parse(code)
    said: defaultdict[str, dict[int, datetime]] = defaultdict(dict)
    # What a replay said of a bar that is still live was not said live.
    counts = ~Q(source="replay") | Q(bar_begin__lt=live_since(config, timeframe, now=now))
    newest = Signal.objects.filter(counts, timeframe=code).values("instrument_id", "model_version")
    for row in newest.annotate(newest=Max("bar_begin")):
        said[row["model_version"]][row["instrument_id"]] = row["newest"]
    active = traded_list(timeframe=timeframe)
    for simulated in (False, True):
        version = None if silenced else fit_for(champion, simulated=simulated)
        name = version.version if version else ""
        shares = [share for share in active if share.is_simulated == simulated]
        for share, begin in bars_due(version, shares, timeframe=timeframe, said=said[name], now=now):
            yield share.secid, f"{share.secid} {code} {begin.isoformat()} {name}"


def _source(
    asked: str | None, *, simulated: bool, occasion: Occasion, config: SignalConfig, now: datetime
) -> str:
    found = source_of(occasion, config, simulated=simulated, now=now)
    if asked in (None, found) or (asked == "replay" and found == "live"):
        return asked or found
    raise InputError(
        f"source must be {found} for these bars (newest known {occasion.market_at.isoformat()}), was {asked}",
        field="source",
    )


def _score(
    chosen: Sequence[InstrumentFacts],
    occasion: Occasion,
    source: str,
    *,
    config: SignalConfig,
    now: datetime,
    progress: Progress,
) -> ScoreReport:
    # What is read and decided is needed until it is stored: looking for garbage took a seventh of the time and found none.
    with collector_paused():
        progress(0, len(chosen), "reading")
        shares, not_ready = shares_read(instruments=chosen, occasion=occasion).at(chosen, occasion)
        progress(0, len(chosen), "deciding")
        findings = decisions_find(shares=shares, occasion=occasion)
        signals = signals_store(findings=findings, occasion=occasion, source=source, config=config, now=now)
    progress(len(chosen), len(chosen), "stored")
    return ScoreReport(
        model_version=occasion.version.version if occasion.version else None,
        signals=signals,
        not_ready=not_ready,
    )
