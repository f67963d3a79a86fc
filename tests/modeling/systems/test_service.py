"""A system trained, stored, scored again from its files; refused where it cannot be; never promoted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from modeling.errors import ArtifactBrokenError, DatasetRefusedError, PromotionRefusedError
from modeling.fitting.recipe import recipe_kind, recipe_names, recipe_read
from modeling.models import ModelVersion, TrainingRun, Trial
from modeling.registry.artifact import artifact_write
from modeling.selectors.versions import version_get
from modeling.services.compare import runs_compare
from modeling.services.registry import version_promote
from modeling.services.systems import artifact_files, loaded_evaluate, loaded_train
from modeling.systems.comparison import ComparisonConfig
from modeling.systems.judged_slice import SliceAsk
from modeling.systems.lines import system_lines
from modeling.systems.recipe import SystemRecipe
from modeling.systems.system import estimator_of
from tests.modeling.systems.maker import loaded, plan
from tests.modeling.systems.test_estimators import SMALL
from tests.modeling.systems.test_reinforcement import THREE, three_class_plan
from traderai.common.errors import InputError
from traderai.common.lake import lake_at

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 1, 10, tzinfo=UTC)


def trained(name: str = "xgboost", **options):
    own = plan(name, **SMALL[name])
    return own, loaded_train(plan=own, loaded=loaded(**options), as_of=NOW, seed=1)


def test_every_packaged_system_has_a_label_set_and_an_estimator():
    systems = [name for name in recipe_names() if recipe_kind(name) == "system"]
    assert systems
    for name in systems:
        own = recipe_read(name, SystemRecipe)
        assert own.labels().kind == "class"
        estimator_of(own)


def test_a_system_is_stored_with_all_that_it_was_made_of_and_repeats_itself(lake):
    own, report = trained(planted=True)
    assert not report.reused
    names = {path.rsplit("/", 1)[1] for path in report.files}
    assert {
        "xgboost.ubj",
        "recipe.json",
        "metrics.json",
        "model_card.md",
        "confusion.png",
        "equity.png",
    } <= names
    assert any("SIMULATED" in line for line in report.table)
    table = "\n".join(report.table)
    for name in ("base rate", "last move", "logistic regression", "xgboost"):
        assert name in table
    again = loaded_train(plan=own, loaded=loaded(planted=True), as_of=NOW, seed=1)
    assert again.reused
    assert again.version == report.version
    assert (ModelVersion.objects.count(), TrainingRun.objects.count(), Trial.objects.count()) == (1, 1, 1)
    assert Trial.objects.get().trades == report.version.metrics["test"]["xgboost"]["trading"]["trades"]


def test_the_stored_files_score_the_same_figures(lake):
    own, report = trained("random_forest", planted=True)
    files = artifact_files(report.version)
    told = loaded_evaluate(facts=report.version, plan=own, files=files, loaded=loaded(planted=True))
    assert told.table == report.table
    stored = version_get(
        version=report.version.version
    )  # whose names the database has put in an order of its own
    assert [line[:20] for line in system_lines(stored.metrics, is_simulated=True)] == [
        line[:20] for line in report.table
    ]
    with pytest.raises(InputError, match="have changed"):
        loaded_evaluate(facts=report.version, plan=own, files=files, loaded=loaded(planted=True, seed=3))
    other = files | {"metrics.json": files["metrics.json"].replace(b'"trades"', b'"traded"')}
    with pytest.raises(ArtifactBrokenError, match="other figures"):
        loaded_evaluate(facts=report.version, plan=own, files=other, loaded=loaded(planted=True))


def test_a_second_stage_is_stored_and_scores_the_same_figures(lake):
    own = replace(three_class_plan(), label_set="threshold3_v1")
    report = loaded_train(plan=own, loaded=loaded(planted=True, **THREE), as_of=NOW, seed=1)
    files = artifact_files(report.version)
    assert "reinforcement.json" in files
    assert any("second stage (policy gradient on" in line for line in report.table)
    told = loaded_evaluate(facts=report.version, plan=own, files=files, loaded=loaded(planted=True, **THREE))
    assert told.table == report.table


def test_too_few_rows_fail_the_run_before_anything_is_stored(lake):
    own = replace(plan("xgboost"), min_rows=100_000)
    with pytest.raises(DatasetRefusedError, match="at least"):
        loaded_train(plan=own, loaded=loaded(), as_of=NOW, seed=1)
    assert not ModelVersion.objects.exists()


def test_a_system_is_never_promoted(lake):
    _, report = trained()
    with pytest.raises(PromotionRefusedError, match="earlier system"):
        version_promote(version_id=report.version.id, by="staff", reason="try", now=NOW)


def test_what_is_unknown_is_refused_with_a_hint(lake):
    with pytest.raises(InputError, match="did you mean 'xgboost'"):
        estimator_of(plan("xgboost", "estimator=xgbost"))
    with pytest.raises(InputError, match="unknown key 'treez'"):
        estimator_of(plan("random_forest", treez=3))


def test_a_forecaster_of_closes_is_stored_drawn_and_scored_again_without_keras(lake):
    own, report = trained("price_lstm")
    names = {path.rsplit("/", 1)[1] for path in report.files}
    assert {"price.onnx", "price.keras", "learning_curve.png", "forecast.png", "said.npz"} <= names
    assert "the last close" in "\n".join(report.table)
    files = artifact_files(report.version)
    told = loaded_evaluate(facts=report.version, plan=own, files=files, loaded=loaded())
    assert told.table == report.table


def test_a_slice_of_the_test_part_is_scored_and_written(lake, tmp_path):
    own, report = trained(planted=True)
    asked = {"facts": report.version, "plan": own, "files": artifact_files(report.version)}
    whole = loaded_evaluate(**asked, loaded=loaded(planted=True), folder=tmp_path / "whole")
    assert [path.rsplit(".", 2)[1:] for path in whole.files] == [["metrics", "json"], ["confusion", "png"]]
    told = json.loads((tmp_path / "whole" / f"{report.version.version}.metrics.json").read_text())
    assert told["classes"] == report.version.metrics["test"]["xgboost"]["classes"]
    secid = loaded().rows.secids[1]
    ask = SliceAsk(tickers=(secid,), max_rows=100)
    few = loaded_evaluate(**asked, loaded=loaded(planted=True), ask=ask, folder=tmp_path / "few")
    assert "TEST part, 100 rows" in few.table[1]
    told = json.loads((tmp_path / "few" / f"{report.version.version}.metrics.json").read_text())
    assert told["classes"]["rows"] == 100
    for wrong, message in (
        (SliceAsk(tickers=("SBER",)), f"must be of .*{secid}"),
        (SliceAsk(timeframe="5m"), "--timeframe must be 1h"),
    ):
        with pytest.raises(InputError, match=message):
            loaded_evaluate(**asked, loaded=loaded(planted=True), ask=wrong)
    with pytest.raises(InputError, match="at least 1"):
        SliceAsk(max_rows=0)


def test_stored_runs_are_compared_and_those_that_said_nothing_are_refused(lake, tmp_path):
    _, one = trained(planted=True)
    _, other = trained("random_forest", planted=True)
    runs = [one.version.version, other.version.version]
    report = runs_compare(runs=runs, folder=tmp_path, config=ComparisonConfig(resamples=100))
    assert {path.rsplit("/", 1)[1] for path in report.files} == {
        "compare.json", "compare.txt", "compare.html", "equity.png",
    }  # fmt: skip
    told = one.version.metrics["test"]["xgboost"]
    found = report.figures["rows"][0]["figures"][one.version.version]
    assert found["accuracy"]["value"] == pytest.approx(told["classes"]["accuracy"]["value"])
    traded = report.figures["trading"]["figures"][one.version.version]
    assert traded["trades"] == told["trading"]["trades"]
    assert traded["net_total_frac"] == pytest.approx(told["trading"]["net_total_frac"])
    call_command("compare", *runs, "--output", str(tmp_path / "again"))
    with pytest.raises(CommandError, match="no model version 'xgbost'"):
        call_command("compare", "xgbost", runs[0])
    files = {name: held for name, held in artifact_files(one.version).items() if name != "said.npz"}
    sha = artifact_write(lake=lake_at(settings.LAKE_URL), key="systems/silent", files=files, about={})
    silent = ModelVersion.objects.filter(version=runs[0])
    silent.update(artifact_key="systems/silent", manifest_sha256=sha)
    with pytest.raises(CommandError, match="stored no word of its test part; train xgboost again"):
        call_command("compare", *runs)
