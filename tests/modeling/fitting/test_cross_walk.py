"""Walking over a panel: no lesson reaches into its test, models find what is planted, and chance finds nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from modeling.errors import DatasetRefusedError
from modeling.fitting.cross_data import RankPanel
from modeling.fitting.cross_rankers import Lesson, RidgeRanker
from modeling.fitting.cross_walk import CHOSEN, NO_SKILL, RankWalk, rank_folds, rank_walk
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import WalkConfig, named_folds
from tests.modeling.fitting.cross_maker import RANKERS, dates, panel

EMBARGO = WalkConfig(embargo_s=3 * DAY_S)


@cache
def walked(*, planted: bool) -> RankWalk:
    return walk_of(panel(planted=planted))


def walk_of(own: RankPanel) -> RankWalk:
    return rank_walk(own, RANKERS, dates=dates(own), config=EMBARGO, seed=1, say=lambda *_: None)


def test_no_lesson_reaches_into_its_test():
    own = panel(planted=False)
    folds = rank_folds(own, dates(own), EMBARGO)
    for h, horizon in enumerate(own.horizons):
        assert len(folds[horizon]) == 2
        for fold in folds[horizon]:
            begins, chooses = fold.fold.borders.test_start_s, fold.fold.borders.validation_start_s
            assert own.window_end_s[fold.lesson, h].max() + EMBARGO.embargo_s < begins
            assert own.window_end_s[fold.train, h].max() + EMBARGO.embargo_s < chooses
            assert own.decision_s[fold.test].min() >= begins
            assert np.isin(fold.train, fold.lesson).all()
            assert np.isin(fold.validation, fold.lesson).all()
            # What kept its distance from the choice teaches in the end.
            assert fold.lesson.size > fold.train.size + fold.validation.size
    tests = [fold.test for fold in folds["1d"]]
    assert tests[0].max() < tests[1].min()


def test_labels_of_the_test_part_change_no_score():
    own = panel(planted=True)
    first = dates(own)[0].test_start_s
    rank = own.rank.copy()
    reaches = own.window_end_s + EMBARGO.embargo_s >= first
    rank[reaches & ~np.isnan(rank)] *= -1.0
    plain, turned = walked(planted=True), walk_of(replace(own, rank=rank))
    fold = plain.folds["5d"][0].test
    for name in plain.learned:
        np.testing.assert_array_equal(plain.scores[name][fold], turned.scores[name][fold])
        later = plain.folds["5d"][1].test  # the second fold learns from the first one's labels
        assert not np.array_equal(plain.scores[name][later], turned.scores[name][later])


def test_models_find_what_is_planted_and_nothing_where_nothing_is():
    for planted in (True, False):
        walk = walked(planted=planted)
        assert walk.learned == ("ridge", "lightgbm")
        own = walk.test & walk.panel.labelled[:, 1]
        for name in walk.learned:
            ic = np.corrcoef(walk.scores[name][own, 1], walk.panel.rank[own, 1])[0, 1]
            assert ic > 0.15 if planted else abs(ic) < 0.08, name
        assert abs(np.corrcoef(walk.scores[NO_SKILL][own, 1], walk.panel.rank[own, 1])[0, 1]) < 0.08


def test_scores_are_told_of_test_rows_alone():
    walk = walked(planted=False)
    for name, score in walk.scores.items():
        assert np.isnan(score[~walk.test]).all()
        assert np.isfinite(score[walk.test]).all() or name in ("momentum_12_1", CHOSEN)
    np.testing.assert_array_equal(
        walk.scores["reversal_1m"][walk.test, 2], walk.panel.scores["reversal_1m"][walk.test]
    )


def test_every_date_weighs_the_same_and_thinning_keeps_whole_dates():
    day = np.array([1, 1, 1, 2, 3, 3])
    own = Lesson(
        values=np.zeros((6, 1), dtype=np.float32), rank=np.zeros(6), day=day, share=np.arange(6),
        train=np.ones(6, dtype=np.bool_), choice=np.zeros(6, dtype=np.bool_), min_shares=2, seed=0,
    )  # fmt: skip
    sums = np.bincount(day, weights=own.weight)[1:]
    np.testing.assert_allclose(sums, 2.0)
    assert own.thinned(6).day.size == 6
    assert own.thinned(5).day.tolist() == [1, 1, 1, 3, 3]
    assert own.thinned(2).day.tolist() == [3, 3]


def test_ridge_equals_the_normal_equations_and_takes_the_penalty_that_ranks_best():
    rng = np.random.default_rng(0)
    days, per_day = 60, 12
    values = rng.uniform(-1.0, 1.0, (days * per_day, 3)).astype(np.float32)
    rank = np.clip(values @ np.array([0.5, -0.3, 0.0]) + 0.1 * rng.standard_normal(values.shape[0]), -1, 1)
    day = np.repeat(np.arange(days), per_day)
    own = Lesson(
        values=values, rank=rank, day=day, share=np.tile(np.arange(per_day), days), train=day < 40,
        choice=day >= 45, min_shares=5, seed=0,
    )  # fmt: skip
    found = RidgeRanker(penalties=(1e-9, 50.0)).fit(own).final(np.eye(3, dtype=np.float32))
    exact = np.linalg.lstsq(values.astype(np.float64), rank, rcond=None)[0]
    np.testing.assert_allclose(found, exact, atol=1e-6)
    assert (
        abs(RidgeRanker(penalties=(50.0,)).fit(own).final(np.eye(3, dtype=np.float32))[0])
        < abs(exact[0]) / 10
    )


def test_a_year_without_rows_is_refused_by_name():
    own = panel(planted=False)
    start = int(own.decision_s.max()) + 10 * DAY_S
    later = named_folds({"2099": (start, start + DAY_S, start + 2 * DAY_S)})
    with pytest.raises(DatasetRefusedError, match=r"horizon 1d.*2099"):
        rank_folds(own, later, EMBARGO)
