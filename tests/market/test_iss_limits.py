"""How gently ISS is asked: by what a server sees, not by what the client means."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest

from market.iss.bucket import FileTokens, MemoryTokens, TokenBucket, token_bucket
from market.iss.client import IssClient, IssLimits, iss_http
from market.sources.iss_connection import IssConnection, gathered
from tests.iss_replies import RETRIED
from tests.iss_server import Fault, IssServer
from tests.up.processes import ROOT
from traderai.common import clock
from traderai.common.errors import InputError, InvariantError, TransientError


def connection(server, **changed):
    return IssConnection(
        limits=IssLimits(base_url=server.base_url, **changed), jitter=np.random.default_rng(1)
    )


def ask_many(server, n, **changed):
    async def ask(client):
        return await gathered(lambda at: client.get(f"/securities/S{at}/dividends", {}), range(n))

    return connection(server, **changed).ask(ask)


def test_never_more_than_five_requests_in_any_second():
    delays = [Fault(delay_s=0.15 * (at % 3)) for at in range(12)]
    with IssServer(faults=[*delays[:6], RETRIED["429"], *delays[6:], RETRIED["reset"]]) as server:
        ask_many(server, 16, backoff_s=0.01)
        assert len(server.requests) == 18
        assert server.most_in_a_second() == 5
        assert server.most_in_flight <= 5


@dataclass
class Refilled:
    """The usual bucket: five at once, and five more in the second after."""

    tokens: float = 5.0
    asked_s: float = field(default_factory=clock.monotonic_s)

    def take(self, now_s):
        self.tokens = min(5.0, self.tokens + (now_s - self.asked_s) * 5.0)
        self.asked_s = now_s
        if self.tokens < 1.0:
            return "", (1.0 - self.tokens) / 5.0
        self.tokens -= 1.0
        return "token", 0.0

    def give_back(self, token, free_at_s):
        pass


def test_a_bucket_that_refills_while_it_is_used_is_too_fast(monkeypatch):
    """Sabotage: the measure can fail."""
    usual = TokenBucket(rest_s=0.0, tokens=Refilled())
    monkeypatch.setattr("market.iss.client.token_bucket", lambda **_: usual)
    with IssServer() as server:
        ask_many(server, 10)
        assert server.most_in_a_second() > 5


_ASK = """
import asyncio, sys
from pathlib import Path
import numpy as np
from market.iss.client import IssLimits
from market.sources.iss_connection import IssConnection, gathered

limits = IssLimits(base_url=sys.argv[1], shared_in=Path(sys.argv[2]))
connection = IssConnection(limits=limits, jitter=np.random.default_rng(1))

async def ask(client):
    return await gathered(lambda at: client.get(f"/securities/S{at}/dividends", {}), range(8))

connection.ask(ask)
"""


def test_two_processes_keep_the_limit_together(tmp_path):
    with IssServer() as server:
        asking = [
            subprocess.Popen([sys.executable, "-c", _ASK, server.base_url, str(tmp_path)], cwd=ROOT)
            for _ in range(2)
        ]
        assert [one.wait(timeout=60) for one in asking] == [0, 0]
        assert len(server.requests) == 16
        assert server.most_in_a_second() <= 5


def test_a_token_rests_after_it_came_back():
    tokens = MemoryTokens(n=2)
    assert [tokens.take(10.0)[0], tokens.take(10.0)[0]] == ["token", "token"]
    assert tokens.take(10.0) == ("", pytest.approx(0.02))
    tokens.give_back("token", 11.5)
    assert tokens.take(11.0) == ("", pytest.approx(0.5))
    assert tokens.take(11.5) == ("token", 0.0)


def test_tokens_in_a_file_come_back_when_their_process_was_killed(tmp_path):
    tokens = FileTokens(path=tmp_path / "deep" / "tokens.json", n=1, lease_s=30.0)
    now_s = clock.monotonic_s()
    token, _ = tokens.take(now_s)
    assert token
    assert tokens.take(now_s + 29.0)[0] == ""
    late, _ = tokens.take(now_s + 31.0)
    assert late
    tokens.give_back(token, now_s + 31.5)  # of the lease that ran out: no longer its own
    assert tokens.take(now_s + 40.0)[0] == ""
    tokens.give_back(late, now_s + 41.0)
    assert tokens.take(now_s + 42.0)[0]


def test_a_token_that_another_took_while_we_waited_for_the_file_is_not_free(tmp_path):
    tokens = FileTokens(path=tmp_path / "tokens.json", n=1, lease_s=30.0)
    now_s = clock.monotonic_s()
    assert tokens.take(now_s + 0.5)[0]
    assert tokens.take(now_s)[0] == ""


@pytest.mark.parametrize("text", ["", "not json", "[1e12]", "{}", '["x"]'])
def test_a_file_of_tokens_that_makes_no_sense_is_begun_anew(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    assert FileTokens(path=path, n=2, lease_s=5.0).take(clock.monotonic_s())[0]


@pytest.mark.parametrize(("rate", "n", "rest_s"), [(5.0, 5, 1.0), (0.5, 1, 2.0), (2.5, 2, 0.8)])
def test_the_rate_gives_tokens_and_their_rest(rate, n, rest_s):
    bucket = token_bucket(name=f"rate {rate}", rate=rate, folder=None, lease_s=1.0)
    assert (bucket.tokens.n, bucket.rest_s) == (n, rest_s)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(InputError, match="must be more than 0"):
        token_bucket(name="none", rate=0.0, folder=None, lease_s=1.0)


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        (Fault(status=404), InvariantError, "must have the route"),
        (Fault(status=400), InputError, "must accept"),
        (Fault(body=b'"text"'), TransientError, "a JSON object"),
        (Fault(body=b'{"other": {}}'), InvariantError, "must hold the block"),
    ],
)
def test_what_asking_again_does_not_mend_has_its_own_error(fault, error, text):
    with IssServer(plan=lambda *_: fault) as server, pytest.raises(error, match=text):
        rows = connection(server, requests_per_s=100.0, attempts=2, backoff_s=0.001)
        rows.ask(lambda client: client.rows("/x", "block", params={}, required=("a",)))


def pages_of(server, **changed):
    async def ask(client):
        return [len(rows) async for _, rows in client.pages("/x", "block", params={}, required=("a",))]

    return connection(server, requests_per_s=1000.0, attempts=2, backoff_s=0.001, **changed).ask(ask)


def test_a_route_without_pages_is_found_out():
    same = Fault(body=b'{"block": {"columns": ["a"], "data": [[1], [2]]}}')
    with IssServer(plan=lambda *_: same) as server, pytest.raises(InvariantError, match="has no pages"):
        pages_of(server)


def test_fewer_rows_than_the_cursor_says_is_no_end():
    cursor = b'"block.cursor": {"columns": ["TOTAL"], "data": [[5]]}'
    faults = [
        Fault(body=b'{"block": {"columns": ["a"], "data": [[1], [2]]}, ' + cursor + b"}"),
        Fault(body=b'{"block": {"columns": ["a"], "data": []}, ' + cursor + b"}"),
    ]
    with IssServer(faults=faults) as server, pytest.raises(TransientError, match="5 rows must come, came 2"):
        pages_of(server)


def test_pauses_between_attempts_grow_and_are_not_in_step(monkeypatch):
    waited = []

    async def slept(seconds):
        waited.append(seconds)

    monkeypatch.setattr("market.iss.client.asyncio.sleep", slept)
    with IssServer(plan=lambda *_: Fault(status=503)) as server:
        limits = IssLimits(base_url=server.base_url, requests_per_s=500.0, attempts=5, backoff_max_s=3.0)

        async def ask():
            async with iss_http(limits) as http:
                await IssClient(http=http, limits=limits, jitter=np.random.default_rng(7)).get("/x", {})

        with pytest.raises(TransientError, match="failed 5 times"):
            asyncio.run(ask())
    ceilings = [1.0, 2.0, 3.0, 3.0]
    assert all(top / 2 <= pause <= top for pause, top in zip(waited, ceilings, strict=True))
    assert len(set(waited)) == 4
