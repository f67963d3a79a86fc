"""Training end to end on synthetic bars: it learns what was planted, repeats itself and publishes what it judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings

pytest.importorskip("keras", reason="training needs Keras")

from modeling.errors import ArtifactBrokenError, PromotionRefusedError
from modeling.fitting.dataset import TEST, Dataset
from modeling.kernels.metrics import roc_auc
from modeling.models import GateVerdict, LeakAudit, ModelVersion, Promotion, TrainingRun, Trial
from modeling.registry.artifact import MANIFEST, artifact_file, artifact_verify
from modeling.selectors.artifacts import artifact_load, scorer_open
from modeling.selectors.drivers import drivers
from modeling.selectors.versions import champion_get, leak_audit_passed, version_get
from modeling.services.evaluate import dataset_evaluate
from modeling.services.explain import dataset_explain, stored_explain
from modeling.services.fit import Origin, TrainReport, dataset_train
from modeling.services.leak_audit import dataset_audit
from modeling.services.registry import version_promote, version_rollback
from modeling.services.rejudge import dataset_rejudge
from modeling.systems.said_file import said_read
from tests.modeling.synthetic import dataset, shuffled, tiny_recipe
from traderai.common.errors import ConflictError
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, tzinfo=UTC)
ORIGIN = Origin(as_of=NOW, is_simulated=True)


def trained(data: Dataset, seed: int = 0, **overrides: object) -> TrainReport:
    recipe = tiny_recipe(label_set="quick_v1", **overrides)
    return dataset_train(plan=recipe, dataset=data, origin=ORIGIN, seed=seed)


def scores(report: TrainReport, data: Dataset, rows: np.ndarray, horizon: str) -> list:
    scorer = scorer_open(artifact=artifact_load(version=report.version))
    windows = np.stack([data.values[row - data.lookback_bars + 1 : row + 1] for row in rows])
    secids = [data.secids[number] for number in data.instrument[rows]]
    return list(scorer.predict(windows=windows, secids=secids, horizon=horizon))


def test_training_learns_a_planted_pattern_publishes_and_repeats_itself(quick: Path, settings):
    settings.TENSORBOARD_DIR = str(quick.parent / "events")
    data = dataset(planted=True)
    report = trained(data)
    assert list((quick.parent / "events" / report.version.version).glob("events.out.tfevents.*"))
    test_rows = np.flatnonzero(data.part[:, 1] == TEST)
    found = scores(report, data, test_rows, "2d")
    y = data.targets.p_long[test_rows, 1]
    auc = roc_auc(y, np.array([prediction.p_long for prediction in found]))
    assert auc > 0.65
    # What the table says is what the served bytes say.
    shown = report.version.metrics["test"]["heads"]["p_long_2d"]["models"]["network"]["roc_auc"]["value"]
    assert auc == pytest.approx(shown, abs=1e-9)
    for prediction in found:
        assert 0 <= prediction.p_long <= 1
        assert 0 <= prediction.p_short <= 1
        assert sum(prediction.direction) == pytest.approx(1)
        assert list(prediction.return_quantiles) == sorted(prediction.return_quantiles)
    assert report.version.grade in ("inform", "trade")
    assert report.promoted
    assert champion_get() == report.version
    assert any("SIMULATED" in line for line in report.table)
    assert GateVerdict.objects.get().verdict == report.version.grade
    trial = Trial.objects.get()
    assert (trial.label_family, trial.data_family, trial.run) == (
        "quick",
        "simulated-1h",
        TrainingRun.objects.get(),
    )
    told = report.version.metrics["test"]["policy"]["configured_cost"]
    assert (trial.trades, len(trial.days)) == (told["trades"], report.version.metrics["test"]["days"])
    assert trial.net_expectancy_frac == pytest.approx(told["net_expectancy_frac"]["value"])

    again = trained(data)
    assert again.reused
    assert again.version == report.version
    assert (TrainingRun.objects.count(), Trial.objects.count()) == (1, 1)

    audit = dataset_audit(facts=report.version, dataset=data, now=NOW)
    assert not audit.passed  # the planted hint tells more than an honest feature may; the rest is in order
    assert [check.name for check in audit.checks if not check.passed] == ["target_scan"]
    assert LeakAudit.objects.get().checks[0]["passed"] is False
    assert not leak_audit_passed(version_id=report.version.id)
    LeakAudit.objects.create(version_id=report.version.id, passed=True, checks=[{}], at=NOW)
    assert leak_audit_passed(version_id=report.version.id)  # the newest counts
    other = replace(data, values=data.values + 1)
    with pytest.raises(ConflictError, match="the terms of trading or the code that reads them changed since"):
        dataset_audit(facts=report.version, dataset=other, now=NOW)

    assert_judged_again(report, data)
    assert_evaluated_again(report, data)
    assert_explained(report, data)
    lake, key = lake_at(django_settings.LAKE_URL), report.version.artifact_key
    artifact_verify(lake=lake, key=key, manifest_sha256=report.version.manifest_sha256)
    names = {path.name for path in (quick / key).iterdir()}
    assert {
        "network.keras",
        "network.onnx",
        "explain.json",
        "model_card.md",
        "reliability.png",
        "thresholds.json",
        MANIFEST,
    } <= names
    learned = report.version.metrics["thresholds"]
    assert len(learned["folds"]) == 3 and learned["mode"] == "edge"
    serving = artifact_load(version=report.version).thresholds
    assert serving is not None and bool(serving.least_edges) == learned["kept"]
    filters = report.version.metrics["filters"]
    assert [step["kinds"][0] for step in filters] == ["regime", "volatility"]
    assert (serving.filters is not None) == any(step["kept"] for step in filters)
    assert f"\ncells left out (regime): {filters[0]['reason']}" in (quick / key / "model_card.md").read_text()
    assert (
        f"\nleast edges by regime (edge): {learned['reason']}" in (quick / key / "model_card.md").read_text()
    )
    assert "\nhint  " in (quick / key / "model_card.md").read_text()
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    onnx = quick / key / "network.onnx"
    onnx.write_bytes(onnx.read_bytes()[:-1] + b"\0")
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        artifact_load(version=report.version)


def assert_evaluated_again(report: TrainReport, data: Dataset) -> None:
    """The stored bytes give the stored figures, and what was said is kept for a comparison with other runs."""
    told = dataset_evaluate(facts=report.version, dataset=data)
    assert told.version == report.version
    assert any(line.startswith("TEST part") for line in told.table)
    lake = lake_at(django_settings.LAKE_URL)
    said = said_read(artifact_file(lake=lake, version=report.version, name="said.npz") or b"")
    assert (said.recipe, said.horizons) == ("global_swing_v1", data.horizons)
    assert said.label.size == int((data.part == TEST).sum())
    network, base = said.speakers
    y = said.label[said.horizon == 1] == 2
    test_rows = np.flatnonzero(data.part[:, 1] == TEST)
    np.testing.assert_array_equal(y, data.targets.p_long[test_rows, 1] == 1.0)
    shown = report.version.metrics["test"]
    auc = roc_auc(y.astype(float), network.scores[said.horizon == 1, 2])
    assert auc == pytest.approx(
        shown["heads"]["p_long_2d"]["models"]["network"]["roc_auc"]["value"], abs=0.02
    )
    assert network.booked.net_frac.size == shown["policy"]["configured_cost"]["trades"]
    assert (network.side != 0).sum() >= network.booked.net_frac.size > 0
    assert base.booked.net_frac.size == 0 and not base.side.any()
    wrong = replace(report.version, metrics={**report.version.metrics, "test": {**shown, "days": 1}})
    with pytest.raises(ArtifactBrokenError, match=r"other figures than were stored .*\(days\)"):
        dataset_evaluate(facts=wrong, dataset=data)


def test_an_earlier_network_is_stored_and_scored_again_and_never_serves(quick: Path):
    data = dataset(days=120, planted=True)
    quickly = {
        "split.calibration_folds": 1, "fit.max_epochs": 1, "fit.max_windows_per_epoch": 1000, "evaluation.explain_rows": 200,
    }  # fmt: skip
    report = trained(data, serves="false", **quickly)
    assert not report.promoted
    assert "earlier system" in report.note
    assert (report.version.slot, report.version.state, report.version.grade) == ("", "candidate", "unjudged")
    lake = lake_at(django_settings.LAKE_URL)
    said = said_read(artifact_file(lake=lake, version=report.version, name="said.npz") or b"")
    assert [own.name for own in said.speakers[1:]] == ["base rate", "last move", "logistic regression"]
    y = (said.label == 2).astype(float)
    planted = [roc_auc(y, own.scores[:, 2]) for own in said.speakers]
    assert (
        planted[3] > 0.6 > planted[2]
    )  # the line sees what was planted in a feature, the last move does not
    assert said.speakers[3].booked.net_frac.size > 0
    with pytest.raises(PromotionRefusedError, match="earlier system"):
        version_promote(version_id=report.version.id, by="t", reason="r", now=NOW)
    assert dataset_evaluate(facts=report.version, dataset=data).version == report.version


def assert_judged_again(report: TrainReport, data: Dataset) -> None:
    """The published bytes are worth what training found; a version judged beside a former champion is judged anew."""
    first = GateVerdict.objects.get()
    assert "leak_audit_needed" in first.numbers["reasons"]
    verdict, facts = dataset_rejudge(facts=report.version, dataset=data)
    assert "leak_audit_needed" not in verdict.reasons  # the audit has passed since
    newest = GateVerdict.objects.latest("pk")
    assert newest.numbers["figures"] == first.numbers["figures"]
    assert (newest.against_id, facts.state) == (None, "champion")  # nobody is his own rival
    twin = ModelVersion.objects.get(pk=facts.id)
    twin.pk, twin.version, twin.state, twin.grade = None, "twin", "candidate", "inform"
    twin.save()
    told = {"version_id": twin.pk, "by": "t", "reason": "r", "now": NOW}
    GateVerdict.objects.create(version=twin, verdict="inform", at=NOW)
    with pytest.raises(PromotionRefusedError, match=r"another champion .* run manage\.py models judge twin"):
        version_promote(**told)
    _, facts = dataset_rejudge(facts=version_get(version="twin"), dataset=data)
    newest = GateVerdict.objects.latest("pk")
    assert (newest.against_id, newest.numbers["compared_with_champion"]) == (report.version.id, True)
    assert version_promote(**told).state == "champion"
    version_rollback(by="t", reason="r", now=NOW)
    with pytest.raises(ConflictError, match="changed since"):
        dataset_rejudge(facts=facts, dataset=replace(data, values=data.values + 1))


def assert_explained(report: TrainReport, data: Dataset) -> None:
    """What was planted comes first, for the version and for single predictions; measuring again gives the same."""
    facts = report.version
    stored = stored_explain(facts)
    hint, *others = stored.told["features"]
    assert hint["feature"] == "hint"
    assert hint["p_long"]["low"] > 0 and hint["p_short"]["low"] > 0
    assert hint["log_loss"]["value"] > 5 * max(own["log_loss"]["value"] for own in others)
    again = dataset_explain(facts=facts, dataset=data)
    assert (again.told, again.lines, again.stored) == (stored.told, stored.lines, False)
    assert dataset_explain(facts=facts, dataset=data, rows=200).told["rows"] == 200
    with pytest.raises(ConflictError, match="the terms of trading or the code that reads them changed since"):
        dataset_explain(facts=facts, dataset=replace(data, values=data.values + 1))
    scorer = scorer_open(artifact=artifact_load(version=facts))
    rows = data.rows_of(TEST)[::60]
    for row in rows[data.values[rows, 0] != 0]:
        window = data.values[row - data.lookback_bars + 1 : row + 1]
        found = drivers(scorer=scorer, window=window, secid="SHR0", horizon="2d")
        effect = next(each.effect for each in found.features if each.feature == "hint")
        assert np.sign(effect.p_long) == np.sign(window[-1, 0]) == -np.sign(effect.p_short)


def test_the_same_seed_gives_the_same_result_and_noise_earns_no_trade_grade(quick: Path):
    data = dataset(planted=False)
    # One network of an earlier fold is trained twice, too; the test above trains all of the packaged recipe's.
    two_networks = {"split.calibration_folds": 2}
    first = trained(data, seed=7, **two_networks)
    before = first.version.metrics
    evidence = (quick / first.version.artifact_key / "evidence.json").read_bytes()
    GateVerdict.objects.all().delete()
    Promotion.objects.all().delete()
    # One that answers another question serves by now: what cannot be compared with it is stored and not judged.
    ModelVersion.objects.update(state="champion", grade="inform", lookback_bars=16, run=None)
    counted = Trial.objects.count()
    second = trained(data, seed=7, **two_networks)
    assert not second.reused
    assert "not judged by the gate" in second.note and "lookback_bars must be 16, was 8" in second.note
    assert (second.version.state, GateVerdict.objects.count()) == ("candidate", 0)
    assert TrainingRun.objects.latest("pk").state == "done"
    assert Trial.objects.count() == counted  # the same evaluation is no second look
    assert second.version.metrics["test"] == before["test"]
    assert (quick / second.version.artifact_key / "evidence.json").read_bytes() == evidence
    assert first.version.grade != "trade"


def test_a_failed_run_is_kept_with_its_reason(quick: Path):
    data = dataset(planted=True)
    recipe = tiny_recipe(label_set="quick_v1", **{"fit.max_epochs": 1, "network.lookback_bars": 16})
    with pytest.raises(ValueError, match="shape"):
        dataset_train(plan=recipe, dataset=data, origin=ORIGIN, seed=0)
    run = TrainingRun.objects.get()
    assert (run.state, bool(run.error)) == ("failed", True)
    assert not Trial.objects.exists()  # nothing was measured on held-out rows
    assert champion_get() is None


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_a_training_on_shuffled_labels_is_never_graded_trade(quick: Path, seed: int):
    """The last fifth of its days and a share's trades would be enough for the gate."""
    data = shuffled(dataset(days=302, seed=seed), seed=seed)
    report = trained(data, seed=seed)
    assert report.version.grade in ("rejected", "inform"), report.note
