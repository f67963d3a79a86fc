"""Folds of calibration: no fold's network saw what it foretells, and no fold reaches into the test part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modeling.fitting.calibration import base_of, reduced
from modeling.fitting.dataset import NO_PART, TEST, TRAIN, VALIDATION
from modeling.fitting.folds import earlier_datasets
from tests.modeling.synthetic import dataset, tiny_recipe
from tests.modeling.trust_maker import trust


def check_folds(whole, folds):
    newest_s = whole.validation_start_s
    for fold in folds:
        train, own = fold.part == TRAIN, fold.part == VALIDATION
        reach_s = whole.targets.window_end_s
        assert reach_s[train].max() < whole.decision_s[own.any(axis=1)].min()
        assert reach_s[own].max() < newest_s
        assert not (fold.part == TEST).any()
        assert (fold.part[whole.part == TEST] == NO_PART).all()
        newest_s = whole.decision_s[own.any(axis=1)].min()


@pytest.fixture(scope="module")
def whole():
    return dataset()


def test_folds_are_purged_apart_and_older_than_the_validation_part(whole):
    folds = earlier_datasets(whole, tiny_recipe(**{"split.calibration_folds": 3}))
    assert len(folds) == 2
    check_folds(whole, folds)


def test_the_check_of_folds_can_fail(whole):
    folds = earlier_datasets(whole, tiny_recipe(**{"split.calibration_folds": 3}))
    leaky = np.where(whole.part == VALIDATION, TRAIN, folds[0].part).astype(np.int8)
    with pytest.raises(AssertionError):
        check_folds(whole, [replace(folds[0], part=leaky)])


def test_one_fold_means_the_validation_part_alone(whole):
    assert earlier_datasets(whole, tiny_recipe(**{"split.calibration_folds": 1})) == ()


def test_too_many_folds_are_refused():
    with pytest.raises(Exception, match="calibration_folds"):
        tiny_recipe(**{"split.calibration_folds": 4})


def test_the_base_reads_training_rows_only(whole):
    column = whole.features.index("volatility")
    before = base_of(whole, h=0, column=column)
    changed = {
        name: np.where(whole.part == TRAIN, getattr(whole.targets, name), 0.77)
        for name in ("p_long", "p_short", "forward_return", "forward_volatility")
    }
    after = base_of(replace(whole, targets=replace(whole.targets, **changed)), h=0, column=column)
    assert after == before


def test_lost_kinds_fall_back_and_no_others():
    own = trust(
        p_long_trust=0.5, p_short_trust=0.6, direction_trust=0.7, quantile_weights=(0.0, 0.5, 0.5),
        volatility_weights=(0.0, 0.5, 0.5),
    )  # fmt: skip
    fallen = reduced(own, kinds=("log_loss",))
    assert (fallen.p_long_trust, fallen.p_short_trust, fallen.direction_trust) == (0.0, 0.0, 0.0)
    assert fallen.quantile_weights == own.quantile_weights
    fallen = reduced(own, kinds=("quantile_loss", "volatility_rank"))
    assert fallen.p_long_trust == 0.5
    assert fallen.quantile_weights == (1.0, 0.0, 0.0)
    assert fallen.volatility_weights == (0.0, 1.0, 0.0)
