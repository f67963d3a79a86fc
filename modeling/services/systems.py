"""Earlier systems: trained by their recipes, judged beside what they must beat, stored, and scored again from what was stored."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from features.selectors.catalogue import feature_set_get
from modeling.contracts import ModelVersionFacts
from modeling.contracts.registry import SYSTEM
from modeling.errors import ArtifactBrokenError
from modeling.fitting.dataset import TRAIN, VALIDATION
from modeling.fitting.manifest import code_sha256
from modeling.fitting.recipe import recipe_read
from modeling.models import ModelVersion, TrainingRun
from modeling.registry.artifact import artifact_verify, artifact_write, json_bytes, manifest_read
from modeling.selectors.versions import facts_of, version_get
from modeling.services.ledger import NewTrial, trial_record
from modeling.services.registry import NewVersion, version_register
from modeling.services.system_terms import system_config_sha, system_trader
from modeling.services.training_runs import training_run, training_runs_sweep
from modeling.systems.judged_slice import SliceAsk, judged_slice
from modeling.systems.lines import system_lines
from modeling.systems.loading import LoadedRows, system_load
from modeling.systems.pictures import confusion_png, system_pictures
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows, parted_by_split, require_rows
from modeling.systems.said import system_said_file
from modeling.systems.said_file import SAID, said_bytes
from modeling.systems.second_stage import system_load_fitted
from modeling.systems.system import FoundSystem, estimator_of, rescored, system_found
from modeling.systems.trading import Cut
from traderai.common import clock
from traderai.common.config import fingerprint, parse
from traderai.common.errors import InputError
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

METRICS, RECIPE, TOLD = "metrics.json", "recipe.json", "about.json"
STAGES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReport:
    """What became of a training, or of scoring a stored system again."""

    version: ModelVersionFacts
    reused: bool  # nothing had changed since this version was trained
    table: tuple[str, ...]
    files: tuple[str, ...]
    seconds: float


def system_train(
    *,
    recipe: str,
    as_of: datetime,
    seed: int = 0,
    overrides: tuple[str, ...] = (),
    progress: Progress = silent,
) -> SystemReport:
    """Train an earlier system on what is known at `as_of`, judge it on the test part, store and register it.

    It is studied and compared, never served: no gate judges it. Repeating with the same recipe, data, code and seed
    trains nothing and returns the version that is there. What is looked at of the test part counts as a trial.
    Raises: InputError for an unknown recipe or parameter, NotReadyError and DatasetRefusedError where the data cannot
    teach or judge; nothing is stored then but the failed run.
    """
    plan = recipe_read(recipe, SystemRecipe, overrides=overrides)
    estimator_of(plan)  # refuses what is unknown before anything is loaded
    loaded = system_load(plan, as_of=as_of, progress=_stage(progress, 0, "data"))
    return loaded_train(plan=plan, loaded=loaded, as_of=as_of, seed=seed, progress=progress)


def loaded_train(
    *, plan: SystemRecipe, loaded: LoadedRows, as_of: datetime, seed: int, progress: Progress = silent
) -> SystemReport:
    """Train on rows that are there; everything after the loading of `system_train`, repeating included."""
    began_s = clock.monotonic_s()
    rows = _parted(loaded.rows, plan)
    trader = system_trader(plan)
    shas = {
        "config_sha256": system_config_sha(plan),
        "data_sha256": rows.sha256,
        "code_sha256": code_sha256(),
    }
    same = ModelVersion.objects.filter(
        kind=SYSTEM,
        run__seed=seed,
        run__state="done",
        **{f"run__{name}": value for name, value in shas.items()},
    ).last()
    if same is not None:
        return _told(facts_of(same), reused=True, seconds=clock.monotonic_s() - began_s)
    training_runs_sweep(now=clock.now())
    new = TrainingRun(
        recipe=plan.name, seed=seed, as_of=as_of, config=asdict(plan), started_at=clock.now(), **shas
    )
    with training_run(new) as run:
        found = system_found(
            plan, rows, trader, seed=seed, threads=os.cpu_count() or 1, say=_stage(progress, 1, "fit")
        )
        _count(run, plan, found, is_simulated=loaded.is_simulated)
        facts = _stored(run, plan, loaded, rows, found)
        run.metrics, run.log = (
            found.figures,
            "\n".join(system_lines(found.figures, is_simulated=loaded.is_simulated)),
        )
        progress(STAGES, STAGES, "stored")
    return _told(facts, reused=False, seconds=clock.monotonic_s() - began_s)


def system_evaluate(
    *,
    version: str,
    ask: SliceAsk = SliceAsk(),
    folder: Path | None = None,
    progress: Progress = silent,
) -> SystemReport:
    """Score a stored system again on the test slice that it was judged on or on some rows of it, by what its artifact holds.

    Nothing is learned, stored or counted: the same rows were looked at when it was trained. Into a folder go the figures
    and the confusion matrix.
    Raises: NotFoundError for an unknown version, ArtifactBrokenError where its files are not those that were registered or
    other figures come out, InputError for a version that is no earlier system, data that have changed since, or rows that
    it was not judged on.
    """
    facts = version_get(version=version)
    if facts.kind != SYSTEM:
        raise InputError(
            f"version must be of kind {SYSTEM}, {version} is of kind {facts.kind}", field="version"
        )
    files = artifact_files(facts)
    plan: SystemRecipe = parse(
        json.loads(files[RECIPE]), SystemRecipe, where=f"{facts.artifact_key}/{RECIPE}"
    )
    as_of = datetime.fromisoformat(json.loads(files[TOLD])["as_of"])
    loaded = system_load(plan, as_of=as_of, progress=_stage(progress, 0, "data"))
    return loaded_evaluate(facts=facts, plan=plan, files=files, loaded=loaded, ask=ask, folder=folder)


def loaded_evaluate(
    *,
    facts: ModelVersionFacts,
    plan: SystemRecipe,
    files: dict[str, bytes],
    loaded: LoadedRows,
    ask: SliceAsk = SliceAsk(),
    folder: Path | None = None,
) -> SystemReport:
    """Score a stored system on rows that are there; everything after the loading of `system_evaluate`."""
    began_s = clock.monotonic_s()
    version, about = facts.version, json.loads(files[TOLD])
    rows = _parted(loaded.rows, plan)
    if rows.sha256 != about["data_sha256"]:
        raise InputError(
            f"the data of {version} have changed since it was trained; its stored figures stand, train it anew for others",
            field="version",
        )
    cut = Cut(threshold=about["threshold"], tuned_for=about["tuned_for"])
    fitted, asked = system_load_fitted(estimator_of(plan), files), judged_slice(rows, ask)
    again = rescored(plan, fitted, cut, asked, system_trader(plan), seed=about["seed"])
    stored = json.loads(files[METRICS])["test"][plan.name]
    if ask.whole and again.figures["test"][plan.name] != stored:
        raise ArtifactBrokenError(
            f"{version} scores other figures than were stored when it was trained; train again"
        )
    report = _told(facts, reused=True, seconds=clock.monotonic_s() - began_s)
    if not ask.whole:
        table = tuple(system_lines(again.figures, is_simulated=facts.is_simulated))
        report = replace(report, table=table)
    return report if folder is None else replace(report, files=_evaluation(folder, facts, again))


def _evaluation(folder: Path, facts: ModelVersionFacts, again: FoundSystem) -> tuple[str, ...]:
    """Write what scoring a system again gave; return where."""
    told = again.figures["test"][facts.recipe]
    contents = {
        f"{facts.version}.metrics.json": json_bytes({"version": facts.version, **told}),
        f"{facts.version}.confusion.png": confusion_png(
            told["classes"], title=f"{facts.version}, scored again"
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return tuple(str(folder / name) for name in contents)


def _parted(rows: SystemRows, plan: SystemRecipe) -> SystemRows:
    found = parted_by_split(rows, plan.split, newest=plan.max_rows)
    require_rows(found, least=plan.min_rows)
    return found


def _count(run: TrainingRun, plan: SystemRecipe, found: FoundSystem, *, is_simulated: bool) -> None:
    trades = found.traded.simulation.trades
    new = NewTrial(
        kind="training", recipe=plan.name, labels=plan.labels(), is_simulated=is_simulated, run_id=run.pk,
        config_sha256=fingerprint([run.config_sha256, run.code_sha256, run.seed]), data_sha256=run.data_sha256,
        days=found.traded.simulation.daily.day, daily_net=found.traded.daily_net, trades=len(trades),
        net_expectancy_frac=trades.mean_net_frac,
    )  # fmt: skip
    trial_record(trial=new, now=clock.now())


def _stored(
    run: TrainingRun, plan: SystemRecipe, loaded: LoadedRows, rows: SystemRows, found: FoundSystem
) -> ModelVersionFacts:
    taught = (rows.part == TRAIN) | (rows.part == VALIDATION)
    until = clock.from_epoch_s(int(rows.window_end_s[taught].max()))
    identity = fingerprint([run.config_sha256, run.data_sha256, run.code_sha256, run.seed, run.pk])
    name = f"{plan.name}-{until:%Y%m%d}-{identity[:8]}"
    key = f"systems/{name}"
    about: dict[str, Any] = {
        "version": name, "recipe": plan.name, "kind": SYSTEM, "feature_set": feature_set_get(name=plan.feature_set).key,
        "label_set": plan.label_set, "timeframe": plan.timeframe, "trained_until": until.isoformat(),
        "is_simulated": loaded.is_simulated, "as_of": run.as_of.isoformat(), "seed": run.seed,
        "data_sha256": run.data_sha256, "code_sha256": run.code_sha256, "threshold": found.said.cut.threshold,
        "tuned_for": found.said.cut.tuned_for,
    }  # fmt: skip
    said = system_said_file(
        plan, rows, system_trader(plan), (found.said, *found.others), is_simulated=loaded.is_simulated
    )
    files = {
        **found.fitted.files(),
        **system_pictures(found, rows, name=plan.name),
        METRICS: json_bytes(found.figures),
        RECIPE: json_bytes(asdict(plan)),
        TOLD: json_bytes(about),
        SAID: said_bytes(said),
        "dataset.json": json_bytes(_dataset(rows, loaded)),
        "model_card.md": _card(about, rows, loaded, found).encode(),
    }
    sha = artifact_write(lake=lake_at(settings.LAKE_URL), key=key, files=files, about=about)
    new = NewVersion(
        version=name, kind=SYSTEM, recipe=plan.name, feature_set_key=about["feature_set"], label_set=plan.label_set,
        timeframe=plan.timeframe, horizons=plan.labels().horizons, lookback_bars=plan.lookback_bars, trained_until=until,
        is_simulated=loaded.is_simulated, artifact_key=key, manifest_sha256=sha, metrics=found.figures,
    )  # fmt: skip
    return version_register(new=new, run_id=run.pk, now=clock.now())


def _dataset(rows: SystemRows, loaded: LoadedRows) -> dict[str, Any]:
    return {
        "sha256": rows.sha256,
        "secids": list(rows.secids),
        "without_features": list(loaded.without_features),
        "features": list(rows.features),
        "classes": list(rows.classes),
        "bars": int(rows.label.size),
        "exclusions": rows.exclusions,
        "purged": rows.purged,
    }


def _card(about: dict[str, Any], rows: SystemRows, loaded: LoadedRows, found: FoundSystem) -> str:
    lines = system_lines(found.figures, is_simulated=loaded.is_simulated)
    left_out = [
        f"* {reason}: {count:,}" for reason, count in {**rows.exclusions, **rows.purged}.items() if count
    ]
    return "\n".join(
        [
            f"# Model card: {about['version']}", "",
            "| fact | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in about.items()), "",
            f"Shares: {', '.join(rows.secids)}.", "", "Left out (rows):", "", *(left_out or ["* nothing"]), "",
            "## Held-out figures", "", "```", *lines, "```", "", "## Limits", "",
            "* An earlier system, kept for comparison: it is never served.",
            "* Its labels begin at the decision's close, where nothing can be traded; its trades enter at the next open.",
            "* The cut was chosen on the validation part, which also stopped or chose the fit where the recipe says so.", "",
        ]
    )  # fmt: skip


def _told(facts: ModelVersionFacts, *, reused: bool, seconds: float) -> SystemReport:
    folder = lake_at(settings.LAKE_URL).local_path(facts.artifact_key)
    names = manifest_read(
        lake=lake_at(settings.LAKE_URL), key=facts.artifact_key, manifest_sha256=facts.manifest_sha256
    )["files"]
    where = facts.artifact_key if folder is None else str(folder)
    return SystemReport(
        version=facts,
        reused=reused,
        table=tuple(system_lines(facts.metrics, is_simulated=facts.is_simulated)),
        files=tuple(f"{where}/{name}" for name in sorted(names)),
        seconds=seconds,
    )


def artifact_files(facts: ModelVersionFacts) -> dict[str, bytes]:
    """Return every file of a stored system, checked against its manifest; what was changed is an ArtifactBrokenError."""
    lake = lake_at(settings.LAKE_URL)
    artifact_verify(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)
    names = manifest_read(lake=lake, key=facts.artifact_key, manifest_sha256=facts.manifest_sha256)["files"]
    return {
        name: lake.read(f"{facts.artifact_key}/{name}", sha256=own["sha256"]) for name, own in names.items()
    }


def _stage(progress: Progress, number: int, name: str) -> Progress:
    return lambda done, total, what: progress(number, STAGES, f"{name} {done}/{total} {what}")
