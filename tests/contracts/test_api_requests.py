"""The API keeps its document: requests generated from it, right and wrong ones, are answered as it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from werkzeug import Client

from tests.contracts import stand
from tests.contracts.stand import Stand

pytestmark = pytest.mark.django_db
Wsgi = Callable[..., Iterable[bytes]]
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
    return case.call_and_validate(
        headers=stood.credentials(case.operation.definition.raw),
        session=Client(case.operation.schema.app, use_cookies=False),
    )


@pytest.mark.parametrize("examples", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_generated_requests_are_answered_as_documented(document, stood, subtests, examples):
    api = api_of(document, stood, examples=examples)
    found = [result.ok() for result in api.get_all_operations()]
    assert len(found) == len(stand.operations(document))
    for operation in found:
        sent = []
        test = build_operation_test(
            config=api.config,
            operation=operation,
            test_func=lambda case: sent.append(asked(case, stood).status_code),  # noqa: B023  # called below
            given_kwargs={},
            feedback=FeedbackSources(constants_value_source=None),
        )
        with subtests.test(operation.label):
            test()
            assert any(status < 300 for status in sent), (
                f"nothing was accepted of {len(sent)} requests: {set(sent)}"
            )


def request_of(operation: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a request by the document's own examples, with the names of what there is in their places."""
    parts: dict[str, Any] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") or parameter["name"] == "max_seconds":
            example = next(iter(parameter.get("examples", {"": {"value": 1}}).values()))["value"]
            parts[parameter["in"]][parameter["name"]] = known.get(parameter["name"], example)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        example = next(iter(content["examples"].values()))["value"]
        parts["body"] = {name: known.get(name, value) for name, value in example.items()}
    return parts


def test_every_example_of_a_request_is_accepted(document, stood, subtests):
    api = api_of(document, stood)
    for result in api.get_all_operations():
        operation = result.ok()
        parts = request_of(operation.definition.raw, stood.known)
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
        parts = request_of(operation, stood.known)
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


def lying(told: bytes) -> Wsgi:
    """Return the application, which tells this where it should tell what is watched."""
    honest = stand.application()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = honest(environ, start_response)
        return [told] if environ["PATH_INFO"].endswith("/watchlist") and environ.get("HTTP_COOKIE") else body

    return answer


@pytest.mark.parametrize(
    ("told", "seen"), [({"results": [{}]}, "required"), ({"result": []}, "required"), (None, "")]
)
def test_sabotage_an_answer_that_is_not_as_documented_is_seen(document, stood, told, seen):
    api = api_of(document, stood, app=lying(json.dumps(told).encode()))
    with pytest.raises(FailureGroup, match=seen):
        asked(api["/api/v1/watchlist"]["GET"].Case(), stood)
