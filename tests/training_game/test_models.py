"""The database itself refuses what the game must never hold."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from market.models import Instrument
from tests.training_game.game_maker import NOW
from traderai.accounts.models import User
from traderai.common import clock
from training_game.models import Answer, Player, RatingChange, Scenario

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = NOW - 90 * DAY


@pytest.fixture
def player(db) -> Player:
    return Player.objects.create(user=User.objects.create_user("p", password="x"))


@pytest.fixture
def instrument(db) -> Instrument:
    return Instrument.objects.create(secid="AAA", name_ru="а", name_en="a")


def scenario(player: Player, instrument: Instrument, *, moment=MOMENT, **fields) -> Scenario:
    values = {
        "token": uuid4(), "player": player, "instrument": instrument, "timeframe": "1h", "label_set": "swing_v1",
        "horizon": "5d", "bar_begin": moment - HOUR, "as_of": moment, "shown_from": moment - 20 * DAY,
        "future_until": moment + 21 * DAY, "candles": 100, "difficulty": "hard", "setup": "range",
        "may_sell": True, "disguised": True, "price_factor": 2.0, "volume_factor": 0.5, "weeks": 1500,
        "served_at": NOW, "expires_at": NOW + HOUR,
    } | fields  # fmt: skip
    return Scenario.objects.create(**values)


def answer(row: Scenario, **fields) -> Answer:
    values = {"action": "BUY", "answered_at": NOW, "claimed_until": NOW} | fields
    return Answer.objects.create(scenario=row, **values)


def refused(name: str, make_it) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("training_game_player_user_or_ai", {}),
        ("training_game_player_user_or_ai", {"ai_family": "f", "with_user": True}),
        ("training_game_player_nickname_of_people", {"ai_family": "f", "nickname": "Bober"}),
        ("training_game_player_nickname_of_people", {"with_user": True, "nickname": ""}),
        ("training_game_player_strength_possible", {"with_user": True, "deviation": 0.0}),
        ("training_game_player_strength_possible", {"with_user": True, "base_volatility": -0.1}),
    ],
)
def test_a_player_is_sound(name, fields):
    fields = dict(fields)
    if fields.pop("with_user", False):
        fields["user"] = User.objects.create_user("q", password="x")
    refused(name, lambda: Player.objects.create(**fields))


def test_an_ai_and_a_nickname_are_there_once(player):
    Player.objects.create(ai_family="f")
    refused("training_game_player_ai_once", lambda: Player.objects.create(ai_family="f"))
    Player.objects.filter(pk=player.pk).update(nickname="Bober")
    other = User.objects.create_user("q", password="x")
    refused("training_game_player_nickname_once", lambda: Player.objects.create(user=other, nickname="bOBER"))


def test_nothing_is_seen_twice(player, instrument):
    scenario(player, instrument)
    name = "training_game_scenario_windows_apart"
    for moment in (MOMENT, MOMENT + 40 * DAY, MOMENT - 40 * DAY):
        refused(name, lambda moment=moment: scenario(player, instrument, moment=moment, timeframe="1d"))
    scenario(player, instrument, moment=MOMENT + 42 * DAY)
    scenario(player, Instrument.objects.create(secid="BBB", name_ru="б", name_en="b"))
    scenario(Player.objects.create(user=User.objects.create_user("q", password="x")), instrument)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("training_game_scenario_times_in_order", {"shown_from": MOMENT}),
        ("training_game_scenario_times_in_order", {"expires_at": NOW}),
        ("training_game_scenario_future_closed", {"served_at": MOMENT + DAY}),
        ("training_game_scenario_difficulty_known", {"difficulty": "insane"}),
        ("training_game_scenario_disguise_sound", {"price_factor": 0.0}),
        ("training_game_scenario_disguise_sound", {"disguised": False}),
    ],
)
def test_a_scenario_is_sound(player, instrument, name, fields):
    refused(name, lambda: scenario(player, instrument, **fields))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("training_game_answer_action_known", {"action": "KEEP"}),
        ("training_game_answer_levels_of_a_trade", {"take_profit_frac": 0.1}),
        (
            "training_game_answer_levels_of_a_trade",
            {"action": "HOLD", "take_profit_frac": 0.1, "stop_loss_frac": 0.1},
        ),
        ("training_game_answer_state_is_whole", {"state": "traded", "resolved_at": NOW}),
        ("training_game_answer_state_is_whole", {"state": "void", "resolved_at": NOW, "r_multiple": 1.0}),
        ("training_game_answer_state_is_whole", {"state": "open", "resolved_at": NOW}),
        (
            "training_game_answer_score_has_both_results",
            {"state": "no_trade", "resolved_at": NOW, "r_multiple": 0.0, "score": 1.0},
        ),
    ],
)
def test_an_answer_is_sound(player, instrument, name, fields):
    row = scenario(player, instrument)
    refused(name, lambda: answer(row, **fields))


def test_one_answer_a_scenario(player, instrument):
    row = scenario(player, instrument)
    answer(row)
    refused("scenario_id", lambda: answer(row, action="SELL"))


def test_a_rating_change_is_sound(player, instrument):
    ai, row = Player.objects.create(ai_family="f"), answer(scenario(player, instrument))
    values = {
        "player": player, "opponent": ai, "answer": row, "period": NOW.date(), "at": NOW, "score": 1.0,
        "opponent_rating": 1500.0, "opponent_deviation": 350.0, "opponent_volatility": 0.06, "rating": 1600.0,
        "deviation": 290.0, "volatility": 0.06,
    }  # fmt: skip
    for name, changed in (
        ("training_game_ratingchange_score_known", {"score": 0.7}),
        ("training_game_ratingchange_of_two", {"opponent": player}),
    ):
        refused(name, lambda changed=changed: RatingChange.objects.create(**values | changed))
    RatingChange.objects.create(**values)
    refused("training_game_ratingchange_once", lambda: RatingChange.objects.create(**values))


def test_a_deleted_account_takes_its_rows_and_leaves_others_their_games(player, instrument):
    ai, row = Player.objects.create(ai_family="f"), answer(scenario(player, instrument))
    RatingChange.objects.create(
        player=ai, opponent=player, answer=row, period=NOW.date(), at=NOW, score=0.0, opponent_rating=1500.0,
        opponent_deviation=350.0, opponent_volatility=0.06, rating=1400.0, deviation=290.0, volatility=0.06,
    )  # fmt: skip
    assert player.user is not None
    player.user.delete()
    assert not Scenario.objects.exists() and not Answer.objects.exists()
    kept = RatingChange.objects.get()
    assert (kept.player, kept.opponent, kept.answer) == (ai, None, None)


def test_staff_look_and_edit_nothing(player, instrument, admin_client: Client):
    row = answer(scenario(player, instrument))
    for model, pk in (("player", player.pk), ("scenario", row.scenario_id), ("answer", row.pk)):
        assert admin_client.get(f"/admin/training_game/{model}/").status_code == 200
        assert admin_client.get(f"/admin/training_game/{model}/{pk}/change/").status_code == 200
        assert admin_client.post(f"/admin/training_game/{model}/{pk}/delete/").status_code == 403
        assert admin_client.get(f"/admin/training_game/{model}/add/").status_code == 403
    assert admin_client.get("/admin/training_game/ratingchange/").status_code == 200
    assert clock.now() > NOW


def test_the_migration_can_be_undone_and_done_again(db):
    before = {name for name in connection.introspection.table_names() if name.startswith("training_game_")}
    for target in (None, "0001_game"):
        executor = MigrationExecutor(connection)
        executor.migrate([("training_game", target)])
        now = {name for name in connection.introspection.table_names() if name.startswith("training_game_")}
        assert now == (before if target else set())
    assert len(before) == 4
