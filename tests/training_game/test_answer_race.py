"""Requests at once, on connections of their own: one deals, one answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from tests.training_game import game_maker
from tests.training_game.game_maker import NOW, deal, said, version, worker
from traderai.common.errors import ConflictError
from training_game.contracts import Call
from training_game.models import Answer, Player, RatingChange, Scenario
from training_game.services.answer import answer_record

SOON = NOW + timedelta(seconds=30)


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_wins():
    game_maker.market(shares=2)
    user = game_maker.player()
    dealt, row = deal(user)
    said(row, "HOLD", by=version())

    def send(action: str) -> str:
        try:
            answer_record(user_id=user.pk, scenario_id=dealt.scenario_id, call=Call(action=action), now=SOON)
        except ConflictError as error:
            return error.code
        finally:
            connections["default"].close()
        return action

    with worker(shared=False), ThreadPoolExecutor(4) as pool:
        told = list(pool.map(send, ["BUY", "SELL", "BUY", "HOLD"]))
    assert told.count("answered") == 3
    assert Answer.objects.count() == 1 and RatingChange.objects.count() == 2
    assert Answer.objects.get().action in told


@pytest.mark.django_db(transaction=True)
def test_of_two_deals_at_once_there_is_one_round():
    game_maker.market(shares=3)
    user = game_maker.player()

    def ask(seed: int) -> str:
        try:
            return deal(user, seed=seed)[0].scenario_id
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert Scenario.objects.count() == 1 and Player.objects.count() == 1
