"""The API's document: valid, without warnings, and the committed copy says what the code says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import validate

from traderai.site.document import FIELDS

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


def test_every_operation_tells_what_it_is_for(document: dict[str, Any]):
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert operation["operationId"].isidentifier(), name
        assert operation["summary"] and not operation["summary"].endswith("."), f"{name} has no summary"
        assert len(operation["description"]) > len("Return it."), f"{name} has no description"
        assert len(operation["tags"]) == 1 and tags.issuperset(operation["tags"]), f"{name} has no tag"
    assert all(tag["description"] for tag in document["tags"])


def test_every_field_and_parameter_says_what_it_means(document: dict[str, Any]):
    words = yaml.safe_load(FIELDS.read_text(encoding="utf-8"))
    silent, used = [], set()
    for name, schema in document["components"]["schemas"].items():
        for field, own in schema.get("properties", {}).items():
            said = own.get("description")
            if not said:
                silent.append(f"{name}.{field}")
            used |= {key for key in (f"{name}.{field}", field) if said == words.get(key, "")}
    for name, operation in operations(document):
        silent += [
            f"{name} {one['name']}" for one in operation.get("parameters", ()) if not one.get("description")
        ]
    assert silent == []
    assert set(words) - used == set()


def test_every_operation_tells_its_answers_and_errors(document: dict[str, Any]):
    for name, operation in operations(document):
        good = {status for status in operation["responses"] if status < "300"}
        assert good, f"{name} does not say what comes of it"
        errors = {status for status in operation["responses"] if status >= "400"}
        needed = {"406", "429", "500", "503"}
        needed |= {"401"} if any(operation.get("security", ())) else set()
        needed |= {"400", "413", "415"} if "requestBody" in operation else set()
        assert needed <= errors, f"{name} does not tell of {sorted(needed - errors)}"
        for status in errors:
            problem = operation["responses"][status]["content"]["application/problem+json"]
            assert problem["examples"], f"{name} {status}"


def test_every_operation_has_examples(document: dict[str, Any]):
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter.get("required"):
                assert parameter.get("examples"), f"{name} {parameter['name']} has no example"
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        assert body is None or body.get("examples"), f"{name} has no example of a request"
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                assert content.get("examples"), f"{name} {status} {media_type} has no example"


def examples_of(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield where each example of an operation stands, its schema and its value."""
    parts: list[tuple[str, dict[str, Any]]] = [
        (parameter["name"], parameter) for parameter in operation.get("parameters", ())
    ]
    parts += [("body", content) for content in operation.get("requestBody", {}).get("content", {}).values()]
    for status, answer in operation["responses"].items():
        parts += [(status, own) for kind, own in answer.get("content", {}).items() if kind.endswith("json")]
    for place, part in parts:
        for example in part.get("examples", {}).values():
            yield place, part["schema"], example["value"]


def test_every_example_is_what_its_schema_says(document: dict[str, Any]):
    looked_at = 0
    for name, operation in operations(document):
        for place, schema, value in examples_of(operation):
            mistakes = mistakes_of(value, schema, document)
            assert not mistakes, f"{name} {place}: {mistakes}"
            looked_at += 1
    assert looked_at > 5 * len(operations(document))


def mistakes_of(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a value; a field that the schema does not know is wrong, too."""
    whole = {**schema, "components": document["components"]}
    found = OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(value)
    return [f"{one.json_path}: {one.message}"[:300] for one in found] + unknown_of(value, schema, document)


def unknown_of(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> list[str]:
    parts = list(parts_of(schema, document))
    if isinstance(value, list):
        return [
            said
            for part in parts
            if "items" in part
            for one in value
            for said in unknown_of(one, part["items"], document)
        ]
    if not isinstance(value, dict) or any(part.get("additionalProperties") for part in parts):
        return []
    known = {name: own for part in parts for name, own in part.get("properties", {}).items()}
    own = [f"no field {name!r}" for name in value if name not in known] if known else []
    return own + [
        said for name in value if name in known for said in unknown_of(value[name], known[name], document)
    ]


def parts_of(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    yield schema
    for name in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(name, ()):
            yield from parts_of(part, document)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lot_size": "ten"}, "is not of type"),
        ({"lotsize": 10}, "no field 'lotsize'"),
        ({"secid": None}, "is not of type"),
    ],
)
def test_sabotage_an_example_that_lies_is_seen(document: dict[str, Any], changes: dict[str, Any], said: str):
    answer = document["paths"]["/api/v1/instruments/{secid}"]["get"]["responses"]["200"]["content"][
        "application/json"
    ]
    [example] = answer["examples"].values()
    assert mistakes_of(example["value"], answer["schema"], document) == []
    [mistake] = mistakes_of({**example["value"], **changes}, answer["schema"], document)
    assert said in mistake


def test_operation_names_are_unique(document: dict[str, Any]):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))


@pytest.mark.django_db
def test_the_document_and_its_readers_open_without_a_sign_in():
    client = Client(REMOTE_ADDR="10.0.0.7")
    for address in ("/api/schema/", "/api/docs/", "/api/docs/?script", "/api/redoc/"):
        assert client.get(address).status_code == 200, address
