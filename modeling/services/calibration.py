"""Calibrating the version in service again each week: judged on its newest rows, kept only where it is proven better.

The artifact is never changed: what is kept is a row of a table, and the newest one known at a moment serves.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings

from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.contracts.calibration import CalibrationFacts
from modeling.contracts.retraining import week_of
from modeling.fitting.adapter_rows import Late, LateParts, late_parts
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Rules
from modeling.fitting.recalibration import Newest, Recalibration, out_of_sample, recalibration_prove
from modeling.kernels.splits import DAY_S
from modeling.models import WeeklyCalibration
from modeling.registry import artifact as store
from modeling.registry.folds import folds_read
from modeling.selectors.calibration import artifact_calibrated, calibration_facts_of
from modeling.selectors.configuration import retraining_config_get
from modeling.selectors.versions import champion_get
from modeling.services.data_fitness import require_fit_data
from modeling.services.judgement import (
    artifact_judged,
    dataset_since,
    recipe_of,
    rules_of,
    run_of,
)
from modeling.services.served import LateWords
from traderai.common import clock
from traderai.common.errors import NotReadyError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent
from traderai.common.summary import summary_send

EVENT: Final = "calibration"

_log = logging.getLogger(__name__)


def calibration_weekly(*, now: datetime, progress: Progress = silent) -> CalibrationFacts | None:
    """Calibrate the version in service again by what is known at `now`, and keep it where it is proven better.

    Once a version and Moscow week: repeating returns the word that is there and loads nothing. None without a version in
    service, or where its artifact is from before folds were kept.

    Raises: NotReadyError where its data are too old or too bad to be learned from, and as `dataset_since`.
    """
    config, champion = retraining_config_get(), champion_get()
    if champion is None or not config.calibration.enabled or _folds(champion) is None:
        return None
    stored = _stored(champion, now)
    if stored is not None:
        return calibration_facts_of(stored)
    require_fit_data(recipe_of(run_of(champion)), config.data, now=now)
    dataset = dataset_since(champion, since=champion.trained_until, as_of=now, progress=progress)
    return dataset_calibrate(facts=champion, dataset=dataset, now=now)


def dataset_calibrate(
    *, facts: ModelVersionFacts, dataset: Dataset, now: datetime
) -> CalibrationFacts | None:
    """Calibrate by an assembled dataset; everything after the loading of `calibration_weekly`, repeating included.

    What teaches is what its folds said at its training, and what it said itself of the older rows since; what judges is
    what it said of the newest. Rows and labels after `now` have no say, whether or not the dataset holds them, and no row
    that the version has learned from.
    """
    stored, content = _stored(facts, now), _folds(facts)
    if stored is not None or content is None:
        return None if stored is None else calibration_facts_of(stored)
    run = run_of(facts)
    rules = rules_of(recipe_of(run), seed=run.seed, simulated=facts.is_simulated)
    calibration = retraining_config_get().calibration
    late = Late(
        learned_s=clock.to_epoch_s(facts.trained_until),
        as_of_s=clock.to_epoch_s(now),
        embargo_s=round(rules.recipe.split.embargo_days * DAY_S),
        taught="calibrations",
        asked_in="calibration.min_days of retraining.yaml",
    )
    try:
        parts = late_parts(dataset, late, calibration)
    except NotReadyError as error:
        return _keep(facts, now, note=f"not calibrated: {error.detail}")
    words = LateWords.of(store.artifact_read(lake=lake_at(settings.LAKE_URL), version=facts), dataset, late)
    found = _proven(words, content, parts, rules, now=now)
    told: dict[str, Any] = {"note": found.reason, "kept": found.kept, "figures": plain(found.told())}
    if found.kept:
        told["trust"] = plain({name: asdict(own) for name, own in found.trust.items()})
        # What the new calibration's words would have taught the levels since training: they begin with that.
        levels = words.levels(found.trust, until_s=late.as_of_s)
        told["levels"] = plain({name: asdict(own) for name, own in levels.items()})
    return _keep(facts, now, **told)


def _proven(
    words: LateWords, folds: bytes, parts: LateParts, rules: Rules, *, now: datetime
) -> Recalibration:
    artifact, standing = words.artifact, _standing(words.artifact, now)
    older, newer = (words.raw.taken(own.rows_of(VALIDATION)) for own in (parts.teaches, parts.judges))
    serving, by_levels = artifact_judged(standing, newer, parts.judges), None
    if any(own.kept for own in (artifact.levels or {}).values()):
        by_levels = partial(words.served, parts=parts)
        serving = replace(serving, forecasts=by_levels(standing.trust))
    newest = Newest(raw=newer, dataset=parts.judges, serving=serving, served=by_levels)
    said = [out_of_sample(older, parts.teaches, artifact.trust), *folds_read(folds)]
    return recalibration_prove(said, newest, standing.trust, rules)


def _standing(artifact: ServingArtifact, now: datetime) -> ServingArtifact:
    """Return the artifact with the calibration that serves at `now` as its own."""
    found = artifact_calibrated(artifact=artifact, as_of=now)
    return found if found.recalibrated is None else replace(found, trust=found.recalibrated.trust)


def _folds(facts: ModelVersionFacts) -> bytes | None:
    return store.artifact_file(lake=lake_at(settings.LAKE_URL), version=facts, name=store.FOLDS)


def _week(now: datetime) -> str:
    return week_of(now.astimezone(clock.MOSCOW).date())


def _stored(facts: ModelVersionFacts, now: datetime) -> WeeklyCalibration | None:
    rows = WeeklyCalibration.objects.filter(version_id=facts.id, week=_week(now))
    return rows.select_related("version").first()


def _keep(facts: ModelVersionFacts, now: datetime, **told: Any) -> CalibrationFacts:
    plainly: dict[str, Any] = {"kept": False, "trust": {}, "figures": {}, "as_of": now, "at": now}
    # Another worker may have stored the week meanwhile: what stands stands.
    row, is_new = WeeklyCalibration.objects.get_or_create(
        version_id=facts.id, week=_week(now), defaults=plainly | told
    )
    found = calibration_facts_of(row)
    if is_new:
        what = "is calibrated anew" if found.kept else "keeps its calibration"
        text = f"{found.version} {what} in {found.week}: {found.note}"
        _log.info("%s: %s", EVENT, text)
        about = {"version": found.version, "week": found.week, "kept": found.kept, **found.figures}
        summary_send(event=EVENT, text=text, facts=about)
    return found
