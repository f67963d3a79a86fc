"""A council end to end: a network with strategies, its earlier folds, the ways to decide and the one that is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs Keras")

from modeling.fitting.candidates import candidate_train
from modeling.fitting.council import COUNCIL, Choice, Council, CouncilPanel, council_of, kept_way
from modeling.fitting.dataset import TEST, VALIDATION, Dataset
from modeling.fitting.forecasts import require_held_out
from modeling.fitting.judging import Rules
from modeling.fitting.trading import account_rules
from modeling.fitting.votes import GLOBAL, META
from modeling.fitting.walk_council import council_lines, council_section
from modeling.selectors.configuration import account_get, cost_model_get, gate_get, policy_get
from tests.modeling.fitting.test_council import council_recipe, data  # noqa: F401  # a fixture


@pytest.fixture(scope="module")
def rules() -> Rules:
    recipe = council_recipe(**{"fit.max_epochs": 5, "split.calibration_folds": 2})
    return Rules(
        policy=replace(policy_get(), min_median_turnover_rub=0.0),
        account=account_rules(account_get(), cost_model_get()),
        recipe=recipe,
        seed=1,
    )


@pytest.fixture(scope="module")
def council(data: Dataset, rules: Rules) -> Council:  # noqa: F811
    return council_of(candidate_train(data, rules, say=lambda *_: None), data, rules)


def test_every_way_is_judged_on_rows_it_did_not_know(council: Council, data: Dataset, rules: Rules):  # noqa: F811
    assert tuple(council.entrants) == (GLOBAL, "trend", "mean_reversion", "average", META)
    assert (*council.entrants, COUNCIL) == CouncilPanel(
        rules=rules, strategies=("trend", "mean_reversion")
    ).names
    for entrant in council.entrants.values():
        for part in (VALIDATION, TEST):
            require_held_out(entrant.judged.forecasts, data, part=part)
    assert council.left_out == {"news": "the features have no news"}
    assert council.serving is council.entrants[council.kept]


def test_a_strategy_that_reads_the_planted_feature_learns_it(council: Council, data: Dataset):  # noqa: F811
    entrant = council.entrants["trend"]
    rows = entrant.raw.rows
    own = (data.part[rows, 0] == TEST) & (np.abs(data.values[rows, 0]) == 1.0)
    up = data.values[rows[own], 0] > 0
    logits = entrant.raw.p_long_logit[own, 0]
    assert logits[up].mean() > logits[~up].mean() + 0.5


def test_what_is_kept_is_what_the_validation_rows_prove(council: Council):
    by_way = {own.way: own for own in council.choices}
    assert by_way[GLOBAL].better_bound == 0.0
    assert council.kept == kept_way(council.choices, min_trades=gate_get().min_trades)
    better = Choice(
        way="average", trades=120, net_expectancy_frac=0.01, mean_daily_net=0.001, better_bound=0.0002
    )
    assert kept_way((by_way[GLOBAL], better), min_trades=100) == "average"
    assert kept_way((by_way[GLOBAL], replace(better, better_bound=-0.0001)), min_trades=100) == GLOBAL
    assert kept_way((by_way[GLOBAL], better), min_trades=121) == GLOBAL
    best = replace(better, way=META, better_bound=0.0003)
    assert kept_way((better, best, by_way[GLOBAL]), min_trades=100) == META


def test_the_report_says_what_was_kept(council: Council):
    fold = {
        "fold": "fold_1",
        "kept": council.kept,
        "choices": [
            {name: getattr(own, name) for name in Choice.__dataclass_fields__} for own in council.choices
        ],
        "weights": {"p_long": council.meta.weights("p_long")},
        "left_out": council.left_out,
    }
    lines = council_lines([fold])
    assert lines[0].startswith("Kept on validation rows: ") and "in fold_1" in lines[0]
    assert "strategy news is left out: the features have no news." in lines
    section = council_section([fold])
    assert len(section.parts[0].tables[0].rows) == len(council.choices)
