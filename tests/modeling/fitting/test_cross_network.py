"""The network among the rankers: it finds what is planted, learns from no later label and reads no later feature."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from modeling.fitting.cross_choice import choice_figures
from modeling.fitting.cross_network import NetworkRanker, _best_epochs
from modeling.fitting.cross_rankers import PanelLesson, PanelTaught, RidgeRanker
from modeling.fitting.cross_walk import CHOSEN, NO_SKILL, RankWalk, rank_walk
from modeling.fitting.evaluation import DayBootstrap
from modeling.kernels.splits import DAY_S
from modeling.kernels.walk_forward import WalkConfig
from tests.modeling.fitting.cross_maker import SMALL, dates, panel

NETWORK = NetworkRanker(config=SMALL, say=lambda *_: None)
LAST_DAY = 300  # of the lesson


def lesson(*, later_ranks: float = 0.0, later_values: float = 0.0) -> PanelLesson:
    """Return one fold; what may not be read is replaced by what is given, where it is given."""
    own = panel(planted=True)
    day = own.day - own.day.min()
    taught = own.labelled & (day < LAST_DAY)[:, None]
    chooses = taught & (day >= 220)[:, None]
    rank = np.where(taught, own.rank, np.nan) if not later_ranks else np.where(taught, own.rank, later_ranks)
    values = own.values.copy()
    values[day > LAST_DAY + 20] += later_values
    return PanelLesson(
        values=values, rank=rank, day=own.day, share=own.share, lesson=taught, train=taught & (day < 200)[:, None],
        choice=chooses, min_shares=own.min_shares, seed=3,
    )  # fmt: skip


@cache
def taught() -> PanelTaught:
    return NETWORK.fit_panel(lesson())


def rows_of(first: int, last: int) -> np.ndarray:
    day = panel(planted=True).day
    return np.flatnonzero((day - day.min() >= first) & (day - day.min() <= last))


def test_it_finds_what_is_planted_in_rows_that_it_has_not_seen():
    own, rows = panel(planted=True), rows_of(LAST_DAY + 21, 10_000)
    rows = rows[own.labelled[rows].all(axis=1)]
    for said in (taught().choosing(rows), taught().final(rows)):
        assert said.shape == (rows.size, 3)
        assert np.corrcoef(said[:, 1], own.rank[rows, 1])[0, 1] > 0.15


def test_neither_later_labels_nor_later_features_change_a_score():
    rows = rows_of(200, LAST_DAY + 20)
    again = NETWORK.fit_panel(lesson(later_ranks=-0.5, later_values=0.3))
    np.testing.assert_array_equal(taught().choosing(rows), again.choosing(rows))
    np.testing.assert_array_equal(taught().final(rows), again.final(rows))
    later = rows_of(LAST_DAY + 21, LAST_DAY + 40)  # the change is seen where it is
    assert not np.array_equal(taught().final(later), again.final(later))


def test_the_choosing_rows_say_after_how_many_epochs_to_stop():
    own = lesson()
    chooses = np.flatnonzero(own.choice.any(axis=1))
    known = np.nan_to_num(own.rank[chooses])
    noise = np.random.default_rng(0).standard_normal(known.shape)
    said = [[noise, -known, known + noise, noise], [noise, -known, known - noise, noise]]
    assert _best_epochs(own, chooses, said) == 3
    # Sabotage: one member alone is fooled by its noise no more than by the order turned around.
    assert _best_epochs(own, chooses, [[noise, -known]]) == 1
    # What a member had no time for is not looked at.
    assert _best_epochs(own, chooses, [said[0], said[1][:2]]) == 1


@cache
def walked() -> RankWalk:
    own = panel(planted=True)
    return rank_walk(
        own, (RidgeRanker(), NETWORK), dates=dates(own, folds=1), config=WalkConfig(embargo_s=3 * DAY_S), seed=1,
        say=lambda *_: None,
    )  # fmt: skip


def test_the_model_of_a_fold_is_chosen_before_its_test():
    walk = walked()
    assert walk.learned == ("ridge", "network")
    for h, horizon in enumerate(walk.panel.horizons):
        for number, (fold, name) in enumerate(zip(walk.folds[horizon], walk.chosen(h), strict=True)):
            best = max(own[number, h] for key, own in walk.choice_ic.items() if key != NO_SKILL)
            assert walk.choice_ic[name][number, h] == best
            np.testing.assert_array_equal(walk.scores[CHOSEN][fold.test, h], walk.scores[name][fold.test, h])
    assert "ridge" in walk.chosen(1) or "network" in walk.chosen(1)  # a hint that nobody else reads


def test_the_report_says_whether_the_network_is_the_best():
    walk = walked()
    days = np.unique(walk.panel.day[walk.test & walk.panel.labelled[:, 1]])
    bootstrap = DayBootstrap.draw(days, resamples=200, mean_block_days=10.0, level=0.95, seed=0)
    told = choice_figures(walk, "5d", bootstrap)
    network = told["network"]
    assert network["best_other"] == "ridge"
    assert network["difference"]["value"] == pytest.approx(network["ic"] - network["best_other_ic"], abs=1e-9)
    assert network["at_least"] is (network["ic"] >= network["best_other_ic"])
    assert ("at least" if network["at_least"] else "below") in told["sentence"]
    # Sabotage: a network that turns the best other model's order around is below it.
    turned = replace(walk, scores={**walk.scores, "network": -walk.scores["ridge"]})
    again = choice_figures(turned, "5d", bootstrap)
    assert not again["network"]["at_least"]
    assert again["network"]["difference"]["high"] < 0
    assert "below" in again["sentence"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ensemble": 0}, "at least 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"dropout_frac": 1.0}, r"in \[0, 1\)"),
    ],
)
def test_a_network_that_cannot_be_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        replace(SMALL, **changes)
