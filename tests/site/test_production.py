"""The headers and cookies of production, as a process with its settings sends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Without the manifest of collected files, which a release makes; nothing of it is a header.
ASK = """
import json, django
django.setup()
from django.core.management import call_command
from django.test import Client, override_settings
call_command("check", deploy=True, fail_level="WARNING")
plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
told = {}
with override_settings(STORAGES=plain):
    client = Client(headers={"Host": "trader.example.org"}, raise_request_exception=False)
    told["http"] = dict(client.get("/healthz").headers)
    for address in ("/healthz", "/app/login/", "/api/v1/instruments", "/api/v1/nothing", "/admin/login/"):
        answer = client.get(address, secure=True)
        cookies = {name: dict(cookie.items()) for name, cookie in answer.cookies.items()}
        told[address] = {"status": answer.status_code, "cookies": cookies, **dict(answer.headers)}
    stranger = client.get("/healthz", secure=True, headers={"Host": "evil.example.org"})
    told["stranger"] = {"status": stranger.status_code}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "traderai.site.settings.prod",
        "SECRET_KEY": "a-key-of-production-that-is-long-enough-and-has-many-letters-0123456789",
        "ALLOWED_HOSTS": "trader.example.org",
    }
    run = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    answers: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answers


def test_plain_http_leads_to_https(told: dict[str, Any]):
    assert told["http"]["Location"] == "https://trader.example.org/healthz"


def test_every_answer_bears_the_headers(told: dict[str, Any]):
    for address, answer in told.items():
        if not address.startswith("/"):
            continue
        assert "max-age=31536000; includeSubDomains" in answer["Strict-Transport-Security"], address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert answer["Referrer-Policy"] == "same-origin", address
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert answer["X-Frame-Options"] == "DENY", address
        assert (
            "camera=()" in answer["Permissions-Policy"] and "geolocation=()" in answer["Permissions-Policy"]
        )
        assert "default-src 'self'" in answer["Content-Security-Policy"], address
        assert "Server" not in answer and "X-Powered-By" not in answer


def test_cookies_travel_by_https_alone(told: dict[str, Any]):
    cookies = {name: cookie for answer in told.values() for name, cookie in answer.get("cookies", {}).items()}
    assert "csrftoken" in cookies
    assert all(cookie["secure"] and cookie["samesite"] == "Lax" for cookie in cookies.values())


def test_answers_of_the_api_stay_out_of_caches(told: dict[str, Any]):
    refused = told["/api/v1/instruments"]
    assert refused["status"] == 401 and refused["Cache-Control"] == "private, no-store"
    assert told["/api/v1/nothing"]["Content-Type"] == "application/problem+json"


def test_another_host_is_refused(told: dict[str, Any]):
    assert told["stranger"]["status"] == 400


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_start_without_its_secrets(missing: str):
    env = {name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", "ALLOWED_HOSTS"}}
    env |= {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "trader.example.org"}
    del env[missing]
    run = subprocess.run(
        [sys.executable, "-c", "import traderai.site.settings.prod"], cwd=ROOT, env=env, capture_output=True, text=True
    )  # fmt: skip
    assert run.returncode != 0 and missing in run.stderr
