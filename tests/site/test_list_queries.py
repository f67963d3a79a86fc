"""How many queries each list of the API takes: golden counts, at most eight, however long the list is.

A count that rises is a query more for every reader; one that falls is to be written down here, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator

from market.models import Instrument
from tests.portfolio import ledger_maker as ledger
from tests.site.people import Person, person
from tests.training_game import game_maker

pytestmark = pytest.mark.django_db
API = "/api/v1"
MOST = 8
# Session and user are two of each. What a question with a ticker adds is asked for, too.
GOLDEN = {
    "accounts": 5,
    "actions": 3,
    "instruments": 3,
    "market_heatmap?horizon=10d": 7,
    "model_versions": 5,
    "models": 3,
    "news?secid={secid}&min_score=10": 4,
    "orders": 3,
    "positions": 8,
    "regime": 7,
    "signals?secid={secid}&told=true": 4,
    "training_leaderboard": 3,
    "watchlist": 3,
}


@pytest.fixture(scope="module")
def stored_market(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        game_maker.market()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def anna(stored_market, db) -> Person:
    found = person("anna")
    found.user.is_staff, found.user.telegram_id = True, None
    found.user.save()
    second = ledger.account(found.user, "second")
    ledger.trade(
        second,
        Instrument.objects.get(secid=found.secid),
        "BUY",
        100,
        101.5,
        "2024-03-01 12:00",
        stop_rub=95.0,
    )
    found.user.user_permissions.set(Permission.objects.filter(codename="view_modelversion"))
    return found


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.content
    return len(caught)


def test_each_list_takes_as_many_queries_as_is_written_here(anna):
    # What is read once a process is read by the first ones, which stay as few.
    first = {path: queries(anna.client, path.format(secid=anna.secid)) for path in GOLDEN}
    assert max(first.values()) <= MOST
    counts = {path: queries(anna.client, path.format(secid=anna.secid)) for path in GOLDEN}
    assert counts == GOLDEN
    assert max(counts.values()) <= MOST


def test_no_list_is_forgotten():
    """Whatever answers a GET with rows under `results`, or with rows alone, has its count above."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    lists = set()
    for path, operations in document["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        shape = content.get("application/json", {}).get("schema", {})
        if name := shape.get("$ref", "").rsplit("/", 1)[-1]:
            shape = document["components"]["schemas"][name]
        if "{" not in path and (shape.get("type") == "array" or "results" in shape.get("properties", {})):
            lists.add(path.removeprefix(f"{API}/"))
    assert lists - {path.split("?")[0] for path in GOLDEN} == set()
    assert {"signals", "news", "positions", "actions", "instruments"} <= lists
