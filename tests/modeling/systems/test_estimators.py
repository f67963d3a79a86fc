"""One contract for every estimator: it learns what was planted, repeats itself, survives its files, reads no later row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modeling.fitting.dataset import TEST
from modeling.kernels.metrics import roc_auc
from modeling.systems.estimators import FittedSystem, SystemTask
from modeling.systems.rows import SystemRows
from modeling.systems.system import ESTIMATORS
from tests.modeling.systems.maker import parted

SMALL: dict[str, dict[str, Any]] = {
    "random_forest": {"trees": 30, "search_trees": 10, "tries": 3, "folds": 2},
    "xgboost": {"tries": 3, "folds": 2, "max_rounds": 60},
    "lightgbm_signal": {
        "folds": 2,
        "max_rounds_untuned": 60,
        "patience_rounds": 10,
        "rate": 0.05,
        "leaves": 7,
    },
    "logistic": {},
    "price_lstm": {"units": [4, 4], "epochs": 2, "batch_rows": 128},
    "neural": {
        "backbone": "tcn",
        "channels": 8,
        "dense_width": 8,
        "epochs": 3,
        "batch_rows": 128,
        "learning_rate": 0.01,
    },
}
# A forecaster of closes learns from scaled prices, which the simulated shares' hints are not.
CLASSIFIERS = [name for name in ESTIMATORS if name != "price_lstm"]


def fitted(name: str, rows: SystemRows, *, seed: int = 1) -> FittedSystem:
    task = SystemTask(rows=rows, seed=seed, threads=1, say=lambda *_: None)
    return ESTIMATORS[name](**SMALL[name]).fit(task)


def upper_auc(own: FittedSystem, rows: SystemRows) -> float:
    at = rows.rows_of(TEST)
    return roc_auc((rows.label[at] == len(rows.classes) - 1).astype(np.float64), own.scores(rows, at)[:, -1])


def test_every_estimator_is_asked():
    assert set(SMALL) == set(ESTIMATORS)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_learns_what_was_planted_and_nothing_where_there_is_nothing(name):
    planted, noise = parted(planted=True), parted()
    assert upper_auc(fitted(name, planted), planted) > 0.65
    assert abs(upper_auc(fitted(name, noise), noise) - 0.5) < 0.1


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scores_are_probabilities_that_repeat_and_survive_their_files(name):
    rows = parted(planted=True)
    own, again = fitted(name, rows), fitted(name, rows)
    at = rows.rows_of(TEST)
    scores = own.scores(rows, at)
    assert scores.shape == (at.size, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(scores, again.scores(rows, at))
    stored = ESTIMATORS[name](**SMALL[name]).load(own.files())
    np.testing.assert_array_equal(scores, stored.scores(rows, at))
    assert stored.told == own.told
    np.testing.assert_array_equal(scores[:7], own.scores(rows, at[:7]))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_three_classes_are_learned_too(name):
    rows = parted(planted=True, rule="threshold", neutral="class", threshold_frac=0.01)
    own = fitted(name, rows)
    scores = own.scores(rows, rows.rows_of(TEST))
    assert scores.shape[1] == 3
    assert upper_auc(own, rows) > 0.6


@pytest.mark.parametrize("name", ESTIMATORS)
def test_test_rows_teach_nothing(name):
    rows = parted(planted=True)
    at, label, values = rows.rows_of(TEST), rows.label.copy(), rows.values.copy()
    label[at] = 1 - label[at]
    values[at] = 99.0
    other = fitted(name, replace(rows, label=label, values=values))
    np.testing.assert_array_equal(fitted(name, rows).scores(rows, at), other.scores(rows, at))


@pytest.mark.parametrize("name", [name for name, own in ESTIMATORS.items() if hasattr(own, "SPACE")])
def test_what_may_be_searched_are_fields_that_stand_where_nothing_is_searched(name):
    own, rows = ESTIMATORS[name], parted(planted=True)
    for field, values in own.SPACE.items():
        for value in values:
            assert getattr(own(**{field: value}), field) == value  # a point is one that a recipe may name
    unsearched = {**SMALL[name], "tries": 0}
    task = SystemTask(rows=rows, seed=1, threads=1, say=lambda *_: None)
    assert "search" not in own(**unsearched).fit(task).told
    searched = own(**{**SMALL[name], "tries": 2}).fit(task).told["search"]
    assert len(searched["tried"]) == 2
    assert set(searched["best"]) == set(own.SPACE)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("random_forest", {"folds": 1}),
        ("random_forest", {"trees": 0}),
        ("xgboost", {"tries": -1}),
        ("lightgbm_signal", {"leaves": 1}),
    ],
)
def test_a_search_that_cannot_be_is_refused(name, parameters):
    with pytest.raises(ValueError, match="at least"):
        ESTIMATORS[name](**parameters)
