"""A search goes on where it stopped, reads the training part alone, and counts every point once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from modeling.fitting.dataset import TRAIN
from modeling.models import Trial
from modeling.services.optimize_hyperparameters import TuningAsk, loaded_optimize, searched_estimator
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import parted_by_split
from modeling.systems.tuning import TunedPoint, tuned
from tests.modeling.systems.maker import loaded, plan
from traderai.common.errors import InputError

NOW = datetime(2025, 1, 10, tzinfo=UTC)
SPACE = {"x": (0, 1, 2, 3, 4, 5, 6, 7), "word": ("a", "b", "c"), "flag": (False, True)}


class Judge:
    """The more of x the better; told how often it was asked, it may break off as a killed process does."""

    def __init__(self, *, breaks_at: int | None = None) -> None:
        self.asked: list[dict] = []
        self.breaks_at = breaks_at

    def __call__(self, point: dict) -> float:
        if self.breaks_at == len(self.asked):
            raise KeyboardInterrupt
        self.asked.append(point)
        return point["x"] / 10 + (point["word"] == "b") / 20


def search(
    folder, judge: Judge, *, tries: int, seed: int = 0, name: str = "study", space=SPACE
) -> tuple[TunedPoint, ...]:
    return tuned(
        space,
        journal=folder / "own.journal",
        name=name,
        tries=tries,
        seed=seed,
        score=judge,
        say=lambda *_: None,
    )


def test_an_interrupted_search_finds_the_points_of_one_that_was_not(tmp_path):
    whole = search(tmp_path / "whole", Judge(), tries=16)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "broken", Judge(breaks_at=12), tries=16)
    judge = Judge()
    assert search(tmp_path / "broken", judge, tries=16) == whole
    assert len(judge.asked) == 4  # those before the interruption were not tried again
    again = Judge()
    assert search(tmp_path / "broken", again, tries=16) == whole
    assert not again.asked
    assert search(tmp_path / "broken", again, tries=10) == whole[:10]
    assert max(own.score for own in whole) >= 0.7


def test_another_seed_or_study_is_another_search(tmp_path):
    one = search(tmp_path, Judge(), tries=15)
    assert search(tmp_path, Judge(), tries=15, seed=1, name="other") != one
    fresh = Judge()
    search(tmp_path, fresh, tries=3, name="third")
    assert len(fresh.asked) == 3


def test_no_point_is_tried_twice_and_a_space_is_used_up(tmp_path):
    judge = Judge()
    found = search(tmp_path, judge, tries=20, space={**SPACE, "x": (0, 1)})
    assert len(judge.asked) == len(found) == len({tuple(own.point.items()) for own in found})
    assert len(found) == 2 * 3 * 2


def recipe(name: str = "random_forest") -> SystemRecipe:
    return plan(name, trees=8, tries=5, folds=2)


def ask(**changes) -> TuningAsk:
    return TuningAsk(**({"recipe": "random_forest", "as_of": NOW, "tries": 4, "seed": 1} | changes))


@pytest.mark.django_db
def test_every_point_is_counted_once_and_the_best_is_told_as_options(tmp_path):
    report = loaded_optimize(plan=recipe(), loaded=loaded(planted=True), ask=ask(), folder=tmp_path)
    assert (report.points, report.new_trials) == (4, 4)
    assert set(Trial.objects.values_list("kind", "recipe")) == {("search_step", "random_forest")}
    more = loaded_optimize(plan=recipe(), loaded=loaded(planted=True), ask=ask(tries=6), folder=tmp_path)
    assert (more.points, more.new_trials, Trial.objects.count()) == (6, 2, 6)
    assert more.best.score >= report.best.score > 0.55  # what was planted is found
    assert report.options[0] == "--set parameters.tries=0"
    overrides = [own.removeprefix("--set ") for own in report.options]
    best = searched_estimator(plan("random_forest", *overrides))
    assert best.tries == 0
    assert {name: getattr(best, name) for name in report.best.point} == report.best.point


@pytest.mark.django_db
def test_validation_and_test_rows_are_not_read(tmp_path):
    data, own = loaded(planted=True), recipe()
    parted = parted_by_split(data.rows, own.split)
    train = np.zeros(parted.part.size, dtype=np.bool_)
    train[parted.rows_of(TRAIN)] = True

    def told(inside: np.ndarray, folder: str):
        values, label = data.rows.values.copy(), data.rows.label.copy()
        known = inside & (label >= 0)
        values[inside], label[known] = 0.0, 1 - label[known]
        changed = replace(data, rows=replace(data.rows, values=values, label=label))
        return loaded_optimize(plan=own, loaded=changed, ask=ask(), folder=tmp_path / folder).table

    usual = loaded_optimize(plan=own, loaded=data, ask=ask(), folder=tmp_path / "usual").table
    assert told(~train, "others") == usual
    assert told(train & (np.arange(train.size) % 2 == 0), "own") != usual  # the guard can fail


def test_what_cannot_be_searched_is_refused():
    with pytest.raises(InputError, match=r"names no parameters to search; those that do: .*lightgbm_signal"):
        searched_estimator(replace(recipe(), estimator="logistic", parameters={}))
    with pytest.raises(InputError, match="tries must be at least 1"):
        ask(tries=0)
