"""Nicknames: chosen, checked, there once, and given back."""

from __future__ import annotations

import pytest

from tests.training_game.game_maker import player
from traderai.common.errors import ConflictError, InputError
from training_game.models import Player
from training_game.services.nickname import nickname_set

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["Bober-7", "Бобёр_77", "abc", "x" * 20])
def test_good_names(name):
    user = player()
    assert nickname_set(user_id=user.pk, nickname=f" {name} ") == name
    assert nickname_set(user_id=user.pk, nickname=name) == name
    assert Player.objects.get().nickname == name


@pytest.mark.parametrize(
    "name",
    [
        "", "ab", "x" * 21, "a b c", "<b>x</b>", "Bоber", "12345", "AI", "TraderAI", "trader_ai", "ИИ-7", "adm1n-admin",
        "Ωmega", "a\u200bbc", "Поддержка",
    ],
)  # fmt: skip
def test_bad_names_change_nothing(name):
    user = player()
    with pytest.raises(InputError):
        nickname_set(user_id=user.pk, nickname=name)
    assert not Player.objects.exclude(nickname=None).exists()


def test_a_name_is_taken_whatever_its_case_and_free_once_given_back():
    one, other = player("one"), player("other")
    nickname_set(user_id=one.pk, nickname="Bober")
    with pytest.raises(ConflictError) as error:
        nickname_set(user_id=other.pk, nickname="bOBER")
    assert error.value.code == "nickname_taken"
    assert nickname_set(user_id=one.pk, nickname=None) is None
    assert nickname_set(user_id=other.pk, nickname="bOBER") == "bOBER"
