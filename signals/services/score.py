"""Scoring: the newest closed bar of every share becomes stored decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import last_closes
from market.selectors.instruments import instrument_get, traded_list
from modeling.contracts import BarrierLabelSet, ModelVersionFacts
from modeling.selectors.configuration import policy_get
from modeling.selectors.label_sets import barrier_set_get
from modeling.selectors.versions import champion_get
from signals.contracts import SOURCES, ScoredSignal, ScoreReport, SignalConfig
from signals.inference import (
    Finding,
    Occasion,
    ShareInput,
    decisions_find,
    has_features,
    share_input_load,
    valid_until_of,
)
from signals.models import Signal
from signals.payload import is_proven, payload_of
from signals.selectors.configuration import signal_config_get
from traderai.common.errors import InputError, NotReadyError, did_you_mean
from traderai.common.progress import Progress, silent
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

JOB_KIND = "signals_score"
LEASE = timedelta(minutes=10)


def signals_score(
    *,
    secids: Sequence[str] | None = None,
    now: datetime,
    source: str | None = None,
    progress: Progress = silent,
) -> ScoreReport:
    """Score the newest bar known at `now` of all active shares (or of these) on every horizon in service.

    `source` is found out unless given: simulated for simulated shares, live while the market's newest bar has
    just closed, else replay. Repeating stores nothing new: the same bar and model keep their first row.

    Raises: InputError for an unknown source, or one that would call old bars live or mix simulated with real.
    """
    if source is not None and source not in SOURCES:
        raise InputError(
            f"source must be one of {', '.join(SOURCES)}, was {source!r}{did_you_mean(source, SOURCES)}",
            field="source",
        )
    wanted = None if secids is None else {instrument_get(secid=secid).secid for secid in secids}
    champion, config = champion_get(), signal_config_get()
    label_set = _label_set(champion, config)
    active = traded_list(timeframe=Timeframe.parse(label_set.timeframe))
    reports = [ScoreReport(model_version=None, not_ready=_without_bars(wanted, active, label_set.timeframe))]
    for simulated in (False, True):
        group = [share for share in active if share.is_simulated == simulated]
        chosen = [share for share in group if wanted is None or share.secid in wanted]
        # A model that learned on made-up prices knows nothing of real ones, nor the other way round.
        version = champion if champion is not None and champion.is_simulated == simulated else None
        if not chosen:
            continue
        try:
            occasion = _occasion(version, config, group, now=now)
        except NotReadyError as error:
            reports.append(ScoreReport(model_version=None, not_ready=(error.detail,)))
            continue
        kind = _source(source, simulated=simulated, occasion=occasion, config=config, now=now)
        reports.append(_score(chosen, occasion, kind, config=config, now=now, progress=progress))
    return ScoreReport(
        model_version=champion.version if champion else None,
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
    code = _label_set(champion, signal_config_get()).timeframe
    timeframe = Timeframe.parse(code)
    newest = last_closes(timeframe=timeframe, as_of=now)
    said = {
        (row["instrument_id"], row["model_version"]): row["newest"]
        for row in Signal.objects.filter(timeframe=code)
        .values("instrument_id", "model_version")
        .annotate(newest=Max("bar_begin"))
    }
    for share in traded_list(timeframe=timeframe):
        version = champion if champion and champion.is_simulated == share.is_simulated else None
        name = version.version if version else ""
        begin = newest[share.secid].begin if share.secid in newest else None
        last_said = said.get((share.id, name))
        if begin is None or (last_said is not None and last_said >= begin):
            continue
        if version is None or has_features(
            secid=share.secid, version=version, timeframe=timeframe, begin=begin
        ):
            yield share.secid, f"{share.secid} {code} {begin.isoformat()} {name}"


def _label_set(version: ModelVersionFacts | None, config: SignalConfig) -> BarrierLabelSet:
    """Return what the version in service learned, or what is said without one."""
    if version is None:
        return barrier_set_get(name=config.label_set)
    return barrier_set_get(name=version.label_set, timeframe=version.timeframe)


def _occasion(
    version: ModelVersionFacts | None,
    config: SignalConfig,
    group: Sequence[InstrumentFacts],
    *,
    now: datetime,
) -> Occasion:
    label_set = _label_set(version, config)
    timeframe = Timeframe.parse(label_set.timeframe)
    newest = last_closes(timeframe=timeframe, as_of=now)
    begins = [newest[share.secid].begin for share in group if share.secid in newest]
    if not begins:
        raise NotReadyError(
            f"no {timeframe.value} bars of {', '.join(share.secid for share in group)} are known at "
            f"{now.isoformat()}; run manage.py ingest candles",
            code="no_bars",
        )
    return Occasion(
        version=version,
        label_set=label_set,
        timeframe=timeframe,
        horizons=version.horizons if version else label_set.horizons,
        policy=policy_get(),
        market_at=max(begins) + timeframe.duration,
        history_bars=config.history_bars,
    )


def _source(
    asked: str | None, *, simulated: bool, occasion: Occasion, config: SignalConfig, now: datetime
) -> str:
    fresh = now - occasion.market_at <= config.live_within_bars * occasion.timeframe.duration
    found = "simulated" if simulated else "live" if fresh else "replay"
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
    shares: list[ShareInput] = []
    not_ready: list[str] = []
    for done, instrument in enumerate(chosen):
        progress(done, len(chosen), instrument.secid)
        try:
            shares.append(share_input_load(instrument=instrument, occasion=occasion))
        except NotReadyError as error:
            not_ready.append(error.detail)
    findings = decisions_find(shares=shares, occasion=occasion)
    signals: list[ScoredSignal] = []
    for share in shares:
        own = [finding for finding in findings if finding.share is share]
        signals += _store(own, occasion, source, config=config, now=now)
    progress(len(chosen), len(chosen), "stored")
    return ScoreReport(
        model_version=occasion.version.version if occasion.version else None,
        signals=tuple(signals),
        not_ready=tuple(not_ready),
    )


def _store(
    findings: Sequence[Finding], occasion: Occasion, source: str, *, config: SignalConfig, now: datetime
) -> list[ScoredSignal]:
    """Insert one share's signals in one short transaction and return what stands in the table afterwards."""
    rows = [_row(finding, occasion, source, config=config, now=now) for finding in findings]
    with transaction.atomic():
        known = {(row.horizon, row.bar_begin) for row in _stored(rows)}
        Signal.objects.bulk_create(rows, ignore_conflicts=True)
        stored = {row.horizon: row for row in _stored(rows)}
    return [_line(finding, stored[finding.horizon], known=known) for finding in findings]


def _stored(rows: Sequence[Signal]) -> list[Signal]:
    first = rows[0]
    return list(
        Signal.objects.filter(
            instrument_id=first.instrument_id,
            timeframe=first.timeframe,
            bar_begin=first.bar_begin,
            source=first.source,
            model_version=first.model_version,
            horizon__in=[row.horizon for row in rows],
        )
    )


def _row(finding: Finding, occasion: Occasion, source: str, *, config: SignalConfig, now: datetime) -> Signal:
    share, decision, version = finding.share, finding.decision, occasion.version
    return Signal(
        instrument_id=share.instrument.id,
        timeframe=occasion.timeframe.value,
        horizon=finding.horizon,
        bar_begin=share.decided_at - occasion.timeframe.duration,
        as_of=share.decided_at,
        valid_until=valid_until_of(
            decided_at=share.decided_at, timeframe=occasion.timeframe, bars=config.valid_bars
        ),
        action=decision.action,
        confidence=decision.confidence,
        strength=decision.strength or "",
        proven=is_proven(occasion),
        source=source,
        model_version=version.version if version else "",
        trained_until=version.trained_until if version else None,
        payload=payload_of(finding=finding, occasion=occasion),
        created_at=now,
    )


def _line(finding: Finding, row: Signal, *, known: set[tuple[str, datetime]]) -> ScoredSignal:
    decision = row.payload["decision"]
    return ScoredSignal(
        secid=finding.share.instrument.secid,
        horizon=row.horizon,
        action=row.action,
        reasons=tuple(decision["reasons"]),
        side=decision["side"],
        p=decision["p"],
        p_break_even=decision["p_break_even"],
        confidence=row.confidence,
        proven=row.proven,
        source=row.source,
        as_of=row.as_of,
        new=(row.horizon, row.bar_begin) not in known,
    )
