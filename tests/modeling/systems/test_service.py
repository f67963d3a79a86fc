"""A system trained, stored, scored again from its files; refused where it cannot be; never promoted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from modeling.errors import ArtifactBrokenError, DatasetRefusedError, PromotionRefusedError
from modeling.fitting.recipe import recipe_kind, recipe_names, recipe_read
from modeling.models import ModelVersion, TrainingRun, Trial
from modeling.selectors.versions import version_get
from modeling.services.registry import version_promote
from modeling.services.systems import artifact_files, loaded_evaluate, loaded_train
from modeling.systems.lines import system_lines
from modeling.systems.recipe import SystemRecipe
from modeling.systems.system import estimator_of
from tests.modeling.systems.maker import loaded, plan
from tests.modeling.systems.test_estimators import SMALL
from traderai.common.errors import InputError

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
