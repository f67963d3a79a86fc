"""Ratings of people and the AI over periods, streaks, records and the leader board."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from market.models import Instrument
from tests.training_game.game_maker import FAMILY, NOW, play, player
from training_game.kernels.glicko import Game, Strength, deviation_grown, rating_updated
from training_game.models import Answer, Player, RatingChange, Scenario
from training_game.selectors.configuration import game_config_get
from training_game.selectors.rating import leaderboard, player_record
from training_game.services.nickname import nickname_set
from training_game.services.rate import period_of

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONFIG = game_config_get()


@pytest.fixture
def share(db) -> Instrument:
    return Instrument.objects.create(secid="AAA", name_ru="а", name_en="a")


def strength(row: Player) -> Strength:
    return Strength(row.rating, row.deviation, row.volatility)


def test_games_of_a_period_count_together(share):
    user, new = player(), Strength()
    for number, own_r in enumerate((1.9, -1.1, 1.9)):
        play(user, share, own_r, 0.0, number=number, at=NOW + number * timedelta(minutes=5))
    games = [Game(new, 1.0), Game(new, 0.0), Game(new, 1.0)]
    mine, ai = Player.objects.get(user=user), Player.objects.get(ai_family=FAMILY)
    assert strength(mine) == pytest.approx(rating_updated(new, games, tau=CONFIG.tau))
    turned = [Game(new, 1 - game.score) for game in games]
    assert strength(ai) == pytest.approx(rating_updated(new, turned, tau=CONFIG.tau))
    assert (mine.base_rating, mine.base_deviation) == (1500, 350)


def test_a_new_period_begins_where_the_last_one_ended_and_idleness_adds_doubt(share):
    user = player()
    play(user, share, 1.9, 0.0, number=0)
    first = strength(Player.objects.get(user=user))
    ai = strength(Player.objects.get(ai_family=FAMILY))
    play(user, share, 1.9, 0.0, number=1, at=NOW + 6 * DAY)
    own, other = (deviation_grown(each, periods=5) for each in (first, ai))
    mine = Player.objects.get(user=user)
    assert mine.base_deviation == pytest.approx(own.deviation) and mine.base_deviation > first.deviation
    assert strength(mine) == pytest.approx(rating_updated(own, [Game(other, 1.0)], tau=CONFIG.tau))


def test_periods_are_days_of_moscow():
    late = NOW.replace(hour=20, minute=59)
    assert period_of(late, days=1) == late.date()
    assert period_of(late + timedelta(minutes=1), days=1) == late.date() + DAY
    assert len({period_of(NOW + days * DAY, days=7) for days in range(7)}) <= 2


def test_players_of_one_moment_meet_once(share):
    strong, weak = player("strong"), player("weak")
    play(strong, share, 1.9, None, number=0)
    assert not RatingChange.objects.exists()
    play(weak, share, -1.1, None, number=0)
    play(weak, share, -1.1, None, number=1)  # nobody else was there
    rows = {row.player.user: row.score for row in RatingChange.objects.select_related("player__user")}
    assert rows == {strong: 1.0, weak: 0.0}
    assert Player.objects.get(user=strong).rating > 1500 > Player.objects.get(user=weak).rating


def test_open_charts_meet_nobody(share):
    play(player("a"), share, 1.9, None, number=0, disguised=False)
    play(player("b"), share, -1.1, None, number=0)
    assert not RatingChange.objects.exists()


def test_the_stronger_player_ends_higher(share):
    """Played through the database: who is right more often stands higher, and the AI between them."""
    rng = np.random.default_rng(1)
    chances = {"weak": 0.25, "even": 0.5, "strong": 0.75}
    users = {name: player(name) for name in chances}
    for number in range(24):
        for name, chance in chances.items():
            own_r = 1.9 if rng.random() < chance else -1.1
            play(users[name], share, own_r, 0.4, number=3 * number + len(name), at=NOW + number // 6 * DAY)
    found = {name: Player.objects.get(user=user).rating for name, user in users.items()}
    assert found["weak"] < found["even"] < found["strong"]
    assert found["weak"] < Player.objects.get(ai_family=FAMILY).rating < found["strong"]


def test_a_record_by_hand(share):
    user = player()
    results = [(1.9, 0.0), (1.9, 0.0), (0.0, 0.0), (-1.1, 0.0), (1.9, -1.1), (1.0, None)]
    for number, (own_r, ai_r) in enumerate(results):
        setup = "breakout_up" if number < 2 else "range"
        play(user, share, own_r, ai_r, number=number, at=NOW + number * HOUR, setup=setup)
    mine = Player.objects.get(user=user)
    Scenario.objects.filter(player=mine).last()
    record = player_record(user_id=user.pk, as_of=NOW + DAY)
    total = record.total
    assert (total.rounds, total.rated, total.wins, total.draws, total.losses) == (6, 5, 3, 1, 1)
    assert total.mean_r == pytest.approx(5.6 / 6) and total.mean_ai_r == pytest.approx(-1.1 / 5)
    assert (record.streak, record.best_streak) == (1, 2)
    assert [(group.name, group.rounds) for group in record.by_setup] == [("breakout_up", 2), ("range", 4)]
    assert [group.name for group in record.by_regime] == ["flat"]
    assert (record.dealt, record.answered, record.missed) == (6, 6, 0)
    assert len(record.curve) == 5 and record.curve[-1][1] == mine.rating
    Answer.objects.filter(scenario__player=mine).first().delete()
    assert player_record(user_id=user.pk, as_of=NOW + DAY).missed == 1


def test_who_has_not_played_has_a_new_players_standing(db):
    record = player_record(user_id=player().pk, as_of=NOW)
    assert (record.strength.rating, record.dealt, record.total.mean_r, record.curve) == (1500, 0, None, ())
    assert not Player.objects.exists()


def test_the_board_shows_who_wants_to_be_shown_and_the_ai(share):
    names = {"shy": None, "good": "Good_one", "bad": "Bad-one", "new": "Newcomer"}
    users = {name: player(name) for name in names}
    for number in range(CONFIG.board_rounds):
        for name, own_r in (("shy", 1.9), ("good", 1.9), ("bad", -1.1)):
            play(users[name], share, own_r, 0.0, number=10 * number + len(name))
    for name, nickname in names.items():
        if nickname:
            nickname_set(user_id=users[name].pk, nickname=nickname)
    rows = leaderboard(user_id=users["bad"].pk, as_of=NOW)
    assert [(row.name, row.place, row.is_you) for row in rows if not row.is_ai] == [
        ("Good_one", 1, False),
        ("Bad-one", 2, True),
    ]
    assert [row.name for row in rows if row.is_ai] == [FAMILY]
    assert rows[0].rounds == CONFIG.board_rounds
    nickname_set(user_id=users["good"].pk, nickname=None)
    assert "Good_one" not in {row.name for row in leaderboard(user_id=users["bad"].pk, as_of=NOW)}
