"""Drift of a version: its newest days beside its training, one report a day, an alert where it has drifted."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np
from django.conf import settings

from modeling.contracts import ModelVersionFacts
from modeling.contracts.drift import DriftConfig, DriftFacts, DriftFindings, DriftGrade
from modeling.fitting.batches import stratified_moments
from modeling.fitting.dataset import Dataset
from modeling.fitting.drift import DriftReference
from modeling.fitting.drift_findings import LateRows, drift_findings, late_rows
from modeling.fitting.evaluation import plain
from modeling.models import DriftReport
from modeling.registry import artifact as store
from modeling.selectors.configuration import drift_config_get
from modeling.selectors.drift import drift_facts_of
from modeling.selectors.versions import champion_get, version_get
from modeling.services.judgement import dataset_since
from modeling.services.served import version_said
from traderai.common import clock
from traderai.common.arrays import I64
from traderai.common.config import parse
from traderai.common.errors import InputError, NotReadyError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent
from traderai.common.summary import summary_send

EVENT = "model_drift"  # what an alert in the log begins with
NO_REFERENCE = "no reference: the artifact is from before drift was looked for; train again"

_log = logging.getLogger(__name__)


def drift_daily(*, now: datetime) -> DriftFacts | None:
    """Check the version in service; without one there is nothing to check. Repeating as `drift_check`."""
    return None if champion_get() is None else drift_check(as_of=now, now=now)


def drift_check(
    *, version: str | None = None, as_of: datetime, now: datetime, progress: Progress = silent
) -> DriftFacts:
    """Compare what is known of a version's newest days at `as_of` with its training, store and return the report.

    Without `version` it is the one in service. Repeating on the same Moscow day returns the report that is there; an
    alert is raised once a report.

    Raises: NotReadyError without a version in service or without features, InputError for an `as_of` up to which
        the version has learned, ConflictError where its features are defined otherwise by now.
    """
    facts = _version(version)
    stored = _stored(facts, as_of)
    if stored is not None:
        return drift_facts_of(stored)
    reference = _reference(facts)
    if reference is None:
        return _keep(facts, as_of, now, ("unknown", NO_REFERENCE, DriftFindings(days=0)))
    if as_of <= facts.trained_until:
        raise InputError(
            f"as_of must be after {facts.trained_until.isoformat()}, until when {facts.version} has learned, was "
            f"{as_of.isoformat()}",
            field="as_of",
        )
    since = _since(facts, as_of, drift_config_get())
    dataset = dataset_since(facts, since=since, as_of=as_of, progress=progress)
    return dataset_drift(facts=facts, dataset=dataset, as_of=as_of, now=now)


def dataset_drift(
    *, facts: ModelVersionFacts, dataset: Dataset, as_of: datetime, now: datetime
) -> DriftFacts:
    """Compare an assembled dataset; everything after the loading of `drift_check`, repeating included.

    Rows and outcomes after `as_of` have no say, whether or not the dataset holds them.
    """
    stored = _stored(facts, as_of)
    if stored is not None:
        return drift_facts_of(stored)
    reference, config = _reference(facts), drift_config_get()
    if reference is None:
        return _keep(facts, as_of, now, ("unknown", NO_REFERENCE, DriftFindings(days=0)))
    since = _since(facts, as_of, config)
    late = late_rows(
        dataset,
        learned_s=clock.to_epoch_s(since),
        as_of_s=clock.to_epoch_s(as_of),
        stretch_days=reference.stretch_days,
    )
    if not late.rows.size:
        raise NotReadyError(
            f"no bar with features from {since.isoformat()} on is known at {as_of.isoformat()}; run manage.py ingest and "
            "manage.py build_features first, or ask as of a day that has some",
            code="features_not_built",
        )
    said = version_said(facts, dataset, rows=_scored(dataset, late, config), as_of=as_of)
    grade, findings = drift_findings(reference, dataset, said, late, config)
    note = ""
    if not late.days:
        note = (
            f"features and scores were not compared: {late.late_days} trading days since training, "
            f"{reference.stretch_days} are needed"
        )
    return _keep(facts, as_of, now, (grade, note, findings))


def _version(name: str | None) -> ModelVersionFacts:
    if name is not None:
        return version_get(version=name)
    champion = champion_get()
    if champion is None:
        raise NotReadyError("no version is in service; name one, or train one first", code="no_champion")
    return champion


def _since(facts: ModelVersionFacts, as_of: datetime, config: DriftConfig) -> datetime:
    return max(facts.trained_until, as_of - timedelta(days=config.history_days))


def _scored(dataset: Dataset, late: LateRows, config: DriftConfig) -> I64:
    """Return the rows to score: whole moments of the newest stretch and of all that is late, evenly over time."""
    return np.union1d(
        *(
            stratified_moments(rows, dataset.decision_s, limit=config.max_scored_rows, rng=None)
            for rows in (late.newest, late.rows)
        )
    )


def _reference(facts: ModelVersionFacts) -> DriftReference | None:
    content = store.artifact_file(lake=lake_at(settings.LAKE_URL), version=facts, name=store.DRIFT)
    if content is None:
        return None
    found: DriftReference = parse(
        json.loads(content), DriftReference, where=f"{facts.version}: {store.DRIFT}"
    )
    return found


def _stored(facts: ModelVersionFacts, as_of: datetime) -> DriftReport | None:
    return (
        DriftReport.objects.filter(version_id=facts.id, day=as_of.astimezone(clock.MOSCOW).date())
        .select_related("version")
        .first()
    )


def _keep(
    facts: ModelVersionFacts, as_of: datetime, now: datetime, told: tuple[DriftGrade, str, DriftFindings]
) -> DriftFacts:
    grade, note, findings = told
    row, is_new = DriftReport.objects.get_or_create(
        version_id=facts.id,
        day=as_of.astimezone(clock.MOSCOW).date(),
        defaults={
            "as_of": as_of,
            "grade": grade,
            "note": note,
            "findings": plain(asdict(findings)),
            "at": now,
        },
    )
    kept = drift_facts_of(row)
    if is_new and kept.grade == "drift":
        text = (
            f"{kept.version} has drifted on {kept.day}: {', '.join(kept.drifted)}; see its drift report, train again "
            "or roll back"
        )
        _log.error("%s: %s", EVENT, text)
        found = {"version": kept.version, "day": kept.day.isoformat(), "drifted": list(kept.drifted)}
        summary_send(event=EVENT, text=text, facts=found)
    return kept
