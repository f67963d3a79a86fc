"""Levelled probabilities of a walk: the test rows of all folds, by what was known, beside the base rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.baselines import tercile_edges
from modeling.fitting.dataset import TEST
from modeling.fitting.walk_levels import (
    fold_levelled,
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

    def with_thrice_the_odds(p: np.ndarray) -> np.ndarray:
        return 3.0 * p / (1.0 + 2.0 * p)

    shifted = []
    for fold in folds:
        said = fold.judged.forecasts
        worse = replace(
            said, p_long=with_thrice_the_odds(said.p_long), p_short=with_thrice_the_odds(said.p_short)
        )
        shifted.append(replace(fold, judged=replace(fold.judged, forecasts=worse)))
    told = level_figures(replace(made.walk, by_forecaster={"logistic": tuple(shifted)}), made.rules)
    own = told["pooled"]["logistic"]
    assert own["fixed"]["bias"] > 0.1
    assert abs(own["learning"]["bias"]) < 0.4 * own["fixed"]["bias"]
    assert own["learning"]["ece"]["value"] < own["fixed"]["ece"]["value"]
    assert own["learning"]["log_loss"] < own["fixed"]["log_loss"]


@pytest.mark.parametrize("is_base", [False, True])
def test_what_becomes_known_later_changes_nothing_that_was_said(is_base: bool):
    fold = planted().walk.by_forecaster["logistic"][-1]
    data, edges = fold.dataset, tercile_edges(fold.dataset, h=0)
    tested = np.sort(data.decision_s[data.part[:, 0] == TEST])
    moment, targets = int(tested[tested.size // 2]), fold.dataset.targets
    later = (targets.window_end_s > moment) & (targets.p_long >= 0)
    other = replace(targets, p_long=np.where(later, 1 - targets.p_long, targets.p_long))
    changed = replace(fold, dataset=replace(data, targets=other))
    before, after = (
        fold_levelled(own, "p_long", 0, edges, is_base=is_base).learning for own in (fold, changed)
    )
    known = int(np.searchsorted(tested, moment, side="right"))
    assert before[:known].tobytes() == after[:known].tobytes()
    assert before[known:].tobytes() != after[known:].tobytes()


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
