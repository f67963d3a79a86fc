"""Two processes tell the same signals and are killed at any moment: each is told once, and stands once on the stream."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from signal import SIGKILL

import numpy as np
import pytest
from django.db import connection, transaction

from market.models import Candle, CandleSource, Instrument, TradingDay
from signals.models import Emission, Signal
from signals.selectors.stream import stream_client, told_read
from signals.services import emit
from signals.services.emit import signals_emit
from signals.services.publish import signals_publish
from tests.journeys.test_worker_journey import database_url
from tests.signals import builders
from tests.signals.told import recomputed, say, signal, told
from tests.up.processes import ROOT
from traderai.common.errors import InvariantError

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = f"traderai-test:crash:{os.getpid()}"
KILLS = 20
LAST = builders.BARS - 1
PATIENCE_S = 60.0
PAYLOAD = {"market": {}, "decision": {}}


class Teller:
    """A process of `tests.signals.teller`."""

    def __init__(self) -> None:
        environment = os.environ | {
            "DATABASE_URL": database_url(),
            "SIGNALS_STREAM": STREAM,
            "DJANGO_SETTINGS_MODULE": "traderai.site.settings.test",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.signals.teller"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self._pid = 0

    def line(self) -> str:
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], PATIENCE_S)[0], "the teller has fallen silent"
        return self._process.stdout.readline().decode().strip()

    def start(self, last: int, sabotage: str = "") -> None:
        """Begin to tell up to a bar; returns once it is at work."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{last} {sabotage}\n".encode())
        self._pid = int(self.line())

    def kill(self) -> bool:
        """Return whether it was still at work."""
        # Not yet waited for, so that the number is still its own.
        os.kill(self._pid, SIGKILL)
        return self.status() == SIGKILL

    def status(self) -> int:
        """Return how it has ended; waits for it."""
        return int(self.line())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def market(transactional_db, settings) -> Iterator[None]:
    """Three shares with their bars, and a stream of their own."""
    settings.SIGNALS_STREAM = STREAM
    with stream_client() as client:
        client.delete(settings.SIGNALS_STREAM)
        for number in range(3):
            builders.share(f"SHR{number}", seed=number)
        yield
        # The flush after a test does not reach the candles, whose table Django's models did not make.
        for model in (Emission, Signal, Candle, CandleSource, TradingDay, Instrument):
            model.objects.all().delete()
        client.delete(settings.SIGNALS_STREAM)


@pytest.fixture(scope="module")
def both(django_db_setup) -> Iterator[list[Teller]]:
    made = [Teller(), Teller()]
    assert [one.line() for one in made] == ["ready", "ready"]
    yield made
    for one in made:
        one.close()


def kill_at_random(both: list[Teller], kills: int, rng: np.random.Generator, sabotage: str = "") -> None:
    """Let both tell, and kill one of them again and again at a random moment."""
    for one in both:
        one.start(LAST, sabotage)
    for _ in range(kills):
        time.sleep(rng.uniform(0.0, 0.1))
        victim = both[rng.integers(0, 2)]
        assert victim.kill(), "it had told everything before it was killed"
        victim.start(LAST, sabotage)
    for one in both:
        assert one.kill()


def finish(both: list[Teller], bars: int, sabotage: str = "") -> None:
    """Let both tell some bars more, to the end."""
    begun = Signal.objects.values("bar_begin").distinct().count()
    for one in both:
        one.start(min(begun + bars, LAST), sabotage)
    assert [one.status() for one in both] == [0, 0]


def assert_told_exactly_once() -> int:
    """Hold the outbox and the stream against the signals themselves; return how many were told."""
    signals_publish()  # as the next beat does
    in_order = told()
    assert len(set(in_order)) == len(in_order)
    lacking = recomputed(Signal.objects.all()) ^ set(in_order)
    assert not lacking, f"{len(lacking)} signals were told wrongly, or not at all"
    streamed = [one.signal_id for one in told_read(place=0, limit=100_000)]
    assert len(set(streamed)) == len(streamed), "the stream holds a message twice"
    assert streamed == in_order, "the stream is not the outbox"
    return len(in_order)


def test_two_killed_tellers_tell_each_signal_exactly_once(market, both):
    kill_at_random(both, KILLS, np.random.default_rng(int(os.environ.get("PYTEST_SEED", "5"))))
    amid = assert_told_exactly_once()
    finish(both, bars=5)
    assert assert_told_exactly_once() > amid > 20
    assert Signal.objects.count() > 2 * amid  # most is not told


@pytest.mark.parametrize(
    ("sabotage", "kills", "seen"),
    [
        ("unguarded", 0, "holds a message twice"),
        ("apart", 5, "told wrongly, or not at all"),
    ],
)
def test_telling_without_its_guards_is_seen(market, both, sabotage, kills, seen):
    rng = np.random.default_rng(6)
    with pytest.raises(AssertionError, match=seen):
        for _ in range(20):
            if kills:
                kill_at_random(both, kills, rng, sabotage)
            else:
                finish(both, 10, sabotage)
            assert_told_exactly_once()


def meet() -> None:
    """Let a share be told while another's telling is not committed yet."""
    first, second = Instrument.objects.order_by("pk")[:2]
    told_first, told_second = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            say([signal(first, (0, "BUY", 70), payload=PAYLOAD)])
            told_first.set()
            told_second.wait(timeout=0.5)
        connection.close()

    def quick() -> None:
        told_first.wait(timeout=PATIENCE_S)
        say([signal(second, (0, "BUY", 70), payload=PAYLOAD)])
        told_second.set()
        connection.close()

    threads = [threading.Thread(target=one) for one in (slow, quick)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=PATIENCE_S)
    assert len(told()) == 2


def test_who_tells_later_commits_later(market):
    meet()
    assert assert_told_exactly_once() == 2


def test_without_the_lock_a_message_is_lost(market, monkeypatch):
    monkeypatch.setattr(emit, "_LOCK", "SELECT 1")
    meet()
    with pytest.raises(AssertionError, match="the stream is not the outbox"):
        assert_told_exactly_once()


def test_outside_a_transaction_nothing_is_told(transactional_db):
    with pytest.raises(InvariantError, match="open one"):
        signals_emit(signals=[])
