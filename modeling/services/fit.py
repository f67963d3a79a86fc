"""Training a recipe: dataset, fit, calibration, export, judgement, registry. The only service that reaches Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from features.selectors.catalogue import feature_set_get
from modeling.contracts import HeadTrust, ModelVersionFacts
from modeling.contracts.registry import SYSTEM
from modeling.errors import PromotionRefusedError
from modeling.fitting.calibration import reduced
from modeling.fitting.candidates import (
    Candidate,
    Trained,
    candidate_calibrate,
    candidate_explain,
    candidate_judge,
    candidate_train,
    said_bytes,
    scaler_json,
)
from modeling.fitting.checkpoints import checkpoints_sweep
from modeling.fitting.council import council_seated
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.drift import drift_reference
from modeling.fitting.evaluation import plain
from modeling.fitting.explain_lines import explain_lines
from modeling.fitting.export import keras_bytes
from modeling.fitting.judging import KnownFigures, Rules, known_figures, policy_traded
from modeling.fitting.loading import dataset_load
from modeling.fitting.manifest import MadeFrom, code_sha256, dataset_manifest, trained_until_s
from modeling.fitting.plots import equity_png, learning_curve_png, reliability_png
from modeling.fitting.recipe import Recipe, recipe_load
from modeling.fitting.report import fallback_lines, held_out_lines, model_card
from modeling.fitting.trading import Traded
from modeling.kernels.gate import GateVerdict
from modeling.models import ModelVersion, TrainingRun
from modeling.registry import artifact as store
from modeling.selectors.configuration import (
    account_get,
    cost_model_get,
    drift_config_get,
    gate_get,
    policy_get,
)
from modeling.selectors.feature_families import feature_families
from modeling.selectors.versions import facts_of
from modeling.services.judgement import rules_of, version_judge
from modeling.services.ledger import NewTrial, trial_record
from modeling.services.registry import NewVersion, version_enter, version_register
from modeling.services.tracking import curves_track, training_track
from modeling.services.training_runs import training_run, training_runs_sweep
from modeling.systems.network_said import network_said_bytes
from modeling.systems.said_file import SAID
from traderai.common import clock
from traderai.common.config import fingerprint
from traderai.common.lake import lake_at
from traderai.common.progress import Progress, silent

STAGES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """What became of a training: the version, the gate's word and the honest table."""

    version: ModelVersionFacts
    reused: bool  # nothing had changed since this version was trained
    promoted: bool
    note: str
    table: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a dataset comes from."""

    as_of: datetime
    is_simulated: bool
    without_features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Offer:
    """What all candidates of one training share."""

    run: TrainingRun
    dataset: Dataset
    origin: Origin
    rules: Rules
    known: KnownFigures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """What an artifact tells besides its network."""

    manifest: dict[str, Any]
    table: list[str]
    tested: Traded
    said: bytes  # for a comparison with other runs
    read: dict[str, Any]  # `explain.json`


def recipe_train(
    *,
    recipe: str,
    as_of: datetime,
    seed: int = 0,
    overrides: tuple[str, ...] = (),
    progress: Progress = silent,
) -> TrainReport:
    """Train a recipe on what is known at `as_of`, register, judge and, if it passed, promote it or let it shadow.

    Repeating with the same recipe, data, code and seed trains nothing and returns the version that is there.
    A failure is kept with its reason in the training run; the champion stays in service. A fit that was killed goes on after
    its last whole epoch when the same training is begun again.
    """
    plan = recipe_load(recipe, overrides=overrides)
    dataset, is_simulated, without = dataset_load(
        plan,
        as_of=as_of,
        progress=lambda done, total, what: progress(0, STAGES, f"data {what} {done}/{total}"),
    )
    return dataset_train(
        plan=plan,
        dataset=dataset,
        origin=Origin(as_of=as_of, is_simulated=is_simulated, without_features=without),
        seed=seed,
        progress=progress,
    )


def dataset_train(
    *, plan: Recipe, dataset: Dataset, origin: Origin, seed: int, progress: Progress = silent
) -> TrainReport:
    """Train a recipe on an assembled dataset; everything after the loading of `recipe_train`, repeating included."""
    began_s = clock.monotonic_s()
    shas = {
        "config_sha256": _config_sha(plan), "data_sha256": dataset.sha256, "code_sha256": code_sha256(),
    }  # fmt: skip
    same = ModelVersion.objects.filter(
        run__seed=seed, run__state="done", **{f"run__{name}": value for name, value in shas.items()}
    ).last()
    if same is not None:
        return _reused(facts_of(same), clock.monotonic_s() - began_s)
    training_runs_sweep(now=clock.now())
    checkpoints_sweep(_checkpoints(), now_s=clock.to_epoch_s(clock.now()))
    new = TrainingRun(
        recipe=plan.name, seed=seed, as_of=origin.as_of, config=asdict(plan), started_at=clock.now(), **shas
    )
    with training_run(new) as run:
        report = _train(run, plan, dataset, origin, progress)
        run.metrics, run.log = report.version.metrics, "\n".join(report.table)
    training_track(run=run, version=report.version, note=report.note)
    return replace(report, seconds=clock.monotonic_s() - began_s)


def _train(
    run: TrainingRun, plan: Recipe, dataset: Dataset, origin: Origin, progress: Progress
) -> TrainReport:
    rules = rules_of(plan, seed=run.seed, simulated=origin.is_simulated)
    trained = candidate_train(dataset, rules, say=_stage(progress, 1, "fit"), checkpoints=_checkpoints())
    if plan.council is not None:
        trained = council_seated(trained, dataset, rules)
    progress(2, STAGES, "calibration")
    trust = candidate_calibrate(trained, rules)
    progress(2, STAGES, "baselines")
    known = known_figures(dataset, trained.scaler, rules, rows=trained.raw.rows, part=TEST)
    offer = _Offer(run=run, dataset=dataset, origin=origin, rules=rules, known=known)
    report, verdict = _offered(offer, trained, trust, progress=progress)
    lost = () if verdict is None else lost_kinds(verdict)
    if verdict is None or verdict.grade != "rejected" or not lost:
        return report
    # Where the network is not better than what is known without it, the base serves: that says "no edge" and
    # still gives ranges and break-evens. It is a version of its own, judged by the same gate.
    progress(2, STAGES, f"calibration with the base of {', '.join(lost)} instead")
    fallen = {name: reduced(own, kinds=lost) for name, own in trust.items()}
    second, _ = _offered(offer, trained, fallen, lost=lost, progress=progress)
    table = (*report.table, "", f"{report.version.version}: {report.note}", *fallback_lines(lost))
    return replace(second, table=table)


def _checkpoints() -> Path:
    return Path(settings.STATE_DIR) / "checkpoints"


def lost_kinds(verdict: GateVerdict) -> tuple[str, ...]:
    """Return the kinds of heads that the gate found worse than their base."""
    end = "_against_base"
    return tuple(c.name.removesuffix(end) for c in verdict.checks if c.name.endswith(end) and not c.passed)


def _offered(
    offer: _Offer,
    trained: Trained,
    trust: dict[str, HeadTrust],
    *,
    lost: tuple[str, ...] = (),
    progress: Progress,
) -> tuple[TrainReport, GateVerdict | None]:
    """Judge, store and register a candidate, and put it into shadow or service if the gate lets it.

    One that answers another question than today's champion is stored and compared, but not judged, so it cannot serve.
    """
    dataset, rules, plan = offer.dataset, offer.rules, offer.rules.recipe
    said = _stage(progress, 3, "test")
    made = candidate_judge(trained, trust, dataset, rules, known=offer.known, say=said)
    made.metrics["fallen_back_to_base"] = list(lost)
    tested = _tested(offer, made, lost)
    origin = offer.origin
    manifest = dataset_manifest(
        dataset,
        MadeFrom(
            recipe=plan,
            seed=rules.seed,
            is_simulated=origin.is_simulated,
            without_features=origin.without_features,
        ),
    )
    table = held_out_lines(made.metrics, is_simulated=offer.origin.is_simulated)
    new = _new_version(offer, made, suffix="-base" if lost else "")
    progress(4, STAGES, "artifact")
    told = _Told(
        manifest=manifest,
        table=[*table, *fallback_lines(lost)],
        tested=tested,
        said=network_said_bytes(made.judged, dataset, rules, tested, is_simulated=origin.is_simulated),
        read=candidate_explain(made, dataset, rules, say=_stage(progress, 4, "explain")),
    )
    sha = _write(new, plan, dataset, made, told)
    facts = version_register(new=replace(new, manifest_sha256=sha), run_id=offer.run.pk, now=clock.now())
    curves_track(version=facts.version, curves=made.trained.fitted.learning_curve)
    progress(5, STAGES, "gate")
    verdict: GateVerdict | None = None
    try:
        verdict, facts = version_judge(facts, made.judged, dataset, rules)
        promoted, note, facts = _promote(facts, verdict)
    except PromotionRefusedError as error:
        promoted, note = False, f"trained, to be compared; not judged by the gate: {error.detail}"
    progress(STAGES, STAGES, note)
    report = TrainReport(
        version=facts, reused=False, promoted=promoted, note=note, table=tuple(table), seconds=0.0
    )
    return report, verdict


def _tested(offer: _Offer, made: Candidate, lost: tuple[str, ...]) -> Traded:
    """Trade the test part; it counts as a trial at once: whatever fails from here on, it has been looked at."""
    run, plan = offer.run, offer.rules.recipe
    tested = policy_traded(made.judged, offer.dataset, offer.rules, part=TEST)
    trades = tested.simulation.trades
    new = NewTrial(
        kind="training", recipe=plan.name, labels=plan.labels(), is_simulated=offer.origin.is_simulated,
        config_sha256=fingerprint([run.config_sha256, run.code_sha256, run.seed, *lost]), run_id=run.pk,
        data_sha256=run.data_sha256, days=tested.simulation.daily.day, daily_net=tested.daily_net, trades=len(trades),
        net_expectancy_frac=trades.mean_net_frac,
    )  # fmt: skip
    trial_record(trial=new, now=clock.now())
    return tested


def _new_version(offer: _Offer, made: Candidate, *, suffix: str) -> NewVersion:
    run, dataset, plan = offer.run, offer.dataset, offer.rules.recipe
    until = clock.from_epoch_s(trained_until_s(dataset))
    identity = fingerprint([run.config_sha256, run.data_sha256, run.code_sha256, run.seed, run.pk])
    name = f"{plan.kind}-{plan.label_set}-{until:%Y%m%d}-{identity[:8]}{suffix}"
    return NewVersion(
        version=name,
        kind=plan.kind if plan.serves else SYSTEM,
        recipe=plan.name,
        feature_set_key=feature_set_get(name=plan.feature_set).key,
        label_set=plan.label_set,
        timeframe=plan.timeframe,
        horizons=dataset.horizons,
        lookback_bars=dataset.lookback_bars,
        trained_until=until,
        is_simulated=offer.origin.is_simulated,
        artifact_key=f"models/{name}",
        manifest_sha256="",
        metrics=made.metrics,
    )


def _write(
    new: NewVersion,
    plan: Recipe,
    dataset: Dataset,
    made: Candidate,
    told: _Told,
) -> str:
    judged = made.judged
    about = {
        "version": new.version, "recipe": plan.name, "kind": new.kind, "feature_set": new.feature_set_key,
        "label_set": plan.label_set, "timeframe": plan.timeframe, "lookback_bars": new.lookback_bars,
        "trained_until": new.trained_until.isoformat(), "is_simulated": new.is_simulated,
        "label_set_sha256": fingerprint(plan.labels()), "code_sha256": code_sha256(),
    }  # fmt: skip
    files = {
        store.KERAS: keras_bytes(made.trained.fitted.networks.serving),
        store.ONNX: made.trained.onnx,
        store.SCALER: store.json_bytes(scaler_json(dataset, judged.scaler)),
        store.CALIBRATION: store.json_bytes(
            {
                "trust": {name: asdict(item) for name, item in made.trust.items()},
                "volatility_feature": plan.network.volatility_feature,
            }
        ),
        store.EVIDENCE: store.evidence_bytes(
            evidence=judged.evidence,
            novelty_mean=judged.novelty.mean.tolist(),
            novelty_precision=judged.novelty.precision.tolist(),
        ),
        store.METRICS: store.json_bytes(
            {**made.metrics, "learning_curve": made.trained.fitted.learning_curve}
        ),
        **_rule_files(made),
        store.DRIFT: _drift_bytes(plan, dataset, made),
        **{store.EXPLAIN: store.json_bytes(told.read), SAID: told.said},
        "dataset.json": store.json_bytes(plain(told.manifest)),
        "recipe.json": store.json_bytes(asdict(plan)),
        "model_card.md": model_card(
            about, told.table, told.manifest, explain_lines(told.read, is_simulated=new.is_simulated)
        ).encode(),
        "learning_curve.png": learning_curve_png(made.trained.fitted.learning_curve),
        "reliability.png": reliability_png(judged.forecasts, dataset, part=TEST),
        "equity.png": equity_png(told.tested, title=f"{new.version} on the test part"),
    }
    return store.artifact_write(
        lake=lake_at(settings.LAKE_URL), key=new.artifact_key, files=files, about=about
    )


def _rule_files(made: Candidate) -> dict[str, bytes]:
    """Return by what the network's outputs are decided, moved and one day calibrated again, and what is traded."""
    rules = made.trained.council
    ranges, levels = (
        store.json_bytes({name: asdict(own) for name, own in taught.items()})
        for taught in (made.taught.ranges, made.taught.levels)
    )
    council = {} if rules is None else {store.COUNCIL: store.json_bytes(asdict(rules))}
    own = made.judged.thresholds
    thresholds = {} if own is None else {store.THRESHOLDS: store.json_bytes(asdict(own))}
    learned = {store.CONFORMAL: ranges, store.LEVELS: levels}
    return {**learned, store.FOLDS: said_bytes(made.trained), **council, **thresholds}


def _drift_bytes(plan: Recipe, dataset: Dataset, made: Candidate) -> bytes:
    families = feature_families(feature_set=plan.feature_set)
    said, config = made.judged.forecasts, drift_config_get()
    return store.json_bytes(asdict(drift_reference(dataset, said, families=families, config=config)))


def _promote(facts: ModelVersionFacts, verdict: GateVerdict) -> tuple[bool, str, ModelVersionFacts]:
    if verdict.grade == "rejected":
        return False, f"rejected: {', '.join(verdict.reasons)}", facts
    reason = f"gate: {verdict.grade}"
    try:
        entered = version_enter(version_id=facts.id, by="training", reason=reason, now=clock.now())
    except PromotionRefusedError as error:
        return False, f"passed as {verdict.grade}, not promoted: {error.detail}", facts
    held_back = f" (not proven to trade: {', '.join(verdict.reasons)})" if verdict.reasons else ""
    promoted = entered.state == ModelVersion.State.CHAMPION
    return promoted, f"{'promoted' if promoted else 'in shadow'} as {verdict.grade}{held_back}", entered


def _reused(facts: ModelVersionFacts, seconds: float) -> TrainReport:
    table = held_out_lines(facts.metrics, is_simulated=facts.is_simulated)
    note = f"nothing has changed since {facts.version} was trained; it is {facts.state} ({facts.grade})"
    return TrainReport(
        version=facts, reused=True, promoted=False, note=note, table=tuple(table), seconds=seconds
    )


def _config_sha(plan: Recipe) -> str:
    return fingerprint(
        [fingerprint(plan), fingerprint(plan.labels()), fingerprint(policy_get()), fingerprint(gate_get()),
         fingerprint(account_get()), fingerprint(cost_model_get()), feature_set_get(name=plan.feature_set).sha]
    )  # fmt: skip


def _stage(progress: Progress, number: int, name: str) -> Callable[[int, int, str], None]:
    return lambda done, total, what: progress(number, STAGES, f"{name} {done}/{total} {what}")
