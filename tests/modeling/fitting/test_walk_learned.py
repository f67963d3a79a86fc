"""A walk whose forecaster is wrong at noon: its policies learn to stay out, each fold from what was known by then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from market.kernels.sessions import moscow_hours
from modeling.contracts.filters import FilterConfig
from modeling.contracts.order_levels import LevelPair, OrderLevelConfig
from modeling.fitting.dataset import TEST, Dataset, dataset_assemble
from modeling.fitting.evaluation import plain
from modeling.fitting.forecasters import FitTask
from modeling.fitting.forecasts import Raw
from modeling.fitting.judging import Rules, bootstrap_of
from modeling.fitting.trading import part_days
from modeling.fitting.walk import Walk, walk
from modeling.fitting.walk_arms import model_arm
from modeling.fitting.walk_learned import learned_figures, learned_lines, learned_section
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import WalkConfig, equal_folds
from tests.modeling.fitting.learned_policy_maker import SILENT, rules, said
from tests.modeling.fitting.order_level_maker import known_moves
from tests.modeling.fitting.walk_maker import silent
from tests.modeling.synthetic import FEATURES, instruments, label_set

pytestmark = pytest.mark.django_db  # borrowing rates are read from the database
CONFIG = FilterConfig(min_trades=30, min_days=20, resamples=1000)
LEVELS = OrderLevelConfig(
    candidates=(LevelPair(take_profit=0.5, stop_loss=0.25),), min_trades=30, min_map_trades=60
)


@dataclass(frozen=True)
class WrongAtNoon:
    """Takes the hint for its opposite from noon to one; what it was fitted on changes nothing."""

    name: str = "logistic"

    def fit(self, task: FitTask) -> Fitted:
        return Fitted(task.dataset)


@dataclass(frozen=True)
class Fitted:
    data: Dataset

    def raw(self, rows: np.ndarray) -> Raw:
        hint = self.data.values[:, 0]
        heard = np.where(moscow_hours(self.data.decision_s) == 12, -hint, hint)
        return said(self.data, rows, small=SILENT, heard=heard, moves=known_moves(self.data))


@pytest.fixture(scope="module")
def walked(django_db_setup: None, django_db_blocker) -> tuple[Walk, Rules]:
    with django_db_blocker.unblock():
        data = dataset_assemble(
            instruments(days=400, planted=True), features=FEATURES, label_set=label_set(), lookback_bars=8
        )
        own = rules(data, filters=CONFIG, order_levels=LEVELS)
        own = replace(
            own, recipe=replace(own.recipe, evaluation=replace(own.recipe.evaluation, max_missing_frac=0.9))
        )
        dates = equal_folds(
            data.decision_s[data.usable.any(axis=1)], n_folds=2, first_train_days=120.0, validation_days=80.0
        )
        leak = replace(own.recipe.evaluation.leak_scan, direction_auc=0.95, side_auc=0.95)
        own = replace(
            own, recipe=replace(own.recipe, evaluation=replace(own.recipe.evaluation, leak_scan=leak))
        )
        found = walk(data, [WrongAtNoon()], own, dates=dates, config=WalkConfig(embargo_s=DAY_S), say=silent)
        return found, own


def test_the_test_rows_are_traded_by_what_each_fold_learned(walked: tuple[Walk, Rules]):
    found, own = walked
    folds = found.by_forecaster["logistic"]
    assert [fold.learned is not None and fold.learned.thresholds.says_more for fold in folds] == [True, True]
    with_it = model_arm(found, "logistic", own, cost_bp=None)
    without = model_arm(found, "logistic", own, cost_bp=None, learned="nothing")
    hours = [moscow_hours(found.dataset.decision_s[arm.wanted.row]) for arm in (with_it, without)]
    assert not (hours[0] == 12).any() and (hours[1] == 12).any()
    assert set(zip(with_it.wanted.row, with_it.wanted.horizon, strict=True)) < set(
        zip(without.wanted.row, without.wanted.horizon, strict=True)
    )


def test_what_was_learned_is_told_beside_what_it_changed(walked: tuple[Walk, Rules]):
    found, own = walked
    bootstrap = bootstrap_of(part_days(found.dataset, TEST), own)
    results = {"logistic": model_arm(found, "logistic", own, cost_bp=None).traded(found, own, None)}
    figures = plain(learned_figures(found, results, own, bootstrap))
    test = figures["logistic"]["test"]
    assert test["learned"]["trades"] == len(results["logistic"].simulation.trades)
    assert test["learned"]["net_total_frac"] > test["configured"]["net_total_frac"]
    assert test["labelled"]["trades"] > 0
    assert test["gain_daily"]["low"] < test["gain_daily"]["value"] < test["gain_daily"]["high"]
    lines = learned_lines(figures)
    assert sum("hour 12:00: -" in line for line in lines) == 2
    assert any(line.startswith("  test as learned") for line in lines)
    tables = learned_section(figures).parts[0].tables
    assert [table.caption for table in tables] == [
        "logistic regression", "logistic regression, order levels", "logistic regression, test rows of all folds",
    ]  # fmt: skip
    # Each fold's label set's levels and the one pair, with trades and bounds.
    assert [row[1] for row in tables[1].rows] == ["the label set's levels", "take-profit q50 stop q25"] * 2
    assert all("[" in row[3] for row in tables[1].rows)
    assert sum("order levels by excursions: " in line for line in lines) == 2
    # A walk that was not asked to learn tells nothing.
    folds = tuple(replace(fold, learned=None) for fold in found.by_forecaster["logistic"])
    quiet = replace(found, by_forecaster={"logistic": folds})
    assert learned_figures(quiet, results, own, bootstrap) == {} and learned_lines({}) == []
