"""What an operator asks, and what each area's headers allow."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from traderai.accounts.models import User

pytestmark = pytest.mark.django_db


def directives(response) -> dict[str, list[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts}


def test_the_process_lives():
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_ready_with_database_redis_and_migrations():
    response = Client().get("/readyz")
    assert response.status_code == 200, response.content
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "migrations": "ok", "redis": "ok"},
    }


def test_not_ready_without_redis(settings: LazySettings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == "unreachable"


def test_not_ready_while_a_migration_is_missing():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'signals'")
    response = Client().get("/readyz")
    assert response.status_code == 503
    assert "manage.py migrate" in response.json()["checks"]["migrations"]


def test_the_app_runs_only_our_scripts_and_only_telegram_frames_it(settings: LazySettings):
    settings.DEVELOPMENT_USERNAME = "trader"
    response = Client().get("/app/")
    allowed = directives(response)
    assert allowed["script-src"] == ["'self'"] and allowed["style-src"] == ["'self'"]
    assert allowed["frame-ancestors"] == ["https://web.telegram.org", "https://*.telegram.org"]
    assert "X-Frame-Options" not in response
    assert b"<script>" not in response.content and b"style=" not in response.content


@pytest.mark.parametrize(
    "address", ["/admin/login/", "/api/docs/", "/api/redoc/", "/healthz", "/nothing/", "/app/login/"]
)
def test_nothing_else_is_framed(address: str):
    response = Client().get(address)
    if address != "/app/login/":
        assert directives(response)["frame-ancestors"] == ["'none'"]
    assert response["X-Frame-Options"] == "DENY"


def test_only_the_admin_may_eval():
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    assert "'unsafe-eval'" in directives(client.get("/admin/"))["script-src"]
    for address in ("/app/", "/api/docs/", "/api/redoc/", "/api/v1/instruments", "/"):
        assert directives(client.get(address))["script-src"] == ["'self'"], address


def test_the_root_leads_to_the_app():
    assert Client().get("/")["Location"] == "/app/"
