"""The outbox on a Redis stream: once and in order, after a loss, beside another's stream and without Redis."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import StringIO

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import transaction

from market.models import Instrument
from signals.management.commands import emissions
from signals.models import Emission, Review
from signals.selectors import stream
from signals.selectors.outbox import told_after, told_newest
from signals.selectors.stream import told_place, told_read
from signals.services import publish
from signals.services.publish import signals_publish
from signals.tasks import signals_publish_due
from tests.signals import builders
from tests.signals.told import say, signal, told
from tests.up.processes import ROOT
from traderai.common.errors import TransientError

pytestmark = pytest.mark.django_db
PAYLOAD = {
    "market": {"close_rub": 101.5},
    "decision": {"entry_low_rub": 101.5, "entry_high_rub": 102.0, "take_profit_rub": 110.0, "stop_loss_rub": None},
}  # fmt: skip


@pytest.fixture
def share(db) -> Instrument:
    return builders.share("AAAA", seed=1, bars=40)


@pytest.fixture(autouse=True)
def client(settings, request) -> Iterator[redis.Redis]:
    """A stream of this test's own, in the tests' Redis."""
    settings.SIGNALS_STREAM = f"traderai-test:{request.node.name}"
    with stream.stream_client() as own:
        own.delete(settings.SIGNALS_STREAM)
        yield own
        own.delete(settings.SIGNALS_STREAM)


def say_flips(share: Instrument, bars: range, **changes: object) -> None:
    """Say BUY and SELL in turn: each is told."""
    for bar in bars:
        say([signal(share, (bar, ("BUY", "SELL")[bar % 2], 70), payload=PAYLOAD, **changes)])


def streamed() -> list[int]:
    """Return the signals that stand on the stream."""
    return [one.signal_id for one in told_read(place=0, limit=1000)]


def test_what_was_told_is_published_once_and_in_order(share, client, settings):
    assert signals_publish() == 0 and streamed() == [] and told_place() == 0
    say_flips(share, range(5))
    assert signals_publish() == 5
    assert signals_publish() == 0
    say_flips(share, range(5, 7))
    assert signals_publish() == 2
    assert streamed() == told()
    ids = [place for place, _ in client.xrange(settings.SIGNALS_STREAM)]
    assert ids == [f"{pk}-0" for pk in Emission.objects.order_by("pk").values_list("pk", flat=True)]


def test_a_message_holds_what_an_order_needs(share):
    say_flips(share, range(1), strength="weak", proven=True)
    signals_publish()
    (one,) = told_read(place=0)
    row = Emission.objects.select_related("signal").get()
    assert (one,) == told_after(place=0, limit=5)
    assert (one.id, one.signal_id, one.secid, one.emitted_at) == (
        row.pk,
        row.signal_id,
        "AAAA",
        row.emitted_at,
    )
    assert (one.action, one.confidence, one.strength, one.proven, one.source) == (
        "BUY",
        70,
        "weak",
        True,
        "live",
    )
    assert (one.as_of, one.valid_until) == (row.signal.as_of, row.signal.valid_until)
    assert (one.price_rub, one.entry_low_rub, one.take_profit_rub, one.stop_loss_rub) == (
        101.5,
        101.5,
        110.0,
        None,
    )


def test_replayed_signals_are_told_and_wake_nobody(share):
    say_flips(share, range(2), source="replay")
    say_flips(share, range(1), source="simulated", created_at=builders.last_moment(1))
    say_flips(share, range(1, 2), source="simulated", created_at=builders.last_moment(9))  # over by then
    say_flips(share, range(2, 4), source="replay")
    assert signals_publish() == 1
    assert len(told()) == 6
    assert [one.source for one in told_read(place=0)] == ["simulated"]
    assert [one.source for one in told_newest(limit=2, sources=("replay",))] == ["replay", "replay"]


def test_a_lost_stream_is_made_anew_of_the_newest(share, client, settings):
    say_flips(share, range(6))
    signals_publish()
    client.delete(settings.SIGNALS_STREAM)
    settings.SIGNALS_STREAM_LENGTH = 4
    assert signals_publish() == 4
    assert streamed() == told()[-4:]


def test_the_stream_of_another_database_is_made_anew(share, client, settings):
    say_flips(share, range(3))
    signals_publish()
    newest = told_newest(limit=1)[0]
    for place, signal_id in ((newest.id + 100, newest.signal_id), (newest.id, newest.signal_id + 100)):
        stranger = stream.message_of(type(newest)(**{**plain(newest), "id": place, "signal_id": signal_id}))
        client.delete(settings.SIGNALS_STREAM)
        client.xadd(settings.SIGNALS_STREAM, stranger, id=f"{place}-0")
        assert signals_publish() == 3
        assert streamed() == told()


def plain(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}  # type: ignore[attr-defined]


def test_what_another_publisher_appended_meanwhile_is_not_appended_twice(share, monkeypatch):
    say_flips(share, range(3))
    whole, looked = publish.told_newest, []

    def beaten(**asked: object) -> object:
        found = whole(**asked)
        if not looked:
            looked.append(found)
            assert signals_publish() == 3
        return found

    monkeypatch.setattr(publish, "told_newest", beaten)
    assert signals_publish() == 0
    assert looked and streamed() == told()


def test_redis_itself_refuses_what_was_overtaken(share, client, settings):
    say_flips(share, range(3))
    signals_publish()
    with pytest.raises(redis.ResponseError, match="equal or smaller"):
        client.xadd(settings.SIGNALS_STREAM, {"told": "again"}, id=f"{told_place()}-0")


def test_a_rejected_signal_is_not_handed_out_again(share, client, settings):
    say_flips(share, range(3))
    signals_publish()
    Review.objects.create(signal_id=told()[2], verdict="rejected", note="a halt", by="anna")
    say_flips(share, range(3, 4))
    assert signals_publish() == 1  # that the newest message was withdrawn does not make the stream another's
    client.delete(settings.SIGNALS_STREAM)
    signals_publish()
    assert streamed() == [*told()[:2], told()[3]]


def test_a_reader_gets_what_comes_after_its_place_and_waits_for_more(share):
    say_flips(share, range(4))
    signals_publish()
    first = told_read(place=0, limit=3)
    assert [one.signal_id for one in first] == told()[:3]
    assert [one.signal_id for one in told_read(place=first[-1].id)] == told()[3:]
    assert told_read(place=told_place(), wait_s=0.05) == ()
    got: list[int] = []
    place = told_place()
    reader = threading.Thread(
        target=lambda: got.extend(one.id for one in told_read(place=place, wait_s=10.0))
    )
    reader.start()
    time.sleep(0.1)
    say_flips(share, range(4, 5))
    signals_publish()
    reader.join(timeout=5.0)
    assert got == [told_place()] != [place]


def test_publishing_follows_the_commit_at_once(share, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        say_flips(share, range(2))
        say_flips(share, range(2), source="replay", horizon="3d")
    assert len(callbacks) == 2 and streamed() == told()[:2]


def test_without_redis_signals_are_told_and_published_later(
    share, settings, django_capture_on_commit_callbacks
):
    whole, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        say_flips(share, range(2))
    for read in (signals_publish, told_place, lambda: told_read(place=0)):
        with pytest.raises(TransientError, match="Redis said"):
            read()
    settings.REDIS_URL = whole
    assert len(told()) == 2 and streamed() == []
    signals_publish_due()
    assert streamed() == told()


def test_the_imitation_of_redis_will_do(share, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "traderai.site.up.imitation_redis", str(port)], cwd=ROOT)
    try:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        say_flips(share, range(5))
        give_up_s = time.monotonic() + 20
        while True:
            try:
                assert signals_publish() == 5
                break
            except TransientError:
                assert time.monotonic() < give_up_s
                time.sleep(0.1)
        assert signals_publish() == 0 and streamed() == told()
        assert told_read(place=told_place(), wait_s=0.05) == ()
    finally:
        server.kill()
        server.wait()


def printed(*options: str) -> list[str]:
    out = StringIO()
    call_command("emissions", *options, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_prints_the_newest_told_and_goes_on(share, monkeypatch):
    assert printed() == ["nothing was told yet"]
    say_flips(share, range(3))
    order = PAYLOAD["decision"] | {"stop_loss_rub": 95.0}
    say(
        [signal(share, (3, "SELL", 70), payload={**PAYLOAD, "decision": order}, source="replay", proven=True)]
    )
    assert [line.split()[0] for line in printed("--limit", "2")] == [
        str(pk) for pk in Emission.objects.order_by("pk").values_list("pk", flat=True)[2:]
    ]
    (last,) = printed("--source", "replay")
    assert "AAAA" in last and "SELL   70" in last and "replay, proven" in last
    assert last.endswith("enter 101.5 to 102, take profit 110, stop loss 95")
    with pytest.raises(CommandError, match="at least 1, was 0"):
        printed("--limit", "0")
    signals_publish()
    reads: list[int] = []

    def read(*, place: int, wait_s: float) -> object:
        reads.append(place)
        if len(reads) == 3:
            raise KeyboardInterrupt
        return told_read(place=place, wait_s=0.01)

    monkeypatch.setattr(emissions, "told_read", read)
    assert len(printed("--follow", "--limit", "1", "--source", "simulated")) == 1
    assert reads == [0, told_place(), told_place()]
