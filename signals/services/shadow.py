"""Scoring for versions in shadow: they answer on live bars as the champion does, and nobody hears them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.instruments import traded_list
from modeling.contracts import ModelVersionFacts, Scores
from modeling.contracts.shadow import ShadowSaid
from modeling.errors import ArtifactBrokenError
from modeling.kernels.calibration import sigmoid
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.shadow import shadow_list, shadow_said
from modeling.services.registry import version_retire
from modeling.services.shadow_answers import shadow_answers_record
from signals.contracts import SignalConfig
from signals.inference import Finding, decisions_find, valid_until_of
from signals.occasions import bars_due, is_live, occasion_of
from signals.payload import payload_of
from signals.selectors.configuration import signal_config_get
from signals.share_inputs import Occasion, shares_read
from traderai.common.errors import TraderAIError
from traderai.jobs.contracts import Claim
from traderai.jobs.services import job_claim, job_fail, job_finish

JOB_KIND = "shadows_score"
LEASE = timedelta(minutes=10)
EVENT = "shadow_not_scored"  # what a warning in the log begins with
BROKEN_BY = "artifact_check"  # who retired a shadow, in the audit

_log = logging.getLogger(__name__)


def shadows_score_due(*, limit: int, now: datetime) -> int:
    """Let every version in shadow answer on the newest live bars, `limit` shares of each; return how many answers are new.

    Bars that have not just closed are no test of anything and are left out. What goes wrong with one shadow is told of
    in the log and holds up neither the others nor any signal; one whose artifact is broken is retired. Repeating
    finds nothing due.
    """
    new = 0
    for version in shadow_list():
        try:
            new += _score_due(version, limit=limit, now=now)
        except ArtifactBrokenError as error:
            version_retire(version_id=version.id, by=BROKEN_BY, reason=error.detail, now=now)
        except TraderAIError as error:
            _log.warning("%s: %s: %s", EVENT, version.version, error.detail)
    return new


def _score_due(version: ModelVersionFacts, *, limit: int, now: datetime) -> int:
    config, timeframe = signal_config_get(), Timeframe.parse(version.timeframe)
    group = [share for share in traded_list(timeframe=timeframe) if not share.is_simulated]
    occasion = occasion_of(version, config, simulated=False, now=now)
    if not is_live(occasion, config, now=now):
        return 0
    said = shadow_said(version_id=version.id)
    due = bars_due(version, group, timeframe=timeframe, said=said, now=now)
    claims: list[tuple[InstrumentFacts, Claim]] = []
    for share, begin in due:
        key = f"{share.secid} {version.timeframe} {begin.isoformat()} {version.version}"
        claim = job_claim(kind=JOB_KIND, business_key=key, now=now, lease=LEASE)
        claims += [] if claim is None else [(share, claim)]
        if len(claims) == limit:
            break
    if not claims:
        return 0
    try:
        new = _score(version, [share for share, _ in claims], occasion, config, now=now)
    except Exception as error:
        for _, claim in claims:
            job_fail(claim=claim, now=now, error=f"{type(error).__name__}: {error}")
        raise
    for _, claim in claims:
        job_finish(claim=claim, now=now)
    return new


def _score(
    version: ModelVersionFacts,
    chosen: Sequence[InstrumentFacts],
    occasion: Occasion,
    config: SignalConfig,
    *,
    now: datetime,
) -> int:
    scorer = scorer_open(artifact=artifact_load(version=version))
    shares, not_ready = shares_read(instruments=chosen, occasion=occasion).at(chosen, occasion)
    for reason in not_ready:
        _log.warning("%s: %s: %s", EVENT, version.version, reason)
    findings = decisions_find(shares=shares, occasion=occasion, scorer=scorer)
    answers = [_answer(finding, occasion, scorer, config) for finding in findings]
    return shadow_answers_record(version_id=version.id, answers=answers, now=now)


def _answer(finding: Finding, occasion: Occasion, scorer: Scores, config: SignalConfig) -> ShadowSaid:
    share, decision, said = finding.share, finding.decision, finding.prediction
    trust = scorer.artifact.trust[finding.horizon]
    base = sigmoid(np.array([trust.p_long_prior, trust.p_short_prior]))
    return ShadowSaid(
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
        p_long=None if said is None else said.p_long,
        p_short=None if said is None else said.p_short,
        base_p_long=float(base[0]),
        base_p_short=float(base[1]),
        payload=payload_of(finding=finding, occasion=occasion),
    )
