"""A write that is sent twice is done once, whatever happens in between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from portfolio.models import Account
from tests.portfolio import ledger_maker
from tests.site.test_my_data import rows_of
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.errors import InputError
from traderai.site.kept_answers import (
    KEPT_FOR,
    Answer,
    Asked,
    StillRunningError,
    answer_once,
    kept_answers_sweep,
)
from traderai.site.models import KeptAnswer

API = "/api/v1"
ACCOUNT = {"name": "Savings", "kind": "real"}
# Writes that take no key, each for its reason.
NOT_KEYED = {
    "analyze_ticker": "asks, writes nothing of the user's",
    "analyze_portfolio": "asks, writes nothing",
    "delete_my_data": "nothing of the user stays, an answer neither",
    "auth_telegram": "a token is told once",
    "auth_token": "a token is told once",
    "auth_token_end": "ends the token it came with",
    "news_triggers_push": "has ids of its own",
}


@pytest.fixture
def anna(db: None) -> APIClient:
    client = APIClient()
    client.force_login(User.objects.create_user("anna"))
    return client


def send(client: APIClient, key: str, body: Any = None, path: str = "/accounts") -> Any:
    return client.post(f"{API}{path}", body or ACCOUNT, format="json", headers={"Idempotency-Key": key})


def test_the_same_request_is_answered_again_and_done_once(anna: APIClient):
    first, again = send(anna, "one"), send(anna, "one")
    assert first.status_code == again.status_code == 200 and first.content == again.content
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert Account.objects.count() == 1
    # A refusal for good is kept as well, and another key is another request.
    assert [send(anna, "two").status_code for _ in range(2)] == [409, 409]
    assert [send(anna, "three", {"kind": "real"}).status_code for _ in range(2)] == [400, 400]


def test_a_key_names_one_request_of_one_user(anna: APIClient):
    assert send(anna, "one").status_code == 200
    for body, path in (({"name": "Other", "kind": "real"}, "/accounts"), (ACCOUNT, "/pre_trade_check")):
        other = send(anna, "one", body, path)
        assert other.status_code == 422 and other.json()["code"] == "key_used", path
    boris = APIClient()
    boris.force_login(User.objects.create_user("boris"))
    assert send(boris, "one").status_code == 200 and Account.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "two words"])
def test_a_key_that_is_none_is_refused(anna: APIClient, key: str):
    refused = send(anna, key)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not Account.objects.exists()


def test_strangers_learn_nothing_by_a_key(anna: APIClient):
    send(anna, "one")
    stranger = send(APIClient(REMOTE_ADDR="10.0.0.7"), "one")
    assert stranger.status_code == 401 and "Savings" not in stranger.content.decode()


@pytest.mark.parametrize("right", [True, False], ids=["with its token", "without"])
def test_a_signed_in_readers_keyed_write_is_that_readers(db: None, settings: LazySettings, right: bool):
    settings.DEVELOPMENT_USERNAME = "somebody"
    reader = Client(enforce_csrf_checks=True)
    reader.force_login(User.objects.create_user("boris"))
    token = "a" * 32
    reader.cookies["csrftoken"] = token
    headers = {"Idempotency-Key": "one", "X-CSRFToken": token if right else "b" * 32}
    answer = reader.post(
        f"{API}/accounts", {"name": "own", "kind": "real"}, content_type="application/json", headers=headers
    )
    owners = list(Account.objects.values_list("user__username", flat=True))
    assert (answer.status_code, owners) == ((200, ["boris"]) if right else (403, []))


def test_a_keyed_write_that_cannot_be_read_is_refused_and_breaks_nothing(db: None):
    reader = Client(enforce_csrf_checks=True, raise_request_exception=False)
    reader.force_login(User.objects.create_user("boris"))
    reader.cookies["csrftoken"] = "a" * 32
    for body in ('{"name": "\\u0000"}', "{", "[" * 5_000):
        answer = reader.post(
            f"{API}/accounts", body, content_type="application/json", headers={"Idempotency-Key": "one"}
        )
        assert answer.status_code in {400, 403, 422}, body[:20]
    assert not Account.objects.exists() and not KeptAnswer.objects.exists()


def test_a_form_sent_again_has_another_boundary(anna: APIClient):
    ledger_maker.share()

    def upload(boundary: str, row: str) -> Any:
        text = f"secid,side,qty,qty_unit,price,traded_at\n{row}\n"
        file = SimpleUploadedFile("trades.csv", text.encode(), "text/csv")
        body = encoded(boundary, file)
        return anna.generic(
            "POST", f"{API}/actions/import", body, f"multipart/form-data; boundary={boundary}",
            headers={"Idempotency-Key": "one"},
        )  # fmt: skip

    def encoded(boundary: str, file: SimpleUploadedFile) -> bytes:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
        return head.encode() + file.read() + f"\r\n--{boundary}--\r\n".encode()

    first, again = upload("aaaa", "AAAA,BUY"), upload("bbbb", "AAAA,BUY")
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert upload("cccc", "AAAA,SELL").json()["code"] == "key_used"


def asked(user: User, key: str = "one", sha: str = "0" * 64) -> Asked:
    return Asked(user_id=user.pk, key=key, operation="POST /x", request_sha256=sha)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=503, media_type="application/json", body="{}"),
        Answer(status=429, media_type="application/json", body="{}"),
        Answer(status=403, media_type="application/json", body="{}"),
        Answer(status=409, media_type="application/json", body="{}", passing=True),
    ],
    ids=lambda answer: answer.status,
)
def test_what_will_pass_is_not_kept(db: None, answer: Answer):
    user = User.objects.create_user("anna")
    done = Answer(status=201, media_type="application/json", body='{"id": 1}')
    answers = iter([answer, done])
    told = [
        answer_once(asked=asked(user), work=lambda: next(answers), now=clock.now()).status for _ in range(3)
    ]
    assert told == [answer.status, 201, 201]


def test_who_dies_in_the_middle_leaves_nothing(db: None):
    user = User.objects.create_user("anna")

    def die() -> Answer:
        Account.objects.create(user=user, name="half", kind="real")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_once(asked=asked(user), work=die, now=clock.now())
    assert not Account.objects.exists() and not KeptAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_runs_and_the_other_is_told_to_come_back():
    user, begun, end = User.objects.create_user("anna"), Event(), Event()

    def slow() -> Answer:
        begun.set()
        assert end.wait(10)
        return Answer(status=201, media_type="", body="the first")

    def first() -> Answer:
        try:
            return answer_once(asked=asked(user), work=slow, now=clock.now())
        finally:
            connections["default"].close()

    client = APIClient()
    client.force_login(user)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert begun.wait(10)
        with pytest.raises(StillRunningError):
            answer_once(asked=asked(user), work=slow, now=clock.now())
        refused = send(client, "one")
        assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1")
        assert refused.json()["code"] == "still_running" and not Account.objects.exists()
        # Seen to fail: under another key nobody waits.
        assert send(client, "two").status_code == 200
        end.set()
        assert running.result(10).body == "the first"
    assert answer_once(asked=asked(user), work=slow, now=clock.now()).body == "the first"


@pytest.mark.django_db(transaction=True)
def test_a_request_sent_eight_times_at_once_is_done_once():
    user = User.objects.create_user("anna")

    def ask(_: int) -> int:
        client = APIClient()
        client.force_authenticate(user)
        try:
            return int(send(client, "one").status_code)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(ask, range(8)))
    assert Account.objects.count() == 1 and told <= {200, 409} and 200 in told


def test_after_a_day_a_key_is_free_and_its_answer_is_removed(db: None):
    user, now = User.objects.create_user("anna"), clock.now()
    done = Answer(status=201, media_type="", body="")
    answer_once(asked=asked(user), work=lambda: done, now=now)
    with pytest.raises(InputError):
        answer_once(
            asked=asked(user, sha="1" * 64), work=lambda: done, now=now + KEPT_FOR - timedelta(seconds=1)
        )
    answer_once(asked=asked(user, sha="1" * 64), work=lambda: done, now=now + KEPT_FOR)
    assert KeptAnswer.objects.get().request_sha256 == "1" * 64
    assert kept_answers_sweep(now=now + KEPT_FOR) == 0
    assert kept_answers_sweep(now=now + 2 * KEPT_FOR) == 1 and not KeptAnswer.objects.exists()


def test_it_is_part_of_what_is_held_of_a_user(anna: APIClient):
    send(anna, "one")
    (kept,) = anna.get(f"{API}/me/data").json()["kept_answers"]["answers"]
    assert (kept["key"], kept["operation"]) == ("one", "POST /api/v1/accounts") and "Savings" in kept["body"]
    user_id = User.objects.get().pk
    assert "site_keptanswer" in rows_of(user_id)
    assert anna.delete(f"{API}/me/data", {"confirm": "anna"}, format="json").status_code == 204
    assert rows_of(user_id) == {}


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [({}, "site_keptanswer_once"), ({"key": "two", "status": 503}, "site_keptanswer_is_final")],
)
def test_the_database_keeps_one_final_answer_a_key(db: None, changed: dict[str, Any], constraint: str):
    now = clock.now()
    row = {
        "user": User.objects.create_user("anna"), "key": "one", "operation": "POST /x", "request_sha256": "0" * 64,
        "status": 200, "answered_at": now, "expires_at": now,
    }  # fmt: skip
    KeptAnswer.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        KeptAnswer.objects.create(**{**row, **changed})


def test_every_write_takes_a_key_or_says_why_not():
    document = SchemaGenerator().get_schema(request=None, public=True)
    keyed, not_keyed = set(), set()
    for path in document["paths"].values():
        for method, operation in path.items():
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert "429" in operation["responses"], operation["operationId"]
            if "requestBody" in operation:
                assert {"413", "415"} <= set(operation["responses"]), operation["operationId"]
            if method != "get":
                (keyed if "Idempotency-Key" in names else not_keyed).add(operation["operationId"])
            else:
                assert "Idempotency-Key" not in names
    assert not_keyed <= set(NOT_KEYED)
    assert keyed >= {"actions_create", "positions_destroy", "training_answer", "watchlist_update"}


def test_sabotage_without_the_guard_it_is_done_twice(anna: APIClient, settings: LazySettings):
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Idempotency" not in one]
    anna.handler.load_middleware()
    answers = [send(anna, "one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
