"""Told signals as server-sent events: exactly those, in order, over a lost connection, a lost stream and without Redis."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.test import Client

from market.models import Candle, CandleSource, Instrument, TradingDay
from signals.api import stream_views
from signals.models import Emission, Review, Signal
from signals.selectors import stream
from signals.services.listen import place_after, told_listen
from tests.journeys.test_worker_journey import database_url
from tests.signals import builders
from tests.signals.told import say, signal, told
from tests.site.test_web_process import free_port
from tests.up.processes import ROOT
from traderai.accounts.models import User
from traderai.site.up.run import web_argv

PATH = "/api/v1/signals/stream"
PAYLOAD = {
    "market": {"close_rub": 101.5},
    "decision": {"entry_low_rub": 101.5, "entry_high_rub": 102.0, "take_profit_rub": 110.0, "stop_loss_rub": 98.0},
}  # fmt: skip
STREAM = f"traderai-test:events:{os.getpid()}"


@pytest.fixture(autouse=True)
def own_stream(settings) -> Iterator[None]:
    """A stream of this test's own, in the tests' Redis."""
    settings.SIGNALS_STREAM = STREAM
    with stream.stream_client() as redis:
        redis.delete(STREAM)
        yield
        redis.delete(STREAM)


@pytest.fixture
def share(db) -> Instrument:
    return builders.share("AAAA", seed=1, bars=40)


@pytest.fixture
def client(db) -> Client:
    return signed_in("trader")


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(name, password="x"))
    return client


def flips(share: Instrument, bars: range, **changes: object) -> None:
    """Say BUY and SELL in turn: each is told."""
    for bar in bars:
        say([signal(share, (bar, ("BUY", "SELL")[bar % 2], 70), payload=PAYLOAD, **changes)])


def places() -> list[int]:
    return list(Emission.objects.order_by("pk").values_list("pk", flat=True))


def heard(place: int, *, seconds: float = 0.3, heartbeat_s: float = 0.1) -> list[int]:
    found = told_listen(place=place, seconds=seconds, heartbeat_s=heartbeat_s)
    return [one.id for one in found if one is not None]


def test_what_is_told_is_heard_once_and_in_order(share):
    flips(share, range(4))
    flips(share, range(2), source="replay", horizon="3d")  # history wakes nobody
    own = places()[:4]
    assert heard(0) == own and heard(own[1]) == own[2:] and heard(own[3]) == []
    assert place_after(None) == place_after(own[3] + 10**9) == max(places()) and place_after(own[0]) == own[0]
    Review.objects.create(signal_id=told()[1], verdict="rejected", note="a halt", by="anna")
    assert heard(0) == [own[0], *own[2:]]


def test_more_than_one_reading_takes_is_heard_whole(share, monkeypatch):
    monkeypatch.setattr("signals.services.listen._AT_ONCE", 2)
    flips(share, range(7))
    assert heard(0) == places()


@pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:1/0"])
def test_a_lost_stream_or_redis_loses_nothing(share, settings, redis_url, monkeypatch):
    """Nothing is ever published here: only the outbox knows."""
    monkeypatch.setattr("signals.services.listen.POLL_S", 0.05)
    settings.REDIS_URL = redis_url or settings.REDIS_URL
    found = told_listen(place=0, seconds=30.0, heartbeat_s=0.05)
    assert next(found) is None
    flips(share, range(2))
    assert [one.id for one in (next(found), next(found)) if one] == places()
    assert next(found) is None
    found.close()


def test_a_message_wakes_at_once(share):
    """Long before the heartbeat: the reader would else wait for a minute."""
    found = told_listen(place=0, seconds=60.0, heartbeat_s=60.0)
    flips(share, range(1))
    assert next(found).id == places()[0]
    wake = threading.Timer(0.2, signals_publish_raw, args=(places()[0] + 1,))
    begin_s = time.monotonic()
    wake.start()
    flips(share, range(1, 2))  # in the outbox, and on the stream in a moment
    assert next(found).id == places()[1] and time.monotonic() - begin_s < 10.0
    wake.join()
    found.close()


def signals_publish_raw(place: int) -> None:
    with stream.stream_client() as redis:
        redis.xadd(STREAM, {"told": "{}"}, id=f"{place}-0")


def test_bad_questions_are_told_so(client, share):
    for query, header, status, code in (
        ("max_seconds=56", {}, 400, "invalid"),
        ("", {"Last-Event-ID": "newest"}, 422, "bad_event_id"),
        ("", {"Last-Event-ID": str(2**63)}, 422, "bad_event_id"),
        ("", {"Last-Event-ID": "9" * 5000}, 422, "bad_event_id"),
    ):
        answer = client.get(f"{PATH}?{query}", headers=header | {"Accept": "text/event-stream"})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer["Content-Type"] == "application/problem+json"
    assert Client(headers={"Accept": "text/event-stream"}).get(PATH).status_code == 401


def close(answers: list[Any]) -> None:
    """End answers; the end of a request would close the connection of this test's transaction."""
    request_finished.disconnect(close_old_connections)
    for answer in answers:
        answer.close()
    request_finished.connect(close_old_connections)


def test_the_ninth_stream_waits_and_every_slot_comes_back(client, share):
    clients = [client, *(signed_in(name) for name in ("anna", "boris"))]
    unread = [one.get(f"{PATH}?max_seconds=1") for one in (clients * 3)[: stream_views.STREAMS]]
    assert {answer.status_code for answer in unread} == {200}
    ninth = clients[2].get(PATH)
    assert (ninth.status_code, ninth.json()["code"]) == (503, "too_many_streams") and ninth[
        "Retry-After"
    ] == "5"
    flips(share, range(1))
    (event, *_) = [part for part in b"".join(unread[0].streaming_content).split(b"\n\n") if b"event:" in part]
    lines = event.decode().split("\n")
    assert lines[:2] == [f"id: {places()[0]}", "event: signal"]
    data = json.loads(lines[2].removeprefix("data: "))
    assert (
        data["entry"] == {"low": 101.5, "high": 102.0} and data["signal"] == "BUY" and data["secid"] == "AAAA"
    )
    assert data["is_simulated"] is False and data["price"] == 101.5
    close(unread + unread)  # also those that nobody has read, and none twice
    again = [client.get(f"{PATH}?max_seconds=1") for _ in range(stream_views.OF_ONE_USER + 1)]
    assert [answer.status_code for answer in again] == [200] * stream_views.OF_ONE_USER + [503]
    others = [clients[1].get(f"{PATH}?max_seconds=1")]
    assert others[0].status_code == 200, "one user does not keep all the others out"
    close(again + others)


class Listener:
    """A client that reads events off a socket."""

    def __init__(self, address: str, cookie: str, last: int | None = None, seconds: int = 55) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        headers = {"Accept": "text/event-stream", "Cookie": cookie}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self._connection.request("GET", f"{PATH}?max_seconds={seconds}", headers=headers)
        self.answer = self._connection.getresponse()

    def events(self, count: int) -> list[dict]:
        """Return the next events; the id of each is the one in its data."""
        found: list[dict] = []
        place = 0
        while len(found) < count:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                place = int(line[4:])
            elif line.startswith("data: "):
                found.append(json.loads(line[6:]))
                assert found[-1]["id"] == place
        return found

    def close(self) -> None:
        self._connection.close()


@contextmanager
def served(log_file: Path) -> Iterator[str]:
    """The product's own web server in a process of its own."""
    port = free_port()
    env = os.environ | {
        "DATABASE_URL": database_url(), "SIGNALS_STREAM": STREAM, "DJANGO_SETTINGS_MODULE": "traderai.site.settings.dev",
        "RATE_LIMIT_SCALE": "0",
    }  # fmt: skip
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            web_argv("127.0.0.1", port), cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            for _ in range(600):
                if answers(port):
                    break
                assert server.poll() is None, log_file.read_text()
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            # At once: asked to end, it would wait for the streams.
            os.killpg(server.pid, SIGKILL)
            server.wait(timeout=20)


def answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}", "/healthz") == 200
    except OSError:
        return False


def get(address: str, path: str, cookie: str = "") -> int:
    asked = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    asked.request("GET", path, headers={"Cookie": cookie})
    status = asked.getresponse().status
    asked.close()
    return status


def connections_held() -> list[str]:
    """Return what was last asked on each connection to this database that other processes hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
            "AND pid <> pg_backend_pid()"
        )
        return [query for (query,) in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_a_real_server_tells_each_once_over_a_reconnection_and_starves_nobody(tmp_path):
    try:
        share = builders.share("AAAA", seed=1, bars=40)
        browsers = [signed_in(name) for name in ("trader", "anna", "boris", "vera")]
        cookies = [f"sessionid={browser.cookies['sessionid'].value}" for browser in browsers]
        cookie = cookies[0]
        with served(tmp_path / "web.log") as address:
            first = Listener(address, cookie, seconds=10)
            assert first.answer.status == 200 and first.answer.headers["Content-Type"].startswith(
                "text/event-stream"
            )
            begin_s = time.monotonic()
            flips(share, range(3))
            got = first.events(3)
            assert time.monotonic() - begin_s < 12.0, "they came with the heartbeat, not at once"
            assert [one["id"] for one in got] == places()
            first.close()
            flips(share, range(3, 6))  # nobody listens
            second = Listener(address, cookie, last=got[1]["id"], seconds=20)
            assert [one["id"] for one in second.events(4)] == places()[2:]
            others = [
                Listener(address, (cookies[1:] * 3)[number], seconds=20)
                for number in range(stream_views.STREAMS)
            ]
            assert (
                sorted(one.answer.status for one in others)[-1] == 503
            )  # the first one's slot is not free yet
            refused = next(one.answer for one in others if one.answer.status == 503)
            assert int(refused.headers["Retry-After"]) > 0
            begin_s = time.monotonic()
            assert {
                get(address, path, cookie) for path in ["/readyz", "/api/v1/signals", "/api/v1/regime"] * 3
            } == {200}
            assert time.monotonic() - begin_s < 10.0
            # Threads keep theirs for the next request; the one of a stream would have read the outbox last.
            held = [query for query in connections_held() if query.startswith('SELECT "signals_emission"')]
            assert held == [], "a stream holds a connection while it waits"
            for one in (second, *others):
                one.close()
    finally:
        # The flush after a test does not reach the candles, whose table Django's models did not make.
        for model in (Emission, Signal, Candle, CandleSource, TradingDay, Instrument):
            model.objects.all().delete()
