"""A walk's folds, figures and files, and that no fold reads what comes after it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from modeling.errors import DatasetRefusedError
from modeling.fitting.dataset import TEST, TRAIN, VALIDATION
from modeling.kernels.split_checks import split_violations
from modeling.models import ModelVersion, Trial
from modeling.services.system_terms import system_trader
from modeling.services.walk_forward import WalkAsk, loaded_walk_forward
from modeling.systems.loading import LoadedRows
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows
from modeling.systems.walk import Walked, planned_folds, system_walked
from modeling.systems.walk_figures import walk_figures
from tests.modeling.systems.maker import loaded, plan, rows
from traderai.common.errors import InputError

NOW = datetime(2025, 1, 10, tzinfo=UTC)
LONG = {"days": 700}


def recipe(name: str = "random_forest", **changes) -> SystemRecipe:
    own = plan(name, trees=10, tries=0, max_samples=0.5)
    return replace(own, cut=replace(own.cut, candidates=5, min_trades=5), **changes)


def walked(data: SystemRows, *, folds: int | None = 3, own: SystemRecipe | None = None) -> Walked:
    chosen = own or recipe()
    return system_walked(
        chosen, data, system_trader(chosen), folds=folds, seed=1, threads=1, say=lambda *_: None
    )


def test_folds_follow_one_another_are_purged_and_teach_by_what_was_before():
    found = walked(rows(planted=True))
    assert [fold.name for fold in found.folds] == ["fold_1", "fold_2", "fold_3"]
    for fold in found.folds:
        data = fold.rows
        for earlier, later in ((TRAIN, VALIDATION), (VALIDATION, TEST)):
            assert not split_violations(
                data.rows_of(earlier),
                data.rows_of(later),
                decision_s=data.decision_s,
                window_end_s=data.window_end_s,
            )
    for earlier, later in pairwise(found.folds):
        assert (
            earlier.rows.decision_s[earlier.said[0].at].max() < later.rows.decision_s[later.said[0].at].min()
        )
    together = np.sort(np.concatenate([fold.said[0].at for fold in found.folds]))
    np.testing.assert_array_equal(found.said[0].at, together)
    np.testing.assert_array_equal(found.rows.rows_of(TEST), together)
    assert [own.name for own in found.said] == [
        "random_forest", "base rate", "last move", "logistic regression",
    ]  # fmt: skip


def test_what_comes_after_a_fold_changes_nothing_in_it():
    data = rows(planted=True)
    before = walked(data)
    last = before.folds[-1].said[0].at
    values, label = data.values.copy(), data.label.copy()
    values[last], label[last] = 99.0, 1 - label[last]
    after = walked(replace(data, values=values, label=label))
    for place in (0, 1):
        for own, other in zip(before.folds[place].said, after.folds[place].said, strict=True):
            np.testing.assert_array_equal(own.scores, other.scores)
            np.testing.assert_array_equal(own.threshold, other.threshold)
    # The guard can fail: a fold that is taught by the changed rows says something else.
    values, label = data.values.copy(), data.label.copy()
    taught = before.folds[0].rows.rows_of(TRAIN)
    label[taught] = 1 - label[taught]
    other = walked(replace(data, label=label))
    assert not np.array_equal(before.folds[0].said[0].scores, other.folds[0].said[0].scores)


def test_a_calendar_year_is_a_fold_where_enough_was_before():
    data = rows(**LONG)  # from 2021-12-31 on
    split = replace(recipe().split, validation_days=100.0)
    assert [own.name for own in planned_folds(recipe(split=split), data, folds=None).folds] == ["2023"]
    with pytest.raises(DatasetRefusedError, match="no calendar year has"):
        planned_folds(recipe(), rows(), folds=None)


def test_a_training_window_of_named_length_rolls():
    split = replace(recipe().split, training_days=60.0, validation_days=20.0)
    for fold in walked(rows(planted=True), own=recipe(split=split)).folds:
        train = fold.rows.decision_s[fold.rows.rows_of(TRAIN)]
        assert 50 < (train.max() - train.min()) / 86_400 <= 60


def test_a_fold_with_too_few_rows_is_refused_and_told():
    data = rows(planted=True)
    folds = walked(data).folds
    label = data.label.copy()
    label[folds[-1].said[0].at] = 0
    told = walked(replace(data, label=label))
    assert [own.name for own in told.folds] == ["fold_1", "fold_2"]
    assert told.refused[0].name == "fold_3"
    assert "no row of class up" in told.refused[0].reasons[0]
    assert not np.isin(folds[-1].said[0].at, told.said[0].at).any()
    with pytest.raises(DatasetRefusedError, match="no fold"):
        walked(data, own=recipe(min_rows=100_000))


def test_pooled_figures_are_those_of_a_second_library():
    found, own = walked(rows(planted=True)), recipe()
    figures = walk_figures(found, system_trader(own), own.figures, seed=1)
    told, said = figures["pooled"]["random_forest"], found.said[0]
    label, predicted = found.rows.label[said.at], said.scores.argmax(axis=1)
    for name, value in (
        ("balanced_accuracy", balanced_accuracy_score(label, predicted)),
        ("precision", precision_score(label, predicted)),
        ("recall", recall_score(label, predicted)),
        ("f1", f1_score(label, predicted)),
        ("roc_auc", roc_auc_score(label, said.scores[:, 1])),
        ("direction_rmse", np.sqrt(np.mean((2 * label - 1 - (2 * said.scores[:, 1] - 1)) ** 2))),
        ("accuracy", np.mean(label == predicted)),
    ):
        assert told[name]["value"] == pytest.approx(value, abs=1e-9), name
        assert told[name]["low"] < told[name]["value"] < told[name]["high"], name
    trades = [own["random_forest"]["trading"]["trades"] for own in figures["folds"].values()]
    assert told["trading"]["trades"] == pytest.approx(
        sum(trades), abs=3
    )  # one account meets positions at borders
    assert told["majority_share"] >= 0.5
    assert figures["pooled"]["base rate"]["roc_auc"]["value"] == pytest.approx(0.5, abs=0.05)


def test_closes_that_are_foretold_are_told_beside_the_last_close():
    found, own = walked(rows()), recipe()
    said, data = found.said[0], found.rows
    came = data.close[said.at + data.horizon_bars]
    perfect = replace(found, said=(replace(said, forecast=came), *found.said[1:]), folds=())
    told = walk_figures(perfect, system_trader(own), own.figures, seed=1)["pooled"]["random_forest"][
        "price_rmse"
    ]
    assert told["own"]["value"] == 0.0
    expected = np.sqrt(np.mean((came / data.close[said.at] - 1.0) ** 2))
    assert told["last_close"]["value"] == pytest.approx(expected)


@pytest.mark.django_db
def test_a_walk_is_counted_once_and_told_in_a_folder(tmp_path):
    ask = WalkAsk(recipe="random_forest", as_of=NOW, folds=2, seed=1)

    def report(data: LoadedRows | None = None):
        return loaded_walk_forward(
            plan=recipe(), loaded=data or loaded(planted=True), ask=ask, folder=tmp_path / "walk"
        )

    first = report()
    assert first.is_new_trial
    assert not report().is_new_trial
    trial = Trial.objects.get()
    told = json.loads((tmp_path / "walk" / "random_forest.json").read_text())["figures"]
    assert (trial.kind, trial.trades) == (
        "walk_forward_fold", told["pooled"]["random_forest"]["trading"]["trades"],
    )  # fmt: skip
    assert not ModelVersion.objects.exists()
    assert {path.rsplit("/", 1)[1] for path in first.files} == {
        "random_forest.json", "random_forest.txt", "random_forest.png",
    }  # fmt: skip
    table = "\n".join(first.table)
    for text in (
        "SIMULATED",
        "ALL FOLDS",
        "fold fold_2",
        "base rate",
        "logistic regression",
        "most frequent",
    ):
        assert text in table
    with pytest.raises(DatasetRefusedError):
        loaded_walk_forward(
            plan=recipe(min_rows=100_000), loaded=loaded(), ask=ask, folder=tmp_path / "other"
        )
    assert not (tmp_path / "other").exists()
    assert Trial.objects.count() == 1


def test_a_walk_over_no_folds_is_refused():
    with pytest.raises(InputError, match="at least 1"):
        WalkAsk(recipe="random_forest", as_of=NOW, folds=0)
