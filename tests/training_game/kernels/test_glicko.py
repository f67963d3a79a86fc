"""Glicko-2 against its author's example, and in a simulated league."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_game.kernels.glicko import (
    Game,
    Strength,
    deviation_grown,
    expected_score,
    rating_updated,
)

EXAMPLE = (
    Game(Strength(1400, 30), 1.0),
    Game(Strength(1550, 100), 0.0),
    Game(Strength(1700, 300), 0.0),
)
TAU = 0.5
ratings = st.floats(500, 2800)
strengths = st.builds(Strength, ratings, st.floats(20, 350), st.floats(0.01, 0.15))
games = st.lists(st.builds(Game, strengths, st.sampled_from((0.0, 0.5, 1.0))), min_size=1, max_size=12)


def test_the_example_of_the_paper():
    after = rating_updated(Strength(1500, 200, 0.06), EXAMPLE, tau=TAU)
    assert after.rating == pytest.approx(1464.06, abs=0.01)
    assert after.deviation == pytest.approx(151.52, abs=0.01)
    assert after.volatility == pytest.approx(0.05999, abs=1e-5)


def test_a_wrong_scale_would_be_seen(monkeypatch):
    monkeypatch.setattr("training_game.kernels.glicko.SCALE", 400 / math.log(10) * 1.01)
    after = rating_updated(Strength(1500, 200, 0.06), EXAMPLE, tau=TAU)
    assert abs(after.rating - 1464.06) > 0.01


@given(strengths, games)
def test_the_order_of_games_does_not_count(before, played):
    once, again = (rating_updated(before, part, tau=TAU) for part in (played, played[::-1]))
    assert once == pytest.approx(again, rel=1e-9)


@given(strengths, games)
def test_more_points_never_make_weaker_and_games_make_surer(before, played):
    lost = [game._replace(score=0.0) for game in played]
    won = [game._replace(score=1.0) for game in played]
    low, middle, high = (rating_updated(before, part, tau=TAU) for part in (lost, played, won))
    assert low.rating < high.rating and low.rating - 30 <= middle.rating <= high.rating + 30
    assert low.rating < before.rating < high.rating
    assert all(after.volatility > 0 and math.isfinite(after.rating) for after in (low, middle, high))
    assert (
        middle.deviation < deviation_grown(before._replace(volatility=middle.volatility), periods=1).deviation
    )


@given(strengths, st.integers(0, 400))
def test_without_games_only_the_doubt_grows(before, periods):
    after = deviation_grown(before, periods=periods)
    assert (after.rating, after.volatility) == (before.rating, before.volatility)
    assert before.deviation - 1e-9 <= after.deviation <= 350
    if not periods:
        assert after.deviation == pytest.approx(before.deviation)
    assert rating_updated(before, (), tau=TAU) == deviation_grown(before, periods=1)


@given(strengths, strengths)
def test_expected_scores_of_both_make_one(one, other):
    assert expected_score(one, other) + expected_score(other, one) == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "played", "tau"),
    [
        (Strength(1500, 0, 0.06), (), 0.5),
        (Strength(1500, 350, 0), EXAMPLE, 0.5),
        (Strength(), EXAMPLE, 0),
        (Strength(), (Game(Strength(), 1.5),), 0.5),
        (Strength(math.nan), EXAMPLE, 0.5),
    ],
)
def test_nonsense_is_refused(before, played, tau):
    with pytest.raises(ValueError, match="must be"):
        rating_updated(before, played, tau=tau)


def test_a_negative_number_of_periods_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        deviation_grown(Strength(), periods=-1)


def league(seed: int, *, days: int = 60, games_a_day: int = 5) -> dict[float, Strength]:
    """Return the ratings of players of true strengths who meet one AI, the AI's own under its true strength."""
    rng = np.random.default_rng(seed)
    true = {1200.0: Strength(), 1400.0: Strength(), 1600.0: Strength(), 1800.0: Strength()}
    ai_true, ai = 1500.0, Strength()
    for _ in range(days):
        of_ai: list[Game] = []
        after: dict[float, Strength] = {}
        for strength, now in true.items():
            p = expected_score(Strength(strength, 1e-6), Strength(ai_true, 1e-6))
            scores = (rng.random(games_a_day) < p).astype(float)
            after[strength] = rating_updated(now, [Game(ai, score) for score in scores], tau=TAU)
            of_ai += [Game(now, 1.0 - score) for score in scores]
        ai = rating_updated(ai, of_ai, tau=TAU)
        true = after
    return {**true, ai_true: ai}


@pytest.mark.parametrize("seed", range(6))
def test_the_stronger_player_ends_higher(seed):
    found = league(seed)
    ordered = [found[strength].rating for strength in sorted(found)]
    assert ordered == sorted(ordered)
    for strength, rated in found.items():
        assert abs((rated.rating - found[1500.0].rating) - (strength - 1500.0)) < 4 * rated.deviation + 40
        assert rated.deviation < 100


def test_players_of_one_strength_end_together():
    rng = np.random.default_rng(3)
    ends = []
    for _ in range(20):
        now = Strength()
        for _ in range(40):
            played = [Game(Strength(1500, 50), float(rng.random() < 0.5)) for _ in range(5)]
            now = rating_updated(now, played, tau=TAU)
        ends.append(now.rating)
    assert abs(np.mean(ends) - 1500) < 25
