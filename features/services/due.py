"""Which features are due, and building them: those of new bars at once, everything else once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from features.contracts import BuildReport, FeatureSetFacts
from features.models import FeatureSnapshot
from features.selectors.catalogue import feature_set_get, feature_set_names, fresh_timeframes
from features.services.build import features_build
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from market.selectors.instruments import traded_list
from traderai.common.clock import MOSCOW, from_epoch_s, to_epoch_s
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

JOB_KIND = "features_build"
CHECK_KIND = "features_check"
JOB_LEASE = timedelta(minutes=15)
CHECK_LEASE = timedelta(hours=2)


def features_build_due(*, limit: int, now: datetime) -> int:
    """Build the instruments whose newest closed bar has no features yet; return how many were built.

    Only the months from the last stored bar on are looked at: `features_check_due` finds what was restated before.
    Repeating: an instrument is claimed once for each newest bar, so two workers never build the same one.
    """
    built = 0
    for name in feature_set_names():
        for timeframe in fresh_timeframes(name=name):
            built += _set_build_due(name, timeframe, limit - built, now=now)
    return built


def features_check_due(*, now: datetime) -> tuple[BuildReport, ...]:
    """Compare every stored month with its inputs once a Moscow day and rebuild what differs: late news, old bars.

    Repeating does nothing until the next day; a failed check is due again.
    """
    reports = []
    for name in feature_set_names():
        for timeframe in fresh_timeframes(name=name):
            facts = feature_set_get(name=name)
            key = f"{facts.key}/{timeframe.value}/{now.astimezone(MOSCOW).date()}"
            claim = job_claim(kind=CHECK_KIND, business_key=key, now=now, lease=CHECK_LEASE)
            if claim is not None:
                reports.append(_claimed_check(claim, name, timeframe, now=now))
    return tuple(reports)


def due_instruments(
    *, facts: FeatureSetFacts, timeframe: Timeframe, now: datetime
) -> tuple[tuple[str, datetime, datetime | None], ...]:
    """Return (secid, begin of the bar to reach, begin of the last bar stored) of each instrument that lags behind."""
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
            due.append((secid, target, last))
    return tuple(due)


def _set_build_due(name: str, timeframe: Timeframe, limit: int, *, now: datetime) -> int:
    """Claim up to `limit` instruments and build them together: they share what is read of the market."""
    facts = feature_set_get(name=name)
    claims: dict[str, Claim] = {}
    begins: list[datetime | None] = []
    for secid, target, last in due_instruments(facts=facts, timeframe=timeframe, now=now):
        if len(claims) >= limit:
            break
        key = f"{facts.key}/{timeframe.value}/{secid}/{to_epoch_s(target)}"
        claim = job_claim(kind=JOB_KIND, business_key=key, now=now, lease=JOB_LEASE)
        if claim is not None:
            claims[secid] = claim
            begins.append(last)
    if not claims:
        return 0
    # A share without any features yet needs its whole history.
    known = [begin for begin in begins if begin is not None]
    since = min(known) if len(known) == len(begins) else None
    try:
        report = features_build(
            feature_set=name, timeframe=timeframe, secids=tuple(claims), since=since, now=now
        )
    except Exception as error:
        for claim in claims.values():
            job_fail(claim=claim, now=now, error=str(error))
        raise
    failed = dict(report.failed)
    for secid, claim in claims.items():
        if secid in failed:
            job_fail(claim=claim, now=now, error=failed[secid])
        else:
            job_finish(claim=claim, now=now)
    return len(claims.keys() - failed.keys())


def _claimed_check(claim: Claim, name: str, timeframe: Timeframe, *, now: datetime) -> BuildReport:
    try:
        report = features_build(feature_set=name, timeframe=timeframe, now=now)
    except Exception as error:
        job_fail(claim=claim, now=now, error=str(error))
        raise
    if report.failed:
        reasons = "; ".join(f"{secid}: {reason}" for secid, reason in report.failed)
        job_fail(claim=claim, now=now, error=reasons)
    else:
        job_finish(claim=claim, now=now)
    return report
