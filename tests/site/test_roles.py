"""Who may do what: every operation of the API and every page of the admin, asked by every role."""

from __future__ import annotations

import hashlib
import importlib
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from modeling.api.permissions import RegistryPermission
from traderai.accounts.models import User

pytestmark = pytest.mark.django_db
roles_make = importlib.import_module("traderai.site.migrations.0002_roles").roles_make

SERVICE_TOKEN = "a-token-of-a-news-module"
ROLES = ("anonymous", "trader", "reviewer", "model_manager", "admin", "news")
SIGNED_IN = frozenset({"trader", "reviewer", "model_manager", "admin"})
# Who is let in, by kind of operation; a signed-in user who is not is told 403, everybody else 401.
EVERYBODY = frozenset(ROLES)
MODELS = frozenset({"model_manager", "admin"})
NEWS = frozenset({"news"})
OPERATIONS: dict[str, frozenset[str]] = {
    "accounts_create": SIGNED_IN, "accounts_list": SIGNED_IN, "accounts_partial_update": SIGNED_IN, "actions_create": SIGNED_IN,
    "actions_import": SIGNED_IN, "actions_list": SIGNED_IN, "analyze_portfolio": SIGNED_IN,
    "analyze_ticker": SIGNED_IN, "auth_telegram": EVERYBODY, "auth_token": EVERYBODY, "auth_token_end": SIGNED_IN,
    "me_partial_update": SIGNED_IN, "me_retrieve": SIGNED_IN, "delete_my_data": SIGNED_IN, "export_my_data": SIGNED_IN,
    "instruments_candles": SIGNED_IN, "instruments_list": SIGNED_IN, "instruments_retrieve": SIGNED_IN,
    "market_heatmap": SIGNED_IN, "model_slots_resume": MODELS, "model_slots_rollback": MODELS,
    "model_versions_list": MODELS, "model_versions_promote": MODELS, "model_versions_shadow": MODELS,
    "news_triggers_push": NEWS, "orders_list": SIGNED_IN, "positions_create": SIGNED_IN,
    "positions_destroy": SIGNED_IN, "positions_list": SIGNED_IN, "positions_partial_update": SIGNED_IN,
    "positions_retrieve": SIGNED_IN, "pre_trade_check": SIGNED_IN, "signal_feedback": SIGNED_IN,
    "training_answer": SIGNED_IN, "training_leaderboard": SIGNED_IN, "training_nickname": SIGNED_IN,
    "training_rating": SIGNED_IN, "training_scenario": SIGNED_IN, "user_weekly_report": SIGNED_IN,
    "watchlist_retrieve": SIGNED_IN,
    "instruments_fundamentals": SIGNED_IN, "models_in_service": SIGNED_IN, "news_list": SIGNED_IN, "regime": SIGNED_IN,
    "signals_list": SIGNED_IN, "signals_retrieve": SIGNED_IN, "signals_stream": SIGNED_IN, "track_record": SIGNED_IN,
    "watchlist_update": SIGNED_IN,
}  # fmt: skip
# Who sees which tables in the admin; all other staff are refused.
STAFF = frozenset({"reviewer", "model_manager", "admin"})
ADMIN = frozenset({"admin"})
TABLES: dict[str, frozenset[str]] = {"market": STAFF, "features": STAFF, "signals": STAFF, "modeling": MODELS, "jobs": MODELS} | dict.fromkeys(("accounts", "auth", "axes", "behavior", "django_celery_beat", "knox", "portfolio", "site", "training_game"), ADMIN)  # fmt: skip
# What else a role may do in the admin than look; an admin may do what each page allows.
RIGHTS = {
    "reviewer": set(),
    "model_manager": {("modeling.experiment", "add"), ("modeling.experiment", "change")},
}
ACTIONS = {
    "reviewer": {("signals.signal", "approve"), ("signals.signal", "reject"), ("signals.signal", "annotate")},
    "model_manager": {
        ("modeling.modelversion", name) for name in ("shadow", "promote", "roll_back", "resume")
    },
}


@pytest.fixture(autouse=True)
def service_token(settings: LazySettings) -> None:
    settings.NEWS_PUSH_TOKENS = [f"mine:{hashlib.sha256(SERVICE_TOKEN.encode()).hexdigest()}"]


@pytest.fixture
def people(db: None) -> dict[str, User]:
    # A test that empties the tables takes the groups along.
    roles_make(apps, None)
    found = {name: User.objects.create_user(name) for name in ("trader", "reviewer", "model_manager")}
    for name in ("reviewer", "model_manager"):
        found[name].groups.add(Group.objects.get(name=name))
        User.objects.filter(pk=found[name].pk).update(is_staff=True)
    return found | {"admin": User.objects.create_superuser("admin")}


@pytest.fixture
def clients(people: dict[str, User]) -> dict[str, Client]:
    found = {role: Client(raise_request_exception=False) for role in ROLES}
    found["news"] = Client(headers={"Authorization": f"Bearer {SERVICE_TOKEN}"})
    for role, user in people.items():
        found[role].force_login(user)
    return found


def operations() -> dict[str, tuple[str, str]]:
    """Return method and address of every operation by its name."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    named = {}
    for path, methods in document["paths"].items():
        for name, value in {
            "accounts/{id}": "accounts/1",
            "{id}": "1-NONE",
            "{signal_id}": "1",
            "{slot}": "forecast",
        }.items():
            path = path.replace(name, value)
        address = path.replace("{secid}", "NONE").replace("{version}", "none")
        named |= {operation["operationId"]: (method, address) for method, operation in methods.items()}
    return named


def unexpected(clients: dict[str, Client], asked: dict[str, tuple[str, str]]) -> list[str]:
    """Return each role and operation whose outcome is not the listed one."""
    found = []
    for name, (method, address) in asked.items():
        for role, client in clients.items():
            answer = client.generic(method.upper(), address, "{}", "application/json")
            # A stream would hold its place; `close` would end the test's connection, too.
            for end in answer._resource_closers if answer.streaming else ():
                end()
            refusal = 403 if role in SIGNED_IN and OPERATIONS[name] == MODELS else 401
            let_in = answer.status_code not in {401, 403} and answer.status_code not in {500, 502}
            if not (let_in if role in OPERATIONS[name] else answer.status_code == refusal):
                found.append(f"{role} {name}: {answer.status_code}")
    return found


def test_every_operation_is_listed():
    assert set(operations()) == set(OPERATIONS)


def test_every_operation_lets_in_whom_it_should_and_nobody_else(clients: dict[str, Client]):
    assert unexpected(clients, operations()) == []


def test_sabotage_a_permission_that_lets_everybody_in_is_seen(clients, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(RegistryPermission, "has_permission", lambda *_: True)
    asked = {"model_versions_list": operations()["model_versions_list"]}
    assert unexpected(clients, asked) == [
        f"{role} model_versions_list: 200" for role in ("anonymous", "trader", "reviewer", "news")
    ]


def test_every_page_of_the_admin_opens_for_whom_it_should(
    clients: dict[str, Client], people: dict[str, User]
):
    found = []
    for model, page in admin.site._registry.items():
        meta = model._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        for role in ("anonymous", "trader"):
            answer = clients[role].get(address)
            if answer.status_code != 302 or "login" not in answer.headers["Location"]:
                found.append(f"{role} {address}: {answer.status_code}")
        for role in STAFF:
            let_in = page.has_view_permission(_request(people[role]))
            if let_in != (role in TABLES[meta.app_label]):
                found.append(f"{role} {meta.label_lower}: {let_in}")
            if not let_in and clients[role].get(address).status_code != 403:
                found.append(f"{role} {address}: opened")
    assert found == []
    # That what is permitted does open: one page of each role, and the pages beside the tables.
    assert clients["reviewer"].get("/admin/signals/signal/").status_code == 200
    assert clients["model_manager"].get("/admin/modeling/modelversion/").status_code == 200
    for role in ("anonymous", "trader", "news"):
        for address in (
            "/admin/",
            "/admin/market/instrument/1/candles/",
            "/admin/market/dataqualityreport/1/page/",
        ):
            assert clients[role].get(address).status_code == 302, (role, address)


def test_staff_do_no_more_than_their_role_allows(people: dict[str, User]):
    for role in ("reviewer", "model_manager"):
        request = _request(people[role])
        rights, actions = set(), set()
        for model, page in admin.site._registry.items():
            label = model._meta.label_lower
            rights |= {
                (label, right)
                for right in ("add", "change", "delete")
                if getattr(page, f"has_{right}_permission")(request)
            }
            if page.has_view_permission(request):
                actions |= {(label, name) for name in page.get_actions(request)}
        assert rights == RIGHTS[role], role
        assert {one for one in actions if one[1] != "delete_selected"} == ACTIONS[role], role
        assert not any(name == "delete_selected" for _, name in actions), role


def test_a_role_without_the_staff_flag_opens_nothing(people: dict[str, User], clients: dict[str, Client]):
    User.objects.filter(pk=people["model_manager"].pk).update(is_staff=False)
    assert clients["model_manager"].get("/admin/modeling/modelversion/").status_code == 302
    assert clients["model_manager"].get("/api/v1/model_versions").status_code == 403


def test_every_table_of_the_admin_is_listed():
    assert {model._meta.app_label for model in admin.site._registry} == set(TABLES)


def _request(user: User) -> Any:
    request = RequestFactory().get("/admin/")
    # Asked anew: rights are kept with the object that was asked.
    request.user = User.objects.get(pk=user.pk)
    return request
