"""Levelled probabilities of a walk: the test rows of all folds, by what was known, beside the base rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.dataset import TEST
from modeling.fitting.walk_levels import (
    level_figures,
    level_lines,
    levels_section,
)
from modeling.fitting.walk_scores import score_figures
from tests.modeling.fitting.walk_maker import planted


def test_what_was_said_before_is_what_the_scores_tell():
    made = planted()
    told = level_figures(made.walk, made.rules)
    scores = score_figures(made.walk, made.rules)
    for horizon, by_side in told["by_horizon"].items():
        for side, by_name in by_side.items():
            assert set(by_name) == {"base_rate", *made.walk.by_forecaster}
            for name, one in by_name.items():
                own = scores[horizon][side]["models"][name]
                assert one["rows"] == scores[horizon][side]["rows"]
                assert one["fixed"]["log_loss"] == pytest.approx(own["log_loss"]["value"], abs=2e-3)
                assert one["fixed"]["ece"]["value"] == pytest.approx(own["ece"]["value"], abs=1e-9)
    rows = sum(
        one["base_rate"]["rows"] for by_side in told["by_horizon"].values() for one in by_side.values()
    )
    assert told["pooled"]["base_rate"]["rows"] == rows


def test_a_level_that_is_wrong_all_along_is_mended():
    made = planted()
    folds = made.walk.by_forecaster["logistic"]

    def doubled(odds: np.ndarray) -> np.ndarray:
        return 3.0 * odds / (1.0 + 2.0 * odds)

    shifted = []
    for fold in folds:
        said = fold.judged.forecasts
        worse = replace(said, p_long=doubled(said.p_long), p_short=doubled(said.p_short))
        shifted.append(replace(fold, judged=replace(fold.judged, forecasts=worse)))
    told = level_figures(replace(made.walk, by_forecaster={"logistic": tuple(shifted)}), made.rules)
    own = told["pooled"]["logistic"]
    assert own["fixed"]["bias"] > 0.1
    assert abs(own["learning"]["bias"]) < 0.4 * own["fixed"]["bias"]
    assert own["learning"]["ece"]["value"] < own["fixed"]["ece"]["value"]
    assert own["learning"]["log_loss"] < own["fixed"]["log_loss"]


def test_outcomes_after_the_last_decision_change_nothing():
    made = planted()
    folds = made.walk.by_forecaster["logistic"]
    last = folds[-1]
    late = last.dataset.targets.window_end_s > last.dataset.decision_s[last.dataset.rows_of(TEST)].max()
    assert late.any()
    targets = last.dataset.targets
    other = replace(
        targets, p_long=np.where(late & (targets.p_long >= 0), 1 - targets.p_long, targets.p_long)
    )
    changed = replace(last, dataset=replace(last.dataset, targets=other))
    walk = replace(made.walk, by_forecaster={"logistic": (*folds[:-1], changed)})
    before = level_figures(replace(made.walk, by_forecaster={"logistic": folds}), made.rules)
    after = level_figures(walk, made.rules)
    for horizon, by_side in before["by_horizon"].items():
        told, own = by_side["p_long"]["logistic"], after["by_horizon"][horizon]["p_long"]["logistic"]
        # What was said is the same: only what came of it differs, and so the mean miss by just that.
        came = told["learning"]["bias"] - own["learning"]["bias"]
        assert came == pytest.approx(told["fixed"]["bias"] - own["fixed"]["bias"], abs=1e-12)


def test_it_is_shown_and_printed():
    made = planted()
    told = level_figures(made.walk, made.rules)
    section = levels_section(told)
    tables = section.parts[0].tables
    assert len(tables) == 1 + 2 * len(told["by_horizon"])
    assert [len(table.rows) for table in tables] == [1 + len(made.walk.by_forecaster)] * len(tables)
    lines = level_lines(told)
    assert len(lines) == 2 + len(made.walk.by_forecaster)
    assert "base rate" in lines[1] and " -> " in lines[1]
