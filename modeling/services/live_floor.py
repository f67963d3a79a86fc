"""A champion that may not be heard any more: the previous one serves again, or all is NO_TRADE until staff looks."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Literal

from modeling.contracts import ModelVersionFacts
from modeling.contracts.drift import HitFinding
from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.models import DriftReport, Promotion
from modeling.selectors.drift import drift_facts_of
from modeling.selectors.versions import SILENCES, SWITCHES, champion_get, emission_paused
from modeling.services.registry import emission_pause, version_rollback

EVENT = "model_degraded"  # what an alert in the log begins with
BY = "live_floor"

StandDown = Literal["rolled_back", "paused", "unchanged"]

_log = logging.getLogger(__name__)


def champion_stand_down(*, champion: ModelVersionFacts, by: str, reason: str, now: datetime) -> StandDown:
    """Put the previous champion back; where there is none, or it is broken too, silence this one.

    Raises an alert and leaves an audit row. Repeating, or for a version that serves no more, changes nothing.
    """
    done = _stand_down(champion, by=by, reason=reason, now=now)
    if done != "unchanged":
        _log.error("%s: %s %s: %s", EVENT, champion.version, done.replace("_", " "), reason)
    return done


def live_floor_check(*, now: datetime) -> StandDown:
    """Hold the champion's newest drift report against the live floor: CUSUM of its hits below what it foretold.

    A report from before the version was put into service, or was resumed, has no say. After a resumption a head
    must have lost as much again as the limit: staff has seen what it had lost by then. Repeating changes nothing.
    """
    champion = champion_get()
    if champion is None or emission_paused(slot=champion.slot):
        return "unchanged"
    newest = Promotion.objects.filter(slot=champion.slot, action__in=(*SWITCHES, *SILENCES)).latest("pk")
    reports = DriftReport.objects.filter(version_id=champion.id, as_of__lte=now).select_related("version")
    report = reports.filter(at__gt=newest.at).order_by("-day", "-pk").first()
    if report is None:
        return "unchanged"
    seen = {}
    if newest.action == Promotion.Action.RESUME:
        before = reports.filter(at__lte=newest.at).order_by("-day", "-pk").first()
        seen = {} if before is None else {own.name: own.low for own in drift_facts_of(before).findings.hits}
    lost = [
        own for own in drift_facts_of(report).findings.hits if own.low - seen.get(own.name, 0.0) > own.limit
    ]
    if not lost:
        return "unchanged"
    reason = "; ".join(_told(own) for own in lost)
    return champion_stand_down(champion=champion, by=BY, reason=reason, now=now)


def _stand_down(champion: ModelVersionFacts, *, by: str, reason: str, now: datetime) -> StandDown:
    serving = champion_get(slot=champion.slot)
    if serving is None or serving.id != champion.id:
        return "unchanged"
    try:
        # Another worker may have stood it down since: never one champion further back.
        version_rollback(slot=champion.slot, away_from=champion.id, by=by, reason=reason, now=now)
    except (PromotionRefusedError, ArtifactBrokenError) as error:
        told = f"{reason}; nothing to roll back to: {error.detail}"
        silenced = emission_pause(version_id=champion.id, by=by, reason=told, now=now)
        return "paused" if silenced else "unchanged"
    return "rolled_back"


def _told(own: HitFinding) -> str:
    return (
        f"{own.name}: CUSUM {own.low:.1f} above {own.limit:.1f}, hit rate {own.hit_rate:.3f} of {own.outcomes}, "
        f"expected {own.expected:.3f}"
    )
