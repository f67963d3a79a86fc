"""Nobody sees or changes another's data: every operation of the API is asked by one user with another's names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from portfolio.models import Account
from tests.site.people import Person, person
from tests.site.test_my_data import rows_of
from tests.training_game import game_maker

pytestmark = pytest.mark.django_db
API = "/api/v1"
ORDER = {"side": "BUY", "qty": 10, "qty_unit": "shares", "price": 101.5}
HELD = {"side": "long", "qty": 10, "qty_unit": "shares", "avg_price": 101.5}
# What tells of nobody: facts of the market, models, and what programs and staff do.
OF_NOBODY = {
    "analyze_ticker", "auth_telegram", "auth_token", "instruments_fundamentals", "instruments_list", "instruments_retrieve",
    "instruments_candles", "market_heatmap", "model_slots_resume", "model_slots_rollback", "model_versions_list",
    "model_versions_promote", "model_versions_shadow", "models_in_service", "news_list", "news_triggers_push", "regime",
    "signals_list", "signals_retrieve", "signals_stream", "track_record",
}  # fmt: skip
# How one asks with what is another's, and what comes; None: own data alone come, whatever was asked.
Ask = Callable[[Client, Person], Any]
WITH_ANOTHERS: dict[str, tuple[Ask, int | None]] = {
    "accounts_list": (lambda c, of: c.get(f"{API}/accounts"), None),
    "accounts_partial_update": (
        lambda c, of: c.patch(
            f"{API}/accounts/{of.account.pk}", {"name": "mine"}, content_type="application/json"
        ),
        404,
    ),
    "accounts_create": (lambda c, of: post(c, "accounts", {"name": "new", "kind": "real"}), None),
    "actions_list": (lambda c, of: c.get(f"{API}/actions?account_id={of.account.pk}"), 404),
    "actions_create": (
        lambda c, of: post(c, "actions", ORDER | {"secid": of.secid, "account_id": of.account.pk}),
        404,
    ),
    "actions_import": (
        lambda c, of: post(
            c, "actions/import", {"account_id": of.account.pk, "content": CSV.format(of.secid)}
        ),
        404,
    ),
    "auth_token_end": (lambda c, of: c.delete(f"{API}/auth/token"), 409),
    "analyze_portfolio": (lambda c, of: post(c, "analyze_portfolio", {"account_id": of.account.pk}), 404),
    "export_my_data": (lambda c, of: c.get(f"{API}/me/data"), None),
    "delete_my_data": (
        lambda c, of: c.delete(
            f"{API}/me/data", {"confirm": of.user.username}, content_type="application/json"
        ),
        422,
    ),
    "me_retrieve": (lambda c, of: c.get(f"{API}/me"), None),
    "me_partial_update": (
        lambda c, of: c.patch(f"{API}/me", {"capital_rub": 7}, content_type="application/json"),
        None,
    ),
    "orders_list": (lambda c, of: c.get(f"{API}/orders?account_id={of.account.pk}"), 404),
    "positions_list": (lambda c, of: c.get(f"{API}/positions?account_id={of.account.pk}"), 404),
    "positions_create": (
        lambda c, of: post(c, "positions", HELD | {"secid": of.secid, "account_id": of.account.pk}),
        404,
    ),
    "positions_retrieve": (lambda c, of: c.get(position(of)), 404),
    "positions_partial_update": (
        lambda c, of: c.patch(
            position(of), {"qty": 50, "qty_unit": "shares"}, content_type="application/json"
        ),
        404,
    ),
    "positions_destroy": (lambda c, of: c.delete(position(of)), 404),
    "pre_trade_check": (lambda c, of: post(c, "pre_trade_check", ORDER | {"secid": of.secid}), None),
    "signal_feedback": (lambda c, of: post(c, f"signals/{of.signal.pk}/feedback", {"kind": "useful"}), None),
    "training_answer": (
        lambda c, of: post(c, "training_answer", {"scenario_id": of.scenario_id, "action": "HOLD"}),
        404,
    ),
    "training_leaderboard": (lambda c, of: c.get(f"{API}/training_leaderboard"), None),
    "training_rating": (lambda c, of: c.get(f"{API}/training_rating"), None),
    "training_nickname": (
        lambda c, of: c.patch(f"{API}/training_rating", {"nickname": "Own"}, content_type="application/json"),
        None,
    ),
    "training_scenario": (lambda c, of: c.get(f"{API}/training_scenario"), None),
    "user_weekly_report": (lambda c, of: c.get(f"{API}/user_weekly_report"), None),
    "watchlist_retrieve": (lambda c, of: c.get(f"{API}/watchlist"), None),
    "watchlist_update": (
        lambda c, of: c.put(f"{API}/watchlist", {"secids": []}, content_type="application/json"),
        None,
    ),
}
CSV = "secid,side,qty,qty_unit,price,traded_at\n{},BUY,10,shares,101.5,2024-03-01T12:00:00+03:00\n"


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"{API}/{path}", body, content_type="application/json")


def position(of: Person) -> str:
    return f"{API}/positions/{of.account.pk}-{of.secid}"


@pytest.fixture(scope="module")
def stored_market(django_db_setup, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        game_maker.market()
        yield
        transaction.set_rollback(True)


def held(of: Person) -> tuple[dict[str, int], list[tuple[Any, ...]]]:
    """Return what is stored of a person: rows by table, and the trades themselves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM portfolio_trade WHERE account_id = %s ORDER BY id", [of.account.pk])
        return rows_of(of.user.pk), cursor.fetchall()


def test_each_operation_is_looked_at():
    document = SchemaGenerator().get_schema(request=None, public=True)
    named = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert named == OF_NOBODY | set(WITH_ANOTHERS)


@pytest.mark.parametrize("operation", WITH_ANOTHERS)
def test_nobody_reaches_what_is_anothers(stored_market, db, operation):
    anna, boris = person("anna"), person("boris")
    before = held(anna)
    ask, wanted = WITH_ANOTHERS[operation]
    answer = ask(boris.client, anna)
    assert answer.status_code == wanted if wanted else answer.status_code < 300, answer.content
    assert anna.mark not in answer.content.decode()
    assert held(anna) == before
    assert ask(Client(REMOTE_ADDR="10.0.0.7"), anna).status_code == 401


def test_sabotage_an_account_that_changes_hands_is_seen(stored_market, db):
    anna, boris = person("anna"), person("boris")
    Account.objects.filter(pk=anna.account.pk).update(user=boris.user)
    ask, wanted = WITH_ANOTHERS["positions_retrieve"]
    assert ask(boris.client, anna).status_code == 200 != wanted
