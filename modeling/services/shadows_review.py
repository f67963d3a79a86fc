"""The daily look at versions in shadow: what their answers came to, and whether they may serve."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from modeling.contracts import ModelVersionFacts
from modeling.contracts.shadow import ShadowFacts
from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.fitting.dataset import Dataset
from modeling.fitting.shadow import Answers, shadow_figures
from modeling.models import ShadowAnswer, ShadowReport
from modeling.selectors.configuration import gate_get, registry_config_get
from modeling.selectors.shadow import (
    shadow_facts_of,
    shadow_list,
    shadow_missing,
    shadow_progress,
    shadow_report,
)
from modeling.services.judgement import dataset_since
from modeling.services.registry import version_promote, version_retire
from traderai.common import clock
from traderai.common.errors import TraderAIError
from traderai.common.progress import Progress, silent

BY = "shadows_review"
EVENT = "shadow_not_judged"  # what a warning in the log begins with

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDecision:
    """What became of one version in shadow, and why."""

    version: str
    decided: Literal["waits", "promoted", "retired"]
    reason: str


def shadows_review(*, now: datetime, progress: Progress = silent) -> tuple[ShadowDecision, ...]:
    """Judge every version in shadow by what is known at `now`; promote or retire those that have served their time.

    One that cannot be judged is told of in the log and holds up none of the others. Repeating on the same Moscow day
    judges none again.
    """
    decided = []
    for version in shadow_list():
        try:
            _judge(version, now=now, progress=progress)
        except TraderAIError as error:
            _log.warning("%s: %s: %s", EVENT, version.version, error.detail)
        decided.append(shadow_decide(version=version, now=now))
    return tuple(decided)


def shadow_judge(
    *, version: ModelVersionFacts, dataset: Dataset, as_of: datetime, now: datetime
) -> ShadowFacts:
    """Store and return the day's report on a shadow's answers; everything after the loading of its outcomes.

    Repeating on the same Moscow day returns the report that is there.
    """
    found = shadow_figures(
        dataset, tuple(_answers(version.id)), as_of_s=clock.to_epoch_s(as_of), config=gate_get()
    )
    row, _ = ShadowReport.objects.get_or_create(
        version_id=version.id,
        day=as_of.astimezone(clock.MOSCOW).date(),
        defaults={"as_of": as_of, "at": now, **asdict(found)},
    )
    return shadow_facts_of(row)


def shadow_decide(*, version: ModelVersionFacts, now: datetime) -> ShadowDecision:
    """Promote a shadow that served its time and was not worse than its base rates, retire one that was or takes too long."""
    missing, report = shadow_missing(version=version), shadow_report(version_id=version.id)
    if missing or report is None or report.grade == "unknown":
        told = " and ".join(missing) or "no live answer has an outcome on two days yet"
        return _waits_or_retires(version, told, now=now)
    reason = (
        f"log loss {report.log_loss:.4f}, base {report.base_log_loss:.4f}, the difference within "
        f"{report.excess_low:+.4f} and {report.excess_high:+.4f}, of {report.outcomes} outcomes on {report.days} days"
    )
    if report.grade == "worse":
        return _retired(version, f"worse than its base rates: {reason}", now=now)
    try:
        version_promote(version_id=version.id, by=BY, reason=reason, now=now)
    except (PromotionRefusedError, ArtifactBrokenError) as error:
        return _retired(version, error.detail, now=now)
    return ShadowDecision(version=version.version, decided="promoted", reason=reason)


def _judge(version: ModelVersionFacts, *, now: datetime, progress: Progress) -> None:
    report, since = shadow_report(version_id=version.id), shadow_progress(version_id=version.id).since
    if since is None or (report is not None and report.day >= now.astimezone(clock.MOSCOW).date()):
        return
    dataset = dataset_since(version, since=since, as_of=now, progress=progress)
    shadow_judge(version=version, dataset=dataset, as_of=now, now=now)


def _waits_or_retires(version: ModelVersionFacts, told: str, *, now: datetime) -> ShadowDecision:
    since = shadow_progress(version_id=version.id).since
    limit = registry_config_get().shadow.max_wait_days
    if since is not None and now - since > timedelta(days=limit):
        return _retired(version, f"not through in {limit} days: {told}", now=now)
    return ShadowDecision(version=version.version, decided="waits", reason=told)


def _retired(version: ModelVersionFacts, reason: str, *, now: datetime) -> ShadowDecision:
    version_retire(version_id=version.id, by=BY, reason=reason, now=now)
    return ShadowDecision(version=version.version, decided="retired", reason=reason)


def _answers(version_id: int) -> Iterable[Answers]:
    rows = ShadowAnswer.objects.filter(version_id=version_id, p_long__isnull=False)
    names = ("p_long", "p_short", "base_p_long", "base_p_short")
    for horizon in rows.values_list("horizon", flat=True).distinct().order_by("horizon"):
        found = list(rows.filter(horizon=horizon).values_list("instrument__secid", "as_of", *names))
        columns = np.array([row[2:] for row in found], dtype=np.float64)
        yield Answers(
            horizon=horizon,
            secids=[row[0] for row in found],
            decision_s=np.array([clock.to_epoch_s(row[1]) for row in found], dtype=np.int64),
            **{name: columns[:, k] for k, name in enumerate(names)},
        )
