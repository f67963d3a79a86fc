"""The API keeps its document: requests generated from it, the right and the wrong ones, are answered as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from werkzeug import Client

from tests.contracts import stand

pytestmark = pytest.mark.django_db
PROBABILITY = 0.7


@pytest.fixture(scope="module")
def stood(django_db_setup, django_db_blocker) -> Iterator[stand.Stand]:
    with django_db_blocker.unblock(), stand.standing() as made:
        yield made


def schema_of(known: dict[str, Any], *, examples: int, coverage: bool) -> Any:
    """Return the document as schemathesis reads it, with names of what there is among the generated ones."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "with-security-parameters": False},
            "phases": {"coverage": {"enabled": coverage}},
            # The one change that the product's contract permits: what the schema allows, the domain may refuse.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]}},
            "dictionaries": {name: {"values": [value]} for name, value in known.items()},
            "parameters": {
                f"{place}.{name}": {"dictionary": name, "probability": PROBABILITY}
                for name in known
                for place in ("path", "query", "body")
            },
        }
    )
    schema = schemathesis.openapi.from_dict(stand.document(), config=config)
    schema.app = stand.application()
    return schema


@pytest.fixture
def api(stood: stand.Stand, db) -> Any:
    import os
    return schema_of(stood.known, examples=int(os.environ.get("EX", 10)), coverage=bool(os.environ.get("COV")))


def check(case, stood):
    case.call_and_validate(headers=stood.credentials(case.operation.definition.raw), session=Client(api.app, use_cookies=False))


def test_generated_requests(api, stood, subtests):
    import collections
    import time
    for result in api.get_all_operations():
        operation = result.ok()
        t = time.perf_counter()
        n = [0]; codes = collections.Counter()
        def check(case):
            n[0] += 1
            r = case.call_and_validate(headers=stood.credentials(case.operation.definition.raw), session=Client(api.app, use_cookies=False))
            codes[r.status_code] += 1
        test = build_operation_test(config=api.config, operation=operation, test_func=check, given_kwargs={}, feedback=FeedbackSources(constants_value_source=None))
        with subtests.test(operation.label):
            try:
                test()
            finally:
                print(operation.label, n[0], dict(codes), round(time.perf_counter() - t, 2), flush=True)
