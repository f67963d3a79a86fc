"""What users see and change of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from rest_framework.test import APIClient

from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/me"


@pytest.fixture
def vera() -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_user("vera", capital_rub=500_000, telegram_id=7))
    return client


def stored() -> dict[str, Any]:
    return User.objects.values().get(username="vera")


def test_what_is_named_changes_and_the_rest_stays(vera: APIClient):
    first = vera.get(ADDRESS).json()
    assert first == {
        "username": "vera", "language": "ru", "capital_rub": 500_000, "risk_profile": "balanced",
        "time_zone": "Europe/Moscow", "roles": ["trader"], "telegram_linked": True,
        "notifications": {"signals": False, "weekly_report": True},
    }  # fmt: skip
    changes = {
        "language": "en", "capital_rub": 750_000.5, "risk_profile": "bold", "time_zone": "Asia/Vladivostok",
        "notifications": {"signals": True},
    }  # fmt: skip
    changed = vera.patch(ADDRESS, changes, format="json").json()
    assert changed == first | changes | {"notifications": {"signals": True, "weekly_report": True}}
    assert vera.get(ADDRESS).json() == changed
    assert vera.patch(ADDRESS, {"capital_rub": None}, format="json").json() == changed | {"capital_rub": None}
    assert vera.patch(ADDRESS, {}, format="json").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"language": "de"}, 400, "language"),
        ({"language": None}, 400, "language"),
        ({"capital_rub": 0}, 422, "capital_rub"),
        ({"capital_rub": -5}, 422, "capital_rub"),
        ({"capital_rub": 0.001}, 422, "capital_rub"),
        ({"capital_rub": "1e30"}, 400, "capital_rub"),
        ({"capital_rub": "NaN"}, 400, "capital_rub"),
        ({"capital_rub": True}, 400, "capital_rub"),
        ({"risk_profile": "reckless"}, 400, "risk_profile"),
        ({"time_zone": "Mars/Olympus"}, 422, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, 422, "time_zone"),
        ({"time_zone": "\0"}, 422, "time_zone"),
        ({"notifications": {"signals": "perhaps"}}, 400, "notifications.signals"),
        ({"notifications": {"news": True}}, 400, "notifications.news"),
        ({"notifications": None}, 400, "notifications"),
        ({"is_staff": True}, 400, "is_staff"),
        ({"username": "boris"}, 400, "username"),
        ({"telegram_id": 8}, 400, "telegram_id"),
    ],
    ids=str,
)
def test_one_bad_field_and_nothing_is_changed(vera: APIClient, body: dict[str, Any], status: int, field: str):
    before = stored()
    good = {"language": "en", "risk_profile": "bold", "time_zone": "Asia/Tokyo"}
    answer = vera.patch(ADDRESS, good | body, format="json")
    assert answer.status_code == status, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert stored() == before


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_that_is_no_object_is_refused(vera: APIClient, body: Any):
    assert vera.patch(ADDRESS, body, format="json").status_code in (400, 200 if body is None else 400)


def test_roles_are_the_groups_and_admin(vera: APIClient):
    user = User.objects.get()
    user.groups.add(Group.objects.get_or_create(name="reviewer")[0])
    User.objects.update(telegram_id=None, is_superuser=True)
    assert vera.get(ADDRESS).json()["roles"] == ["trader", "admin", "reviewer"]


def test_an_export_holds_what_was_set(vera: APIClient):
    account = vera.get(f"{ADDRESS}/data").json()["account"]
    assert (account["time_zone"], account["notify_signals"], account["notify_weekly_report"]) == (
        "Europe/Moscow", False, True,
    )  # fmt: skip


def test_strangers_get_nothing():
    stranger = APIClient()
    assert stranger.get(ADDRESS).status_code == stranger.patch(ADDRESS, {}, format="json").status_code == 401
