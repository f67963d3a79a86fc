"""Adapters as a version of their own: taught upon the version in service, judged, and put into service beside it.

They correct that version's probabilities and nothing else; the evidence by which its trades are taken stays its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.conf import settings

from modeling.contracts import Grade, ModelVersionFacts
from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.fitting.adapter_card import adapters_card
from modeling.fitting.adapter_choice import AdapterChoice, adapters_prove
from modeling.fitting.adapter_rows import Late, LateParts, late_parts
from modeling.fitting.adapters import Heard, local_columns
from modeling.fitting.dataset import VALIDATION, Dataset
from modeling.fitting.evaluation import plain
from modeling.fitting.judging import Judged, Rules
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import Recipe
from modeling.fitting.recipe_adapters import AdapterConfig
from modeling.kernels.splits import DAY_S
from modeling.models import ModelVersion, TrainingRun
from modeling.registry import artifact as store
from modeling.registry.adapters import Adapters, adapters_json
from modeling.selectors.artifacts import adapters_base
from modeling.selectors.calibration import artifact_calibrated
from modeling.selectors.configuration import account_get, cost_model_get, policy_get
from modeling.selectors.versions import champion_get, facts_of
from modeling.services.judgement import (
    artifact_judged,
    dataset_since,
    recipe_of,
    rules_of,
    run_of,
)
from modeling.services.registry import NewVersion, version_enter, version_gate, version_register
from modeling.services.served import LateWords
from modeling.services.training_runs import training_run, training_runs_sweep
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.errors import NotReadyError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

KIND = "adapter"
BY = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptersReport:
    """What became of a training of adapters."""

    base: str  # the version that they correct
    version: ModelVersionFacts
    kept: tuple[str, ...]  # the tickers whose adapter the version holds
    reused: bool  # nothing had changed since this version was trained
    promoted: bool
    note: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    base: ModelVersionFacts
    plan: Recipe
    late: Late
    parts: LateParts
    rules: Rules
    now: datetime
    progress: Progress


def adapters_train(*, now: datetime, seed: int = 0, progress: Progress = silent) -> AdaptersReport:
    """Teach and judge the adapters of the version in service by what is known at `now`, and put them into service.

    Only rows teach and judge that the version in service has not learned from. Nothing proven makes a rejected version;
    what serves stays. Repeating with the same base, data, code and seed trains nothing.

    Raises: NotReadyError where no version is in service, its recipe has no adapters, or its late rows are too few.
    """
    base = champion_get()
    if base is None:
        raise NotReadyError(
            "no version is in service, so there is nothing to adapt; train one first", code="no_champion"
        )
    _require_adapters(base, recipe_of(run_of(base)))
    dataset = dataset_since(base, since=base.trained_until, as_of=now, progress=progress)
    return dataset_adapters_train(base=base, dataset=dataset, now=now, seed=seed, progress=progress)


def dataset_adapters_train(
    *,
    base: ModelVersionFacts,
    dataset: Dataset,
    now: datetime,
    seed: int = 0,
    progress: Progress = silent,
) -> AdaptersReport:
    """Train adapters on an assembled dataset; everything after the loading of `adapters_train`, repeating included.

    Rows and labels after `now` have no say, whether or not the dataset holds them.
    """
    began_s, plan = clock.monotonic_s(), recipe_of(run_of(base))
    config = _require_adapters(base, plan)
    local_columns(config, dataset.features)
    late = Late(
        learned_s=clock.to_epoch_s(base.trained_until),
        as_of_s=clock.to_epoch_s(now),
        embargo_s=round(plan.split.embargo_days * DAY_S),
    )
    parts = late_parts(dataset, late, config)
    shas = {
        "config_sha256": _config_sha(base, plan), "data_sha256": parts.judges.sha256, "code_sha256": code_sha256(),
    }  # fmt: skip
    same = ModelVersion.objects.filter(
        kind=KIND,
        run__seed=seed,
        run__state="done",
        **{f"run__{name}": value for name, value in shas.items()},
    ).last()
    if same is not None:
        return _reused(base, facts_of(same), clock.monotonic_s() - began_s)
    training_runs_sweep(now=now)
    new = TrainingRun(
        recipe=plan.name, seed=seed, as_of=now, config=asdict(plan), started_at=clock.now(), **shas
    )
    task = _Task(
        base=base,
        plan=plan,
        late=late,
        parts=parts,
        rules=rules_of(plan, seed=seed, simulated=base.is_simulated),
        now=now,
        progress=progress,
    )
    with training_run(new) as run:
        report = _train(run, task)
        run.metrics, run.log = report.version.metrics, report.note
    return replace(report, seconds=clock.monotonic_s() - began_s)


def _train(run: TrainingRun, task: _Task) -> AdaptersReport:
    base = task.base
    serving, heard = _heard(task)
    choice = adapters_prove(serving, heard, task.rules, progress=task.progress)
    if choice.adapters is None or not any(own.share for own in choice.verdicts):
        days = max(own.days_taught for own in choice.verdicts)
        raise NotReadyError(
            f"no ticker has enough rows to teach an adapter: {days} days at most; {choice.verdicts[0].reason}",
            code="too_few_rows",
        )
    facts = _registered(run, task, choice, choice.adapters)
    champion = champion_get(slot=facts.slot)
    verdict: Grade = "inform" if choice.kept else "rejected"
    facts = version_gate(
        version_id=facts.id,
        against_id=None if champion is None else champion.id,
        verdict=verdict,
        numbers=facts.metrics,
        now=task.now,
    )
    promoted, note, facts = _entered(facts, champion, choice, task)
    kept = _kept(facts)
    return AdaptersReport(
        base=base.version, version=facts, kept=kept, reused=False, promoted=promoted, note=note, seconds=0.0
    )


def _heard(task: _Task) -> tuple[Judged, list[Heard]]:
    """Return what serves on the newest rows, and what was heard of them and of the older ones.

    Adapters are taught upon the words of the artifact and correct those; they are judged beside what would be said in service.
    """
    newest, older = task.parts.judges, task.parts.teaches
    artifact = store.artifact_read(lake=lake_at(settings.LAKE_URL), version=task.base)
    words = LateWords.of(artifact, newest, task.late, progress=task.progress)
    new, old = (words.raw.taken(own.rows_of(VALIDATION)) for own in (newest, older))
    standing = artifact_calibrated(artifact=artifact, as_of=task.now)
    newer = standing.recalibrated
    served = words.served(artifact.trust if newer is None else newer.trust, task.parts)
    shared = artifact_judged(artifact, new, newest)
    heard = [
        Heard(dataset=newest, shared=shared.forecasts, served=served),
        Heard(dataset=older, shared=artifact_judged(artifact, old, older).forecasts),
    ]
    return replace(shared, forecasts=served, evidence=standing.evidence), heard


def _registered(
    run: TrainingRun, task: _Task, choice: AdapterChoice, adapters: Adapters
) -> ModelVersionFacts:
    base, until = task.base, clock.from_epoch_s(adapters.judged_until_s)
    identity = fingerprint([run.config_sha256, run.data_sha256, run.code_sha256, run.seed, run.pk])
    name = f"{KIND}-{base.label_set}-{until:%Y%m%d}-{identity[:8]}"
    told = plain(choice.told())
    metrics = {"base": base.version, "adapters": told}
    about: dict[str, Any] = {
        "version": name, "kind": KIND, "base": base.version, "recipe": base.recipe,
        "feature_set": base.feature_set_key, "label_set": base.label_set, "timeframe": base.timeframe,
        "trained_until": until.isoformat(), "is_simulated": base.is_simulated, "code_sha256": run.code_sha256,
    }  # fmt: skip
    rows = {"teaches": _span(task.parts.teaches), "judges": _span(task.parts.judges)}
    files = {
        store.ADAPTERS: adapters_json(adapters),
        store.METRICS: store.json_bytes(metrics),
        "recipe.json": store.json_bytes(asdict(task.plan)),
        "model_card.md": adapters_card(about, told, rows).encode(),
    }
    key = f"models/{name}"
    sha = store.artifact_write(lake=lake_at(settings.LAKE_URL), key=key, files=files, about=about)
    new = NewVersion(
        version=name, kind=KIND, recipe=base.recipe, feature_set_key=base.feature_set_key, label_set=base.label_set,
        timeframe=base.timeframe, horizons=base.horizons, lookback_bars=base.lookback_bars, trained_until=until,
        is_simulated=base.is_simulated, artifact_key=key, manifest_sha256=sha, metrics=metrics,
    )  # fmt: skip
    return version_register(new=new, run_id=run.pk, now=task.now)


def _entered(
    facts: ModelVersionFacts, champion: ModelVersionFacts | None, choice: AdapterChoice, task: _Task
) -> tuple[bool, str, ModelVersionFacts]:
    if facts.grade == "rejected":
        return False, f"rejected: {choice.reason}; {_what_stays(champion, task.base)}", facts
    kept = ", ".join(_kept(facts))
    try:
        entered = version_enter(
            version_id=facts.id, by=BY, reason=f"gate: {facts.grade}, {kept}", now=task.now
        )
    except PromotionRefusedError as error:
        return False, f"passed, not promoted: {error.detail}; {_what_stays(champion, task.base)}", facts
    return True, f"promoted: adapters of {kept} correct {task.base.version}", entered


def _what_stays(champion: ModelVersionFacts | None, base: ModelVersionFacts) -> str:
    if champion is None:
        return f"{base.version} answers by itself"
    try:
        own = adapters_base(version=champion)
    except ArtifactBrokenError:
        return f"{champion.version} is broken and silent, {base.version} answers by itself"
    if own == base.version:
        return f"{champion.version} stays"
    return f"{champion.version} belongs to {own} and is silent, {base.version} answers by itself"


def _kept(facts: ModelVersionFacts) -> tuple[str, ...]:
    verdicts: list[dict[str, Any]] = facts.metrics["adapters"]["verdicts"]  # type: ignore[index]  # JSON
    return tuple(own["secid"] for own in verdicts if own["kept"])


def _reused(base: ModelVersionFacts, facts: ModelVersionFacts, seconds: float) -> AdaptersReport:
    note = f"nothing has changed since {facts.version} was trained; it is {facts.state} ({facts.grade})"
    return AdaptersReport(
        base=base.version, version=facts, kept=_kept(facts), reused=True, promoted=False, note=note, seconds=seconds
    )  # fmt: skip


def _require_adapters(base: ModelVersionFacts, plan: Recipe) -> AdapterConfig:
    if plan.adapters is None:
        raise NotReadyError(
            f"{base.version} was trained by a recipe without adapters; give {plan.name} some and train it again",
            code="no_adapters",
        )
    return plan.adapters


def _span(dataset: Dataset) -> dict[str, Any]:
    moments = dataset.decision_s[dataset.rows_of(VALIDATION)]
    first, last = (clock.from_epoch_s(int(moment)) for moment in (np.min(moments), np.max(moments)))
    return {
        "first": f"{first:%Y-%m-%d}",
        "last": f"{last:%Y-%m-%d}",
        "rows": int((dataset.part == VALIDATION).sum()),
    }


def _config_sha(base: ModelVersionFacts, plan: Recipe) -> str:
    judged_by = [fingerprint(own) for own in (plan, policy_get(), account_get(), cost_model_get())]
    return fingerprint([KIND, base.version, base.manifest_sha256, *judged_by])
