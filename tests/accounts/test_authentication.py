"""Only on a developer's machine does anybody enter without signing in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from rest_framework.test import APIClient

from traderai.accounts.models import User

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "/api/schema/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def development(settings: LazySettings) -> LazySettings:
    settings.DEVELOPMENT_USERNAME = "trader"
    return settings


def knows(client: Client, **extra: Any) -> bool:
    """Return whether the API knows who asks."""
    response = client.get("/api/v1/me", **extra)
    assert response.status_code in (200, 401)
    return response.status_code == 200


def test_the_app_opens_for_everybody_and_tells_nothing():
    """The page is the same for all; inside Telegram nobody has signed in when it opens."""
    User.objects.create_user("vera")
    page = Client().get("/app/?tab=portfolio", REMOTE_ADDR="8.8.8.8")
    assert page.status_code == 200 and "csrftoken" in page.cookies
    assert "vera" not in page.content.decode() and not knows(Client(), REMOTE_ADDR="8.8.8.8")


def test_the_development_user_is_known_on_this_machine(development: LazySettings):
    assert knows(Client())
    assert knows(Client(), REMOTE_ADDR="::1")


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.2", "8.8.8.8", "", "unix:"])
def test_another_machine_must_sign_in(development: LazySettings, address: str):
    assert not knows(Client(), REMOTE_ADDR=address)


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"])
def test_behind_a_proxy_nobody_is_the_development_user(development: LazySettings, header: str):
    assert not knows(Client(), **{header: "127.0.0.1"})


def test_without_the_setting_this_machine_must_sign_in():
    assert not knows(Client())


def test_a_signed_in_user_is_known(django_user_model: type[User]):
    client = Client()
    client.force_login(django_user_model.objects.create_user("vera"))
    assert knows(client, REMOTE_ADDR="8.8.8.8")


def test_signing_in_by_password_leads_to_the_app(django_user_model: type[User]):
    django_user_model.objects.create_user("vera", password="correct horse battery")
    client = Client()
    wrong = client.post("/app/login/", {"username": "vera", "password": "no"})
    assert wrong.status_code == 200 and b'role="alert"' in wrong.content
    right = client.post("/app/login/", {"username": "vera", "password": "correct horse battery"})
    assert right.status_code == 302 and right["Location"] == "/app/"
    assert knows(client)
    elsewhere = Client().post(
        "/app/login/",
        {"username": "vera", "password": "correct horse battery", "next": "https://evil.example"},
    )
    assert elsewhere["Location"] == "/app/", "a sign-in leads to no strange site"
    back_here = client.get("/app/login/", {"next": "/app/login/"})
    assert back_here["Location"] == "/app/", "nor round and round"


def test_the_api_knows_the_development_user(development: LazySettings):
    assert APIClient().get("/api/v1/instruments").status_code == 200
    assert APIClient(REMOTE_ADDR="10.0.0.7").get("/api/v1/instruments").status_code == 401
    user = User.objects.get(username="trader")
    assert not user.is_staff and not user.is_superuser and not user.has_usable_password()


def test_the_api_wants_a_sign_in_elsewhere(django_user_model: type[User]):
    client = APIClient()
    assert client.get("/api/v1/instruments").status_code == 401
    client.force_login(django_user_model.objects.create_user("vera"))
    assert client.get("/api/v1/instruments").status_code == 200


def test_another_site_cannot_act_as_the_development_user(development: LazySettings):
    client = APIClient(enforce_csrf_checks=True)
    response = client.post("/api/v1/instruments", {}, format="json")
    assert response.status_code == 403


def test_the_development_user_is_no_staff(development: LazySettings):
    response = Client().get("/admin/")
    assert response.status_code == 302 and "/admin/login/" in response["Location"]


def production_says(expression: str) -> str:
    """Return what an expression gives under the production settings, in a process of its own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.prod",
        "SECRET_KEY": "a-key-of-this-test-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
        "ALLOWED_HOSTS": "trader.example.org",
        "DEVELOPMENT_USERNAME": "trader",
    }
    code = f"import django; django.setup(); from django.conf import settings; print({expression})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_production_has_no_development_user_whatever_the_environment_says():
    assert production_says("repr(settings.DEVELOPMENT_USERNAME)") == "''"


@pytest.mark.parametrize(("language", "words"), [("en", "Ensure this value"), ("ru", "Убедитесь")])
def test_a_request_without_a_language_is_answered_in_the_users_own(db, language: str, words: str):
    user = User.objects.create_user("own_words", password="x", language=language)
    client = Client()
    client.force_login(user)
    told = client.get("/api/v1/regime?days=0").json()["errors"][0]
    assert (told["field"], told["code"]) == ("days", "min_value") and words in told["detail"]
    asked = client.get("/api/v1/regime?days=0", headers={"Accept-Language": "en"}).json()
    assert "Ensure this value" in asked["errors"][0]["detail"]
