"""Published versions on held-out rows: what they say, and the gate's word on a new one."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime

import numpy as np
from django.conf import settings

from features.selectors.catalogue import feature_set_get
from modeling.contracts import ModelVersionFacts, ServingArtifact
from modeling.contracts.council import META_RANK
from modeling.errors import PromotionRefusedError
from modeling.fitting.batches import Scaler
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.evidence import Novelty
from modeling.fitting.forecasts import NetworkInputs, Provenance, Raw, calibrated, raw_forecasts
from modeling.fitting.gate_base import base_served
from modeling.fitting.judging import Judged, Rules, gate_input
from modeling.fitting.loading import dataset_load, whole_load
from modeling.fitting.recipe import Recipe
from modeling.fitting.served import Learned, served
from modeling.fitting.trading import account_rules
from modeling.fitting.votes import decided
from modeling.kernels.gate import GateVerdict, grade_candidate
from modeling.kernels.sparse import sparse_columns
from modeling.models import ModelVersion, TrainingRun
from modeling.registry import artifact as store
from modeling.registry.scorer import Network
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from modeling.selectors.regimes import regime_steps
from modeling.selectors.versions import champion_get, leak_audit_passed
from modeling.services.promotable import require_servable
from modeling.services.registry import version_gate
from traderai.common import clock
from traderai.common.arrays import I64
from traderai.common.config import fingerprint, parse
from traderai.common.errors import ConflictError, InputError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent


def version_judge(
    facts: ModelVersionFacts, own: Judged, dataset: Dataset, rules: Rules
) -> tuple[GateVerdict, ModelVersionFacts]:
    """Judge a version by its gate, beside today's champion on the same rows, and store the verdict.

    `own` is what it would say in service, as the champion's words are. What it learns after training its base rates do too.

    A leak audit that it has passed is attached. The champion itself is judged beside its base rates alone.

    Raises: PromotionRefusedError for an earlier system, and where the champion cannot be asked about rows unknown to both.
    """
    require_servable(facts)
    champion = champion_get(slot=facts.slot)
    if champion is not None and champion.id == facts.id:
        champion = None
    rival, held_out = None, dataset
    if champion is not None and champion.is_simulated == facts.is_simulated:
        held_out = _held_out_of_both(dataset, champion)
        rival = _rival(champion, facts, dataset, rows=own.forecasts.rows)
    config, artifact = gate_get(), store.artifact_read(lake=lake_at(settings.LAKE_URL), version=facts)
    column = dataset.features.index(artifact.volatility_feature)
    measured = gate_input(
        own,
        rival,
        held_out,
        rules,
        champion_trades=champion is not None and champion.grade == "trade",
        base=base_served(own.forecasts, dataset, artifact.trust, learned_of(artifact), column=column),
    )
    verdict = grade_candidate(
        replace(measured, leak_audited=leak_audit_passed(version_id=facts.id)),
        config,
        np.random.default_rng(config.seed),
    )
    judged = version_gate(
        version_id=facts.id,
        against_id=None if champion is None else champion.id,
        verdict=verdict.grade,
        numbers=plain({**asdict(verdict), "compared_with_champion": rival is not None}),
        now=clock.now(),
    )
    return verdict, judged


def _held_out_of_both(dataset: Dataset, champion: ModelVersionFacts) -> Dataset:
    """Return the dataset with only those test rows that the champion has not seen either."""
    seen_s = clock.to_epoch_s(champion.trained_until)
    if seen_s < dataset.test_start_s:
        return dataset
    hidden = (dataset.part == TEST) & (dataset.decision_s <= seen_s)[:, None]
    part = np.where(hidden, NO_PART, dataset.part).astype(np.int8)
    if not (part == TEST).any(axis=0).all():
        raise PromotionRefusedError(
            f"{champion.version} has learned from all rows that this version holds out; train on newer data"
        )
    return replace(dataset, part=part, test_start_s=seen_s + 1)


def _rival(champion: ModelVersionFacts, facts: ModelVersionFacts, dataset: Dataset, *, rows: I64) -> Judged:
    for name in ("feature_set_key", "label_set", "timeframe", "horizons", "lookback_bars"):
        if getattr(champion, name) != getattr(facts, name):
            raise PromotionRefusedError(
                f"{facts.version} cannot be compared with {champion.version}: {name} must be "
                f"{getattr(champion, name)}, was {getattr(facts, name)}"
            )
    return version_judged(champion, dataset, rows=rows)


def version_judged(version: ModelVersionFacts, dataset: Dataset, *, rows: I64) -> Judged:
    """Return what a published version says of some rows of a dataset as it serves, by its own calibration and evidence.

    Its levels and ranges go on from its artifact's, day by day, by the outcomes in the dataset. Weekly calibrations are
    none of it: the artifact is judged as it was trained.

    Raises: ArtifactBrokenError if its bytes are not those that were registered.
    """
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=version)
    learned = learned_of(artifact)
    until_s = int(dataset.decision_s[rows].max(initial=0))
    heard = np.union1d(rows, learned.rows_that_teach(dataset, until_s=until_s))
    own = artifact_judged(artifact, artifact_raw(artifact, dataset, rows=heard), dataset)
    said = served(own.forecasts, dataset, learned, until_s=until_s).forecasts
    return replace(own, forecasts=said.taken(rows))


def learned_of(artifact: ServingArtifact) -> Learned:
    """Return by what a published version's words are moved when it enters service."""
    return Learned(ranges=artifact.ranges or {}, levels=artifact.levels or {})


def artifact_raw(
    artifact: ServingArtifact, dataset: Dataset, *, rows: I64, progress: Progress = silent
) -> Raw:
    """Return what a published version says of some rows of a dataset before its calibration, its council's decision in it."""
    seen_s = clock.to_epoch_s(artifact.version.trained_until)
    raw = raw_forecasts(
        Network(artifact.onnx),
        dataset,
        inputs=inputs_of(artifact, dataset),
        rows=rows,
        provenance=Provenance(
            model=hashlib.sha256(artifact.onnx).hexdigest(),
            dataset_sha256=dataset.content_sha256,
            train_end_s=seen_s,
            validation_end_s=seen_s,
        ),
        progress=progress,
    )
    return raw if artifact.council is None else decided(raw, dataset, artifact.council)


def artifact_judged(artifact: ServingArtifact, raw: Raw, dataset: Dataset) -> Judged:
    """Return what a published version says by its own calibration and evidence, before its levels and ranges learn."""
    limit = next(iter(artifact.evidence.values())).novelty_limit
    return Judged(
        forecasts=calibrated(
            raw, dataset, artifact.trust, column=dataset.features.index(artifact.volatility_feature)
        ),
        evidence=artifact.evidence,
        scaler=inputs_of(artifact, dataset).scaler,
        novelty=Novelty(mean=artifact.novelty_mean, precision=artifact.novelty_precision, limit=limit),
        thresholds=artifact.thresholds,
    )


def held_out_judged(facts: ModelVersionFacts, dataset: Dataset) -> Judged:
    """Return what a version says of both held-out parts of its own dataset.

    Its network has learned from the training part alone; only calibration, evidence and thresholds knew the validation
    part, which is why that part may choose cuts and be looked at, but judges nothing.
    """
    rows = np.union1d(dataset.rows_of(VALIDATION), dataset.rows_of(TEST))
    own = version_judged(facts, dataset, rows=rows)
    provenance = replace(own.forecasts.provenance, train_end_s=dataset.taught_until_s(TRAIN))
    return replace(own, forecasts=replace(own.forecasts, provenance=provenance))


def own_dataset(facts: ModelVersionFacts, *, progress: Progress = silent) -> Dataset:
    """Return the dataset of a version's training, built anew as of then.

    Raises: ArtifactBrokenError for bytes that are not those registered, and as `dataset_load`.
    """
    store.artifact_verify(
        lake=lake_at(settings.LAKE_URL), key=facts.artifact_key, manifest_sha256=facts.manifest_sha256
    )
    run = run_of(facts)
    return dataset_load(recipe_of(run), as_of=run.as_of, progress=progress)[0]


def inputs_of(artifact: ServingArtifact, dataset: Dataset) -> NetworkInputs:
    """Return what a published network reads of a dataset; a share that it does not know is its unknown one."""
    known = np.array([artifact.ticker_rows.get(secid, 0) for secid in dataset.secids], dtype=np.int32)
    return NetworkInputs(
        scaler=Scaler(mean=artifact.mean, std=artifact.std, sparse=sparse_columns(artifact.sparse_blocks)),
        ticker=known[dataset.instrument],
        horizon_rows=artifact.horizon_rows,
    )


def dataset_since(
    facts: ModelVersionFacts, *, since: datetime, as_of: datetime, progress: Progress = silent
) -> Dataset:
    """Return what is known at `as_of` of a version's universe since a moment, as its recipe reads it.

    Raises: ConflictError where its features are defined otherwise by now, and as `whole_load`.
    """
    plan = recipe_of(run_of(facts))
    if facts.feature_set_key != feature_set_get(name=plan.feature_set).key:
        raise ConflictError(
            f"{facts.version} reads {facts.feature_set_key}, {plan.feature_set} is another set by now; train again"
        )
    told = facts.metrics.get("council")
    if plan.council is not None and not (isinstance(told, dict) and told["kept"] == META_RANK):
        plan = replace(plan, council=replace(plan.council, ranks=None))  # minutes, for what is not read
    return whole_load(plan, as_of=as_of, since=since, progress=progress).dataset


def require_own_dataset(facts: ModelVersionFacts, dataset: Dataset) -> None:
    """Raise ConflictError, with what is known of the reason, unless a version was trained on this very dataset."""
    run = run_of(facts)
    if dataset.sha256 == run.data_sha256:
        return
    lake, plan = lake_at(settings.LAKE_URL), recipe_of(run)
    manifest = store.manifest_read(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)
    reasons = []
    if fingerprint(plan.labels()) != manifest.get("label_set_sha256"):
        reasons.append(f"label set {plan.label_set}")
    if feature_set_get(name=plan.feature_set).key != facts.feature_set_key:
        reasons.append(f"feature set {plan.feature_set}")
    changed = (
        " and ".join(reasons) or "the bars, the features, the terms of trading or the code that reads them"
    )
    raise ConflictError(
        f"{facts.version} was trained on dataset {run.data_sha256[:12]}, today's is {dataset.sha256[:12]}: {changed} "
        "changed since; put that back, or train again and ask of the new version",
        code="dataset_changed",
    )


def run_of(facts: ModelVersionFacts) -> TrainingRun:
    """Return the training that made a version; a version without one is an InputError."""
    run = ModelVersion.objects.select_related("run").get(pk=facts.id).run
    if run is None:
        raise InputError(f"{facts.version} has no training run, so nobody knows its dataset; train again")
    return run


def recipe_of(run: TrainingRun) -> Recipe:
    """Return the recipe as it was trained, overrides included."""
    found: Recipe = parse(run.config, Recipe, where=f"training run {run.pk}")
    return found


def rules_of(recipe: Recipe, *, seed: int, simulated: bool) -> Rules:
    """Return what a recipe is judged by under today's configuration, on real or on simulated shares."""
    account = account_rules(account_get(), cost_model_get())
    regimes = regime_steps(as_of=clock.now(), simulated=simulated)
    return Rules(policy=policy_get(), account=account, recipe=recipe, seed=seed, regimes=regimes)
