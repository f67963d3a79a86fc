"""The AI's word on demand: by a real model that had learned nothing from the moment, through the warm worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings

from market.selectors.instruments import instrument_get
from modeling.models import ModelVersion
from modeling.services.registry import emission_pause
from signals.contracts import SignalAsk
from signals.models import Signal
from signals.services.ondemand import Desk
from tests.signals import builders
from tests.training_game import game_maker
from tests.training_game.game_maker import NOW, deal, worker
from traderai.accounts.models import User
from training_game.contracts import Call
from training_game.models import Answer, Player, Scenario
from training_game.services.ai_word import ai_word
from training_game.services.answer import answer_record
from training_game.services.deal import share_of

pytestmark = pytest.mark.django_db
SECID = "SHR0"  # the share that the makers of models scale on


@pytest.fixture(scope="module")
def featured(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    lake = f"file://{tmp_path_factory.mktemp('lake')}"
    with django_db_blocker.unblock(), override_settings(LAKE_URL=lake), transaction.atomic():
        builders.share(SECID, seed=0)
        builders.features(SECID)
        with worker():
            yield
        transaction.set_rollback(True)


@pytest.fixture
def user(featured, db) -> User:
    return game_maker.player()


def answered(user: User, dealt_id: str) -> Answer:
    answer_record(user_id=user.pk, scenario_id=dealt_id, call=Call(action="BUY"), now=NOW)
    return Answer.objects.get()


def test_who_had_learned_before_the_moment_is_asked_and_nothing_is_stored(user):
    early = builders.champion("early", trained_until=builders.START - timedelta(days=1), at=NOW)
    dealt, row = deal(user)
    found = answered(user, dealt.scenario_id)
    ask = SignalAsk(secid=SECID, timeframe="1h", horizon="5d", moment=row.as_of, past=True)
    direct = Desk().answer(ask, now=NOW)
    assert (found.ai_action, found.model_version) == (direct.action, early.version)
    assert direct.bar_begin == row.bar_begin and found.result["explanation"] == direct.payload["explanation"]
    assert found.trained_until == early.trained_until < row.bar_begin
    assert not Signal.objects.exists()
    assert found.score is not None and Player.objects.get(ai_family=found.ai_family).rating != 0


def test_of_two_versions_the_one_that_had_not_seen_the_moment_speaks(user):
    early = builders.champion("early", trained_until=builders.START - timedelta(days=1), at=NOW)
    dealt, row = deal(user)
    builders.champion("later-one", trained_until=row.bar_begin, against=early, at=NOW)
    assert answered(user, dealt.scenario_id).model_version == "early"


def test_nobody_speaks_who_had_seen_the_moment(user):
    dealt, row = deal(user)
    builders.champion("late", trained_until=row.bar_begin, at=NOW)
    found = answered(user, dealt.scenario_id)
    assert (found.ai_action, found.ai_reason, found.score) == ("", "no_version", None)
    # Sabotage: the same version trained a second earlier is heard.
    ModelVersion.objects.update(trained_until=row.bar_begin - timedelta(seconds=1))
    word = ai_word(scenario=row, secid=SECID, simulated=False)
    assert word.signal is not None and word.signal.model_version == "late"


def test_a_bar_without_features_and_a_silenced_champion_have_no_word(user):
    version = builders.champion("early", trained_until=builders.START - timedelta(days=1), at=NOW)
    _, row = deal(user)
    builders.share("BARE", seed=3)
    other = Scenario(
        timeframe="1h", horizon="5d", label_set="swing_v1", bar_begin=row.bar_begin, as_of=row.as_of,
        instrument_id=instrument_get(secid="BARE").id,
    )  # fmt: skip
    assert ai_word(scenario=other, secid="BARE", simulated=False).reason == "not_ready"
    emission_pause(version_id=version.id, by="t", reason="r", now=builders.START)
    assert ai_word(scenario=row, secid=SECID, simulated=False).reason == "no_version"
    assert share_of(row).secid == SECID
