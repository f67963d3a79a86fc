"""The game over HTTP: happy path, every refusal, whose rows are whose, both languages."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.training_game import game_maker
from tests.training_game.game_maker import said, version, worker
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.clock import MOSCOW
from training_game.api import examples
from training_game.api.serializers import (
    BoardSerializer,
    GameScenarioSerializer,
    RatingSerializer,
    RevealSerializer,
)
from training_game.models import Answer, Player, Scenario
from training_game.phrases import verdict_text
from training_game.selectors.configuration import game_config_get

pytestmark = pytest.mark.django_db
SCENARIO, ANSWER = "/api/v1/training_scenario", "/api/v1/training_answer"
RATING, BOARD = "/api/v1/training_rating", "/api/v1/training_leaderboard"


def signed_in(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def client(user) -> Client:
    return signed_in(user)


def dealt(client: Client, **wish) -> tuple[dict, Scenario]:
    reply = client.get(SCENARIO, wish)
    assert reply.status_code == 200, reply.content
    return reply.json(), Scenario.objects.get(token=reply.json()["scenario_id"].split(":")[0])


def send(client: Client, scenario_id: str, action: str = "BUY", *, language: str = "en", **body):
    content = {"scenario_id": scenario_id, "action": action, **body}
    return client.post(
        ANSWER, content, content_type="application/json", headers={"Accept-Language": language}
    )


@pytest.fixture(scope="module", autouse=True)
def judge(stored_market, django_db_blocker):
    with django_db_blocker.unblock(), worker():
        yield


def test_a_round_from_deal_to_rating(client, user):
    body, row = dealt(client)
    rules = game_config_get().difficulties["normal"]
    assert body["secid"] is None and body["disguised"] and len(body["candles"]) == rules.candles
    begins = [datetime.fromisoformat(candle["begin"]) for candle in body["candles"]]
    assert begins == sorted(begins) and body["candles"][0]["begin"].endswith("+03:00")
    assert {begin.hour for begin in begins} <= set(range(10, 19)) and begins[-1].year >= 2050
    real = row.bar_begin.astimezone(MOSCOW)
    assert (begins[-1].weekday(), begins[-1].hour) == (real.weekday(), real.hour)
    assert client.get(SCENARIO).content == client.get(SCENARIO).content

    said(row, "HOLD", by=version())
    close = body["candles"][-1]["close"]
    reply = send(client, body["scenario_id"], take_profit=close * 1.05, stop_loss=close * 0.97, taken_s=12.5)
    assert reply.status_code == 200, reply.content
    told = reply.json()
    assert told["secid"].startswith("GAM") and told["name"].startswith("Share")
    assert told["bar_begin"] == real.isoformat() and told["ai"]["action"] == "HOLD"
    assert "explanation" not in told["ai"] and told["explanation"] == ""
    assert told["score"] in (0.0, 0.5, 1.0) and told["rating_before"]["rating"] == 1500.0
    assert Answer.objects.get().taken_s == 12.5

    standing = client.get(RATING).json()
    assert standing["strength"] == told["rating"] and standing["total"]["rounds"] == 1
    assert standing["ai"][0]["family"] == game_maker.FAMILY and len(standing["curve"]) == 1


def test_a_deal_takes_few_queries_however_long_the_history(client):
    with CaptureQueriesContext(connection) as queries:
        dealt(client)
    assert len(queries) <= 45, [query["sql"][:80] for query in queries]
    with CaptureQueriesContext(connection) as again:
        dealt(client)  # the open round
    assert len(again) <= 12


def test_words_are_those_of_the_language_asked_for(client):
    body, row = dealt(client)
    said(row, "HOLD", by=version())
    told = send(client, body["scenario_id"], "HOLD", language="ru").json()
    assert told["verdict"] == "Вы остались вне рынка: 0 R. Ничья с ИИ: +0,00 R против +0,00 R."
    assert told["name"].startswith("Акция")


def test_every_verdict_has_its_words(client, user):
    from dataclasses import replace

    from training_game.contracts import Call
    from training_game.services.answer import answer_record

    body, row = dealt(client)
    said(row, "SELL", by=version())
    reveal = answer_record(
        user_id=user.pk, scenario_id=body["scenario_id"], call=Call(action="BUY"), now=clock.now()
    )
    for score in (0.0, 0.5, 1.0):
        assert "R" in verdict_text(replace(reveal, score=score), language="ru")
    texts = {
        verdict_text(replace(reveal, score=None, unrated_reason=reason, state="void"), language="ru")
        for reason in ("void", "not_disguised", "no_version", "withdrawn")
    }
    assert len(texts) == 4 and not any("rated" in text or "moment" in text for text in texts)


def test_late_and_second_answers_are_conflicts(client):
    body, row = dealt(client)
    Scenario.objects.filter(pk=row.pk).update(
        served_at=clock.now() - timedelta(hours=2), expires_at=clock.now() - timedelta(hours=1)
    )
    late = send(client, body["scenario_id"])
    assert (late.status_code, late.json()["code"]) == (409, "late")
    body, _ = dealt(client)
    assert send(client, body["scenario_id"]).status_code == 200
    second = send(client, body["scenario_id"])
    assert (second.status_code, second.json()["code"]) == (409, "answered")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"difficulty": "insane"}, 400), ({"regime": "bull"}, 400), ({"sector": "nothing"}, 422),
        ({"timeframe": "30m"}, 422), ({"timeframe": "5m"}, 409), ({"regime": "panic"}, 409),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_met(client, query, status):
    reply = client.get(SCENARIO, query)
    assert reply.status_code == status, reply.content
    assert not Scenario.objects.exists()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"action": "KEEP"}, 400), ({"scenario_id": "7"}, 404), ({"scenario_id": "forged:signature"}, 404),
        ({"take_profit": 1.0}, 422), ({"taken_s": -1}, 400), ({"take_profit": "high"}, 400),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_taken_change_nothing(client, change, status):
    body, _ = dealt(client)
    content = {"scenario_id": body["scenario_id"], "action": "BUY"} | change
    reply = client.post(ANSWER, content, content_type="application/json")
    assert reply.status_code == status, reply.content
    assert not Answer.objects.exists()


def test_nobody_sees_or_answers_anothers_round(client, user):
    other = signed_in(game_maker.player("other"))
    body, _ = dealt(client)
    assert send(other, body["scenario_id"]).status_code == 404
    theirs, _ = dealt(other)
    assert theirs["scenario_id"] != body["scenario_id"]
    assert send(client, body["scenario_id"]).status_code == 200
    assert other.get(RATING).json()["total"]["rounds"] == 0
    assert client.patch(RATING, {"nickname": "Bober"}, content_type="application/json").status_code == 200
    taken = other.patch(RATING, {"nickname": "bober"}, content_type="application/json")
    assert (taken.status_code, taken.json()["code"]) == (409, "nickname_taken")
    assert other.get(RATING).json()["nickname"] is None


def test_strangers_are_let_in_nowhere():
    stranger = Client()
    for path in (SCENARIO, RATING, BOARD):
        assert stranger.get(path).status_code == 401
    assert stranger.post(ANSWER, {}, content_type="application/json").status_code == 401
    assert stranger.patch(RATING, {}, content_type="application/json").status_code == 401


def test_a_nickname_comes_and_goes(client, user):
    for name, status in (("Bober-7", 200), ("<b>", 422), (None, 200)):
        reply = client.patch(RATING, {"nickname": name}, content_type="application/json")
        assert reply.status_code == status, reply.content
    assert client.patch(RATING, {}, content_type="application/json").status_code == 400
    assert Player.objects.get(user=user).nickname is None
    assert client.get(BOARD).json() == {"results": []}


@pytest.mark.parametrize(
    ("serializer", "example"),
    [
        (GameScenarioSerializer, examples.SCENARIO), (RevealSerializer, examples.REVEAL),
        (RatingSerializer, examples.RATING), (BoardSerializer, examples.BOARD),
    ],
)  # fmt: skip
def test_the_examples_have_the_shape_of_answers(serializer, example):
    assert set(example) == set(serializer().fields)
