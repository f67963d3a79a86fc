"""The API keeps its document: generated requests, right and wrong ones, are answered as it says, and a client that is
generated from it understands every answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from werkzeug import Client

from tests.contracts import generated_client, stand
from tests.contracts.stand import Stand, Wsgi

pytestmark = pytest.mark.django_db
# How often a generated request names something that there is, where it can name it.
KNOWN_FRAC = 0.7
# A stream lives as long as it is asked to: two of a second each, and no hundred of them.
STREAMED = {"include-operation-id": "signals_stream"}


@pytest.fixture(scope="module")
def stood(django_db_setup, django_db_blocker) -> Iterator[Stand]:
    with django_db_blocker.unblock(), stand.standing() as made:
        yield made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return stand.document()


def api_of(document: dict[str, Any], stood: Stand, *, examples: int = 10, app: Wsgi | None = None) -> Any:
    """Return the document as schemathesis reads it: every phase, every check, and one permitted change of these."""
    places = [f"{place}.{name}" for name in stood.known for place in ("path", "query", "body")]
    generation = {"deterministic": True, "no-shrink": True, "with-security-parameters": False}
    # What the schema allows the domain may refuse, with 422.
    taken = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]
    config = SchemathesisConfig.from_dict(
        {
            "generation": generation | {"max-examples": examples},
            "checks": {"positive_data_acceptance": {"expected-statuses": taken}},
            "dictionaries": {name: {"values": [value]} for name, value in stood.known.items()},
            "parameters": {
                place: {"dictionary": place.split(".")[1], "probability": KNOWN_FRAC} for place in places
            },
            "operations": [
                STREAMED
                | {
                    "generation": generation | {"max-examples": 2},
                    "parameters": {"query.max_seconds": 1},
                    "phases": {"coverage": {"enabled": False}},
                }
            ],
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app or stand.application()
    return schema


def asked(case: Any, stood: Stand) -> Any:
    """Send a request and check the answer."""
    return case.call_and_validate(headers=stood.credentials(case.operation.definition.raw))


@pytest.mark.parametrize("examples", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_generated_requests_are_answered_as_documented(document, stood, subtests, examples):
    api = api_of(document, stood, examples=examples)
    found = [result.ok() for result in api.get_all_operations()]
    assert len(found) == len(stand.operations(document))

    def check(case: Any) -> None:
        asked(case, stood)

    for operation in found:
        test = build_operation_test(
            config=api.config,
            operation=operation,
            test_func=check,
            given_kwargs={},
            feedback=FeedbackSources(constants_value_source=None),
        )
        with subtests.test(operation.label):
            test()


def test_every_example_of_a_request_is_accepted(document, stood, subtests):
    api = api_of(document, stood)
    for result in api.get_all_operations():
        operation = result.ok()
        parts = stand.request_of(operation.definition.raw, stood.known)
        more = {"body": parts["body"], "media_type": "application/json"} if "body" in parts else {}
        case = operation.Case(
            path_parameters=parts["path"], query=parts["query"], headers=parts["header"], **more
        )
        with subtests.test(operation.label):
            answer = asked(case, stood)
            assert answer.status_code < 300, answer.content.decode()


def test_unknown_repeated_and_empty_parameters_are_refused(document, stood, subtests):
    client, looked_at = Client(stand.application(), use_cookies=False), 0
    for method, path, operation in stand.operations(document):
        named = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
        parts = stand.request_of(operation, stood.known)
        for query, code in [
            ("nonsense=1", "unknown_field"),
            *((f"{one['name']}=1&{one['name']}=2", "repeated") for one in named[:1]),
            *((f"{one['name']}=", "") for one in named[:1]),
        ] * bool(named):
            with subtests.test(f"{method} {path}?{query}"):
                answer = client.open(
                    path.format(**parts["path"]), method=method.upper(), query_string=query,
                    headers=stood.credentials(operation),
                )  # fmt: skip
                assert answer.status_code == 400
                assert code in answer.json["errors"][0]["code"]
                looked_at += 1
    assert looked_at > 20


@pytest.mark.parametrize(
    ("told", "seen"),
    [({"results": [{}]}, "required"), ({"result": []}, "required"), (None, "not of type")],
)
def test_sabotage_an_answer_that_is_not_as_documented_is_seen(document, stood, told, seen):
    api = api_of(document, stood, app=stand.lying(json.dumps(told).encode()))
    with pytest.raises(FailureGroup, match=seen):
        asked(api["/api/v1/watchlist"]["GET"].Case(), stood)


@pytest.fixture(scope="module")
def client(document, tmp_path_factory) -> Path:
    generator = generated_client.BIN / "openapi-python-client"
    assert generator.is_file(), f"no client in {generated_client.BIN}: run `make test`, which makes it"
    return generated_client.generated(document, tmp_path_factory.mktemp("generated"))


def test_every_operation_is_called(document, client, stood, subtests):
    operations = [operation for _, _, operation in stand.operations(document)]
    told = generated_client.called(
        client, [generated_client.call_of(one, stood) for one in operations], stand.application()
    )
    assert len(told) == len(operations)
    for one in told.values():
        with subtests.test(one["operation"]):
            assert 200 <= one["status"] < 300, one
            assert one["parsed"] != "NoneType" or one["status"] == 204, one
            assert one["parsed"] != "Problem" and one["whole"], one


def test_a_refusal_is_parsed_as_a_problem(document, client, stood):
    operation = document["paths"]["/api/v1/watchlist"]["get"]
    told = generated_client.called(
        client, [generated_client.call_of(operation, stood) | {"headers": {}}], stand.application()
    )
    assert told["watchlist_retrieve"]["status"] == 401
    assert told["watchlist_retrieve"]["parsed"] == "Problem" and told["watchlist_retrieve"]["whole"]


def test_sabotage_an_answer_that_lacks_a_field_is_no_answer(document, client, stood):
    operation = document["paths"]["/api/v1/watchlist"]["get"]
    told = generated_client.called(
        client,
        [generated_client.call_of(operation, stood)],
        stand.lying(b'{"results": [{"secid": "SIM01"}]}'),
    )
    assert told["watchlist_retrieve"]["status"] == 0 and "KeyError" in told["watchlist_retrieve"]["content"]
