"""How often one may ask: limits by scope, counted in Redis, and open to all where Redis is not there."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.urls import get_resolver
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.views import APIView
from structlog.testing import capture_logs

from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.config import PACKAGED_DIR
from traderai.common.errors import InputError
from traderai.common.rate_limits import Limit, RequestCounter, limits_get, request_counter, wait_s
from traderai.site.document import names_told
from traderai.site.idempotency import KEYED
from traderai.site.throttling import ScopeThrottle

READING, WRITING = "/api/v1/instruments", "/api/v1/watchlist"
THREE_READS = 3 / 600


@pytest.fixture
def asker(db: None) -> APIClient:
    """A user with a number of their own: what is counted outlives the test."""
    return signed_in()


def signed_in() -> APIClient:
    name = secrets.token_hex(8)
    client = APIClient()
    client.force_login(User.objects.create_user(name, id=secrets.randbits(50)))
    return client


@settings(max_examples=200)
@given(
    previous=st.integers(0, 40),
    current=st.integers(0, 40),
    elapsed=st.floats(0, 59.9),
    allowed=st.integers(1, 30),
)
def test_who_waits_as_long_as_told_gets_through_and_not_much_sooner(previous, current, elapsed, allowed):
    told = wait_s(previous=previous, current=current, elapsed_s=elapsed, allowed=allowed, window_s=60)

    def fits(after: float) -> bool:
        age = elapsed + after
        # The counts of the window in which that is: this one, the next, or one after an empty one.
        before, now = ((previous, current), (current, 0), (0, 0))[int(age // 60)]
        return before * (1 - age % 60 / 60) + now + 1 <= allowed + 1e-3

    assert 0 <= told <= 120 and fits(told)
    assert told == 0 or not fits(told - 0.1)


def test_a_user_over_the_limit_is_told_when_to_come_back(asker: APIClient, settings: LazySettings):
    settings.RATE_LIMIT_SCALE = THREE_READS
    with time_machine.travel(datetime(2024, 3, 1, 12, 0, 30, tzinfo=UTC), tick=False) as now:
        assert [asker.get(READING).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        refused = asker.get(READING)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == "throttled" and refused.json()["status"] == 429
        # Another user, and other work, have limits of their own.
        assert signed_in().get(READING).status_code == 200
        assert asker.put(WRITING, {"secids": []}, format="json").status_code == 200
        now.shift(timedelta(seconds=int(refused.headers["Retry-After"])))
        assert asker.get(READING).status_code == 200


def test_a_past_moment_is_heavier_than_the_present(asker: APIClient, settings: LazySettings):
    settings.RATE_LIMIT_SCALE = 1 / 60  # one heavy question, ten that read
    asked = [
        asker.post("/api/v1/analyze_ticker", body, format="json").status_code
        for body in (
            {"secid": "NONE", "at": "2024-03-01T12:00:00Z"},
            {"secid": "NONE", "at": "2024-03-01T12:00:00Z"},
            {"secid": "NONE"},
        )
    ]
    assert asked == [404, 429, 404]


def test_an_address_is_told_from_what_a_stranger_says_of_it(client, settings: LazySettings, db):
    settings.RATE_LIMIT_SCALE = THREE_READS
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 0}

    def asked_by(address: str, forwarded: str) -> bool:
        request = APIClient().get(READING).wsgi_request
        request.META |= {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}
        return ScopeThrottle().allow_request(Request(request), APIView())

    address = f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.{secrets.randbelow(250)}"
    assert [asked_by(address, f"1.2.3.{place}") for place in range(5)] == [True] * 3 + [False] * 2


def test_without_redis_everybody_passes_and_the_log_says_so_once(asker: APIClient, settings: LazySettings):
    settings.RATE_LIMIT_SCALE, settings.REDIS_URL = THREE_READS, "redis://127.0.0.1:9/0"
    request_counter.cache_clear()
    with capture_logs() as logs:
        assert {asker.get(READING).status_code for _ in range(5)} == {200}
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["rate_limits_off"]
    request_counter.cache_clear()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_redis_that_hangs_costs_one_request_its_timeout(silent: str):
    counter = RequestCounter(url=silent, timeout_s=0.05, pause_s=60.0)
    limit = Limit(requests=1, seconds=60)
    waits, began = set(), clock.monotonic_s()
    with capture_logs() as logs:
        for _ in range(100):
            waits |= {counter.wait_s(scope="read", who="x", limit=limit, allowed=1, now=clock.now())}
    assert waits == {0.0} and len(logs) == 1
    assert clock.monotonic_s() - began < 1.0


def test_the_limits_name_paths_that_there_are():
    there = {name for _, name in names_told(get_resolver())}
    assert set(limits_get().paths) | set(KEYED) <= there


def test_the_packaged_limits_leave_room_for_people():
    scopes = limits_get().scopes
    assert scopes["read"].requests / scopes["read"].seconds >= 10
    assert scopes["write"].requests / scopes["write"].seconds >= 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("signals_stream: stream", "signals_stream: streams", "did you mean 'stream'"),
        ("read: {requests: 600", "read: {requests: 0", "at least 1"),
        ("  write:", "  wrote:", "scope of POST"),
    ],
)
def test_a_mistake_in_the_limits_is_named(tmp_path, monkeypatch, old, new, says):
    text = (PACKAGED_DIR / "limits.yaml").read_text()
    assert old in text
    (tmp_path / "limits.yaml").write_text(text.replace(old, new, 1))
    monkeypatch.setenv("TRADERAI_CONFIG_DIR", str(tmp_path))
    with pytest.raises(InputError, match=says):
        limits_get()
