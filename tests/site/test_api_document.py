"""The API's document: valid, without warnings, and the committed copy says what the code says."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import validate

COMMITTED = Path(__file__).resolve().parents[2] / "traderai" / "docs" / "openapi.yaml"
METHODS = {"get", "post", "put", "patch", "delete"}
REMEDY = "write it anew: manage.py spectacular --validate --fail-on-warn --file traderai/docs/openapi.yaml"


@pytest.fixture(scope="module")
def generated() -> str:
    out, complaints = io.StringIO(), io.StringIO()
    with redirect_stderr(complaints):
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert complaints.getvalue() == ""
    return out.getvalue()


@pytest.fixture(scope="module")
def document(generated: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(generated)
    return content


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {address}", operation)
        for address, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_document_is_valid_openapi(document: dict[str, Any]):
    validate(document)


def test_the_committed_document_is_in_step(generated: str):
    assert COMMITTED.read_text(encoding="utf-8") == generated, REMEDY


def test_every_operation_has_a_name_an_example_and_its_errors(document: dict[str, Any]):
    found = operations(document)
    assert {operation["operationId"] for _, operation in found} >= {
        "instruments_list",
        "instruments_retrieve",
        "instruments_candles",
        "analyze_ticker",
        "market_heatmap",
        "analyze_portfolio",
        "pre_trade_check",
        "user_weekly_report",
        "training_scenario",
        "training_answer",
        "export_my_data",
    }
    for name, operation in found:
        answers = [own for status, own in operation["responses"].items() if status in ("200", "201", "202")]
        assert answers or "204" in operation["responses"], f"{name} does not say what comes of it"
        for answer in answers:
            assert answer["content"]["application/json"].get("examples"), f"{name} has no example"
        errors = {status for status in operation["responses"] if status >= "400"}
        assert "401" in errors, f"{name} does not say what comes without a sign-in"
        for status in errors:
            assert "application/problem+json" in operation["responses"][status]["content"], f"{name} {status}"


def fields_of(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    parts = (fields_of(part, document) for name in ("allOf", "oneOf") for part in schema.get(name, ()))
    return set(schema.get("properties", {})).union(*parts)


def test_examples_of_requests_name_fields_that_there_are(document: dict[str, Any]):
    looked_at = 0
    for name, operation in operations(document):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in body.get("examples", {}).values():
            unknown = set(example["value"]) - fields_of(body["schema"], document)
            assert not unknown, f"{name} has no field {', '.join(sorted(unknown))}"
            looked_at += 1
    assert looked_at >= 10


def test_operation_names_are_unique(document: dict[str, Any]):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_the_document_and_its_readers_open_without_a_sign_in():
    client = Client(REMOTE_ADDR="10.0.0.7")
    for address in ("/api/schema/", "/api/docs/", "/api/docs/?script", "/api/redoc/"):
        assert client.get(address).status_code == 200, address
