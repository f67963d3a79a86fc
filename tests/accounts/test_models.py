"""The database refuses what no user can have."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from traderai.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("accounts_user_capital_positive", {"capital_rub": 0}),
        ("accounts_user_capital_positive", {"capital_rub": -5}),
        ("accounts_user_language_known", {"language": "de"}),
        ("accounts_user_risk_profile_known", {"risk_profile": "reckless"}),
        ("accounts_user_staff_without_telegram", {"telegram_id": 7, "is_staff": True}),
        ("accounts_user_staff_without_telegram", {"telegram_id": 7, "is_superuser": True}),
    ],
)
def test_the_database_refuses(constraint: str, fields: dict[str, Any]):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.create(username="vera", **fields)
    assert User.objects.count() == 0


def test_one_telegram_account_is_one_user():
    User.objects.create(username="vera", telegram_id=7)
    with pytest.raises(IntegrityError, match="telegram_id"), transaction.atomic():
        User.objects.create(username="boris", telegram_id=7)


def test_unknown_capital_and_telegram_are_allowed_for_many():
    User.objects.create(username="vera", capital_rub=None)
    User.objects.create(username="boris", capital_rub="0.01")
    assert User.objects.count() == 2


def test_a_time_zone_that_is_none_is_refused():
    vera = User(username="vera", password="x", time_zone="Mars/Olympus")
    with pytest.raises(ValidationError, match="time_zone must be a name such as Europe/Moscow"):
        vera.full_clean()
    vera.time_zone = "Asia/Vladivostok"
    vera.full_clean()
