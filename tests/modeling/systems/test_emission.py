"""What LightGBM would tell: three classes from a fit to emitted calls, figures and a file that scores the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from modeling.contracts.emission import EmissionRules
from modeling.fitting.dataset import TEST, VALIDATION
from modeling.services.system_terms import system_trader
from modeling.services.systems import artifact_files, loaded_evaluate, loaded_train
from modeling.systems.estimators import SystemTask
from modeling.systems.figures import SystemSaid, emission_figures, part_bootstrap
from modeling.systems.lightgbm_signal import LightGBMSignal
from modeling.systems.rows import SystemRows
from modeling.systems.trading import Cut
from tests.modeling.systems.maker import loaded, parted, plan
from tests.modeling.systems.test_estimators import SMALL

NOW = datetime(2025, 1, 10, tzinfo=UTC)
THREE = {"planted": True, "rule": "threshold", "neutral": "class", "threshold_frac": 0.01}


def told_of(scores: np.ndarray, rows: SystemRows, rules: EmissionRules | None = None):
    own = plan("lightgbm_signal")
    said = SystemSaid(
        name="own", at=rows.rows_of(TEST), scores=scores, cut=Cut(threshold=0.0, tuned_for="none")
    )
    draws = part_bootstrap(rows, own.figures, part=TEST, seed=1)
    return emission_figures(said, rows, system_trader(own), draws, rules=rules or EmissionRules())


def scores_of(rows: SystemRows, right: float) -> np.ndarray:
    """Return scores that give the class that came so much, and the others the rest."""
    label = rows.label[rows.rows_of(TEST)]
    scores = np.full((label.size, 3), (1.0 - right) / 2.0)
    scores[np.arange(label.size), label] = right
    return scores


def test_only_sure_calls_are_told_and_only_what_is_told_is_traded():
    rows = parted(**THREE)
    unsure = told_of(scores_of(rows, 0.60), rows)
    assert sum(unsure["told"].values()) == 0
    assert unsure["trading"]["trades"] == 0
    assert unsure["told_right"] is None
    assert unsure["right"]["value"] == 1.0
    middling = told_of(scores_of(rows, 0.72), rows)
    assert middling["told"]["HOLD"] == 0 < middling["calls"]["HOLD"]
    assert min(middling["told"]["SELL"], middling["told"]["BUY"]) > 0
    assert middling["told_right"]["value"] == 1.0
    assert middling["by_strength"]["medium"]["calls"] == sum(middling["calls"].values())
    told = middling["told"]["SELL"] + middling["told"]["BUY"]
    assert 0 < middling["trading"]["trades"] <= told
    sure = told_of(scores_of(rows, 0.90), rows)
    assert sure["told"]["HOLD"] > 0
    assert sure["by_strength"]["strong"]["right"] == 1.0


def test_a_repetition_is_silent_and_a_share_that_cannot_be_shorted_is_not_sold():
    rows = parted(**THREE)
    scores = scores_of(rows, 0.72)
    every = told_of(scores, rows, EmissionRules(again_bars=0))
    fewer = told_of(scores, rows, EmissionRules(again_bars=20))
    assert every["told"]["BUY"] == every["calls"]["BUY"] > 3 * fewer["told"]["BUY"] > 0
    bought = told_of(scores, replace(rows, shortable=np.zeros_like(rows.shortable)))
    usual = told_of(scores, replace(rows, shortable=np.ones_like(rows.shortable)))
    assert bought["told"] == usual["told"]
    assert bought["trading"]["long_trades"] == bought["trading"]["trades"]
    assert usual["trading"]["long_trades"] < usual["trading"]["trades"]


def test_features_are_chosen_on_training_folds_and_low_accuracy_warns_beside_the_base_rate():
    rows = parted(**THREE)
    task = SystemTask(rows=rows, seed=1, threads=1, say=lambda *_: None)
    own = LightGBMSignal(**SMALL["lightgbm_signal"], gain_kept_frac=0.3)
    fitted = own.fit(task)
    assert fitted.told["features"] < len(rows.features)
    assert max(fitted.told["importance"], key=fitted.told["importance"].get) == "hint"  # what was planted
    at = rows.rows_of(VALIDATION)
    accuracy = float((fitted.scores(rows, at).argmax(axis=1) == rows.label[at]).mean())
    assert fitted.told["validation"]["accuracy"] == accuracy
    majority = np.bincount(rows.label[at]).max() / at.size
    strict = replace(own, warn_accuracy=1.0).fit(task).told["warnings"]
    assert f"{majority:.3f}" in strict[0]
    assert "warnings" not in replace(own, warn_accuracy=0.0).fit(task).told
    # Rows that stop and judge choose no feature.
    values = rows.values.copy()
    for part in (VALIDATION, TEST):
        values[rows.rows_of(part), 0] = 0.0
    blind = own.fit(replace(task, rows=replace(rows, values=values)))
    np.testing.assert_array_equal(blind.columns, fitted.columns)


@pytest.mark.django_db
def test_the_stored_text_tells_the_same(lake):
    own = plan("lightgbm_signal", **SMALL["lightgbm_signal"])
    own = replace(own, figures=replace(own.figures, extra_costs_bp=(10.0,)))
    report = loaded_train(plan=own, loaded=loaded(**THREE), as_of=NOW, seed=1)
    files = artifact_files(report.version)
    assert files["lightgbm.txt"].startswith(b"tree")
    assert {"importance.png", "confusion.png"} <= set(files)
    again = loaded_evaluate(facts=report.version, plan=own, files=files, loaded=loaded(**THREE))
    assert again.table == report.table
    table = "\n".join(report.table)
    assert "emission: calls by the likeliest class" in table
    assert set(report.version.metrics["test"]["lightgbm_signal"]["emitted"]["told"]) == {
        "SELL",
        "HOLD",
        "BUY",
    }
