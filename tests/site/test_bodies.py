"""What a request may carry: JSON of a sane size and shape; nothing else breaks anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from drf_spectacular.generators import SchemaGenerator
from rest_framework.parsers import JSONParser
from rest_framework.test import APIClient

from portfolio.api import ledger_views
from portfolio.selectors.configuration import ledger_config_get
from tests.portfolio import ledger_maker
from traderai.accounts.models import User
from traderai.common.parsers import DEEPEST, LARGEST_INTEGER

pytestmark = pytest.mark.django_db
API = "/api/v1"
TRADE = {"secid": "AAAA", "side": "BUY", "qty": 1, "qty_unit": "lots", "price": 100.0}
STRANGE: dict[str, str] = {
    "nul": '{"secid": "A\\u0000A", "name": "\\u0000", "comment": "\\u0000", "reason": "\\u0000"}',
    "nul in a name": '{"a\\u0000b": 1}',
    "half a pair": '{"secid": "\\ud800", "name": "\\udfff"}',
    "huge integer": json.dumps({"secid": "AAAA", "qty": 10**30, "account_id": 10**30, "scenario_id": 10**30}),
    "endless integer": '{"qty": ' + "9" * 5000 + "}",
    "infinite": '{"qty": 1e999, "price": -1e999}',
    "no number": '{"price": NaN}',
    "deep lists": "[" * 5_000,
    "deep objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "a little too deep": '{"a":' + "[" * (DEEPEST + 2) + "]" * (DEEPEST + 2) + "}",
    "a list": "[1, 2]",
    "a text": '"words"',
    "null": "null",
    "no utf-8": '{"secid": "\xff"}',
}


@pytest.fixture
def anna(db: None) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("anna"))
    return client


def writes() -> list[tuple[str, str]]:
    """Return method and address of every operation that takes a body."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    filled = {
        "accounts/{id}": "accounts/1",
        "{id}": "1-AAAA",
        "{signal_id}": "1",
        "{version}": "none",
        "{slot}": "forecast",
        "{secid}": "AAAA",
    }
    found = []
    for path, methods in document["paths"].items():
        for name, value in filled.items():
            path = path.replace(name, value)
        found += [(method, path) for method, operation in methods.items() if "requestBody" in operation]
    return found


def test_strange_json_breaks_no_operation(anna: APIClient):
    ledger_maker.share()
    asked = writes()
    assert len(asked) >= 14
    for method, path in asked:
        for name, body in STRANGE.items():
            answer = anna.generic(method.upper(), path, body.encode("latin-1"), "application/json")
            place = f"{method} {path}: {name}"
            assert 400 <= answer.status_code < 500, place
            if answer.status_code not in {401, 405}:
                assert answer.headers["Content-Type"] == "application/problem+json", place


@pytest.mark.parametrize(
    ("changed", "status", "field", "code"),
    [
        ({"secid": "A\0A"}, 422, "secid", "bad_character"),
        ({"more": {"deep": ["x", "\ud83d"]}}, 422, "more.deep.1", "bad_character"),
        ({"signal_id": LARGEST_INTEGER + 1}, 422, "signal_id", "too_large"),
        ({"price": float("inf")}, 400, None, "parse_error"),
    ],
)
def test_what_is_wrong_is_named(anna: APIClient, changed: dict[str, Any], status: int, field: str, code: str):
    answer = anna.generic("POST", f"{API}/actions", json.dumps(TRADE | changed), "application/json")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert field is None or [each["field"] for each in told["errors"]] == [field]


def test_words_of_any_language_pass(anna: APIClient):
    body = {"name": "Счёт 😀", "kind": "real"}
    answer = anna.generic("POST", f"{API}/accounts", json.dumps(body), "application/json")
    assert answer.status_code == 200 and answer.json()["name"] == "Счёт 😀"


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "text/xml", ""])
def test_json_only(anna: APIClient, media_type: str):
    told = [anna.generic(method.upper(), path, "a=b", media_type) for method, path in writes()]
    # Who is unknown, or asks of something that is not there, is told so first.
    assert {answer.status_code for answer in told} == {401, 404, 415}
    refused = [answer for answer in told if answer.status_code == 415]
    assert len(refused) >= 10 and {one.json()["code"] for one in refused} == {"unsupported_media_type"}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(anna: APIClient, settings: LazySettings):
    body = json.dumps({"name": "x" * settings.REQUEST_BODY_MAX_BYTES, "kind": "real"})
    for method, path in writes():
        answer = anna.generic(method.upper(), path, body, "application/json")
        if path.endswith("/import"):
            assert answer.status_code == 400  # as large as its file may be, and no import
        else:
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large"), path
    assert anna.post("/admin/login/", {"username": "x" * settings.REQUEST_BODY_MAX_BYTES}).status_code == 413
    said = anna.generic("POST", f"{API}/accounts", "{}", "application/json", CONTENT_LENGTH="many")
    assert said.status_code == 400


def test_the_largest_file_passes_and_a_larger_one_does_not(anna: APIClient, settings: LazySettings):
    largest = ledger_config_get().max_import_bytes
    # What Django reads at most leaves room for the largest file as JSON.
    assert settings.REQUEST_BODY_MAX_BYTES + 3 * largest <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    for size, status in ((largest, 422), (4 * largest, 413)):
        file = SimpleUploadedFile("trades.csv", b"x" * size, "text/csv")
        answer = anna.post(
            f"{API}/actions/import",
            {"file": file},
            format="multipart",
            headers={"Idempotency-Key": str(size)},
        )
        assert answer.status_code == status, answer.content
        assert answer.json()["code"] != "file_too_large"


def test_a_file_with_nul_characters_breaks_nothing(anna: APIClient):
    ledger_maker.share()
    text = "secid,side,qty,qty_unit,price,traded_at\nAA\0AA,BUY,1,lots,100,2024-03-04T11:30:00+03:00\n"
    file = SimpleUploadedFile("trades\0.csv", text.encode(), "text/csv")
    assert anna.post(f"{API}/actions/import", {"file": file}, format="multipart").status_code < 500


def test_sabotage_the_frameworks_own_parser_lets_it_through(anna: APIClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ledger_views.AccountViewSet, "parser_classes", (JSONParser,))
    deep = "[" * 2_000
    answer = anna.generic("POST", f"{API}/accounts", deep, "application/json")
    assert answer.status_code == 500
