"""The leak audit of a version: its guards on the dataset it was trained on, the verdict stored beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.leak_audit import AuditCheck, version_audit
from modeling.fitting.loading import dataset_load
from modeling.models import LeakAudit
from modeling.registry.artifact import artifact_read
from modeling.selectors.versions import version_get
from modeling.services.judgement import recipe_of, require_own_dataset, run_of, version_judged
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakAuditReport:
    """What the guards found."""

    version: str
    passed: bool
    checks: tuple[AuditCheck, ...]


def leak_audit(*, version: str, now: datetime, progress: Progress = silent) -> LeakAuditReport:
    """Audit a version on its own dataset, built anew, and store the verdict; the next judgement reads it.

    Repeating appends another verdict; the newest counts. A dataset that has changed since is a ConflictError.
    """
    facts = version_get(version=version)
    run = run_of(facts)
    plan = recipe_of(run)
    try:
        dataset, _, _ = dataset_load(plan, as_of=run.as_of, progress=progress)
    except DatasetRefusedError as error:
        return _stored(facts, (AuditCheck(name="dataset", passed=False, found=(error.detail,)),), now)
    return dataset_audit(facts=facts, dataset=dataset, now=now)


def dataset_audit(*, facts: ModelVersionFacts, dataset: Dataset, now: datetime) -> LeakAuditReport:
    """Audit a version on its assembled dataset; everything after the loading of `leak_audit`, repeating included."""
    require_own_dataset(facts, dataset)
    rows = dataset.rows_of(TEST)
    checks = version_audit(
        artifact_read(lake=lake_at(settings.LAKE_URL), version=facts),
        version_judged(facts, dataset, rows=rows),
        dataset,
        recipe_of(run_of(facts)).evaluation,
    )
    return _stored(facts, checks, now)


def _stored(facts: ModelVersionFacts, checks: tuple[AuditCheck, ...], now: datetime) -> LeakAuditReport:
    passed = all(check.passed for check in checks)
    LeakAudit.objects.create(
        version_id=facts.id, passed=passed, checks=[asdict(check) for check in checks], at=now
    )
    return LeakAuditReport(version=facts.version, passed=passed, checks=checks)
