"""The registry's API for staff: who may, what each switch answers, and that a request sent twice does no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from modeling.api import examples
from modeling.models import Promotion
from modeling.selectors.versions import champion_get, emission_paused, version_get
from modeling.services.registry import emission_pause
from tests.modeling.registry.maker import NOW, passed, registered, serving, shadowing
from tests.modeling.registry_config import registry_yaml
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
VERSIONS, SLOT = "/api/v1/model_versions", "/api/v1/model_slots/forecast"


@pytest.fixture(autouse=True)
def two_days(lake: Path) -> Iterator[None]:
    with registry_yaml(min_days=2):
        yield


def signed_in(*rights: str, **user: Any) -> Client:
    row = User.objects.create_user("clerk", **user)
    row.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client(REMOTE_ADDR="10.0.0.7")
    client.force_login(row)
    return client


@pytest.fixture
def boss() -> Client:
    return signed_in("view_modelversion", "change_modelversion", is_staff=True)


def post(client: Client, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, body, content_type="application/json")
    return answer.status_code, answer.json()


def test_the_list_tells_how_versions_stand(boss: Client, django_assert_max_num_queries):
    serving("old", grade="trade")
    shadowing("new", grade="trade")
    shadowing("newer", grade="trade")
    registered("fresh")
    with django_assert_max_num_queries(8):
        told = {row["version"]: row for row in boss.get(VERSIONS).json()}
    assert {name: (row["state"], row["grade"]) for name, row in told.items()} == {
        "fresh": ("candidate", "unjudged"),
        "new": ("shadow", "trade"),
        "newer": ("shadow", "trade"),
        "old": ("champion", "trade"),
    }
    assert told["new"]["standing"] == "0 of 2 days, 0 trades, not judged yet"
    assert set(told["old"]) == set(examples.VERSION)
    emission_pause(version_id=champion_get().id, by="t", reason="r", now=NOW)
    assert "silent: model_degraded" in boss.get(VERSIONS).content.decode()
    assert boss.get(VERSIONS, {"kind": "council"}).json() == []
    assert boss.get(VERSIONS, {"kind": "golbal"}).status_code == 400


def test_each_switch_and_its_audit(boss: Client):
    serving("old")
    passed("new")
    status, told = post(boss, f"{VERSIONS}/new/promote", reason="r")
    assert (status, told["code"]) == (409, "promotion_refused") and "has not been in shadow" in told["detail"]
    for _ in range(2):  # a repeated one is answered and changes nothing
        status, told = post(boss, f"{VERSIONS}/new/shadow", reason="listen")
        assert (status, told["state"]) == (200, "shadow")
    with registry_yaml(min_days=0):
        for _ in range(2):
            status, told = post(boss, f"{VERSIONS}/new/promote", reason="ten quiet days")
            assert (status, told["state"], told["standing"]) == (200, "champion", "")
    assert post(boss, f"{SLOT}/resume", reason="r")[0] == 409
    emission_pause(version_id=champion_get().id, by="t", reason="r", now=NOW)
    assert post(boss, f"{SLOT}/resume", reason="looked")[1]["version"] == "new"
    assert not emission_paused()
    told = list(Promotion.objects.filter(by="clerk").order_by("pk").values_list("action", "reason"))
    assert told == [("shadow", "listen"), ("promote", "ten quiet days"), ("resume", "looked")]


def test_a_rollback_sent_twice_goes_back_once(boss: Client):
    for minute, name in enumerate(("first", "second", "third")):
        with registry_yaml(min_days=0):
            serving(name, minute=minute)
    status, told = post(boss, f"{SLOT}/rollback", from_version="third", reason="worse")
    assert (status, told["version"]) == (200, "second")
    status, told = post(boss, f"{SLOT}/rollback", from_version="third", reason="worse")
    assert (status, told["code"]) == (409, "promotion_refused")
    assert champion_get().version == "second"
    assert post(boss, f"{SLOT}/rollback", from_version="second", reason="worse")[1]["version"] == "first"
    assert post(boss, f"{SLOT}/rollback", from_version="first", reason="worse")[0] == 409
    assert champion_get().version == "first"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (f"{VERSIONS}/odl/promote", {"reason": "r"}, 404, "did you mean 'old'"),
        (f"{VERSIONS}/old/promote", {}, 400, "reason"),
        (f"{VERSIONS}/old/promote", {"reason": "  "}, 400, "reason"),
        (f"{VERSIONS}/old/promote", {"reason": "r" * 501}, 400, "reason"),
        (f"{SLOT}/rollback", {"reason": "r"}, 400, "from_version"),
        (f"{SLOT}/rollback", {"reason": "r", "from_version": "odl"}, 404, "did you mean 'old'"),
        ("/api/v1/model_slots/forcast/resume", {"reason": "r"}, 404, "did you mean 'forecast'"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    boss: Client, path: str, body: dict[str, str], status: int, said: str
):
    serving("old")
    before = Promotion.objects.count()
    found, told = post(boss, path, **body)
    assert found == status and said in told["detail"]
    assert Promotion.objects.count() == before


RIGHTS = ("view_modelversion", "change_modelversion")


@pytest.mark.parametrize(
    ("rights", "staff", "sees", "switches"),
    [
        (RIGHTS, True, 200, 200),
        (RIGHTS[:1], True, 200, 403),
        ((), True, 403, 403),
        (RIGHTS, False, 403, 403),
    ],
)
def test_who_may(rights: tuple[str, ...], staff: bool, sees: int, switches: int):
    serving("old")
    passed("new")
    client = signed_in(*rights, is_staff=staff)
    assert client.get(VERSIONS).status_code == sees
    assert post(client, f"{VERSIONS}/new/shadow", reason="r")[0] == switches
    assert version_get(version="new").state == ("shadow" if switches == 200 else "candidate")


def test_a_stranger_is_asked_to_sign_in():
    serving("old")
    client = Client(REMOTE_ADDR="10.0.0.7")
    assert client.get(VERSIONS).status_code == 401
    assert post(client, f"{SLOT}/rollback", from_version="old", reason="r")[0] == 401


def test_another_page_cannot_switch_for_a_signed_in_user(boss: Client):
    serving("old")
    passed("new")
    other = Client(enforce_csrf_checks=True, REMOTE_ADDR="10.0.0.7")
    other.force_login(User.objects.get(username="clerk"))
    assert post(other, f"{VERSIONS}/new/shadow", reason="r")[0] == 403
    assert version_get(version="new").state == "candidate"
