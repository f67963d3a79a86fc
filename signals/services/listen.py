"""Hearing what is told as it is told: from the outbox, which knows all of it, woken by the Redis stream."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from django.db import connection

from signals.contracts import ToldSignal
from signals.selectors.outbox import place_newest, told_after
from signals.selectors.stream import told_place, told_read
from traderai.common import clock
from traderai.common.errors import TransientError

HEARTBEAT_S: Final = 15.0
POLL_S: Final = 2.0  # between looks into the outbox while Redis is away
_AT_ONCE: Final = 100


def place_after(last: int | None) -> int:
    """Return the place from which a listener reads on: the last that it got, the newest for one who got none.

    A place that no row has reached yet is another database's: nothing would ever come after it, so it counts as none.
    """
    newest = place_newest()
    return newest if last is None else min(last, newest)


def told_listen(
    *, place: int, seconds: float, heartbeat_s: float = HEARTBEAT_S
) -> Iterator[ToldSignal | None]:
    """Yield what is told after a place, in the order of telling, for so many seconds; None says that nothing came.

    Everything comes from the outbox, so what the stream has lost is not lost: Redis only says that there is something
    to read. Without Redis the outbox is looked into every other second; with it at least once a heartbeat. No database
    connection is held while waiting. Whoever reads on from the last place that it got misses nothing.
    """
    end_s = clock.monotonic_s() + seconds
    while True:
        # First where the stream stands, then what the outbox holds: what is told in between wakes at once.
        woken_at = _stream_place()
        told = told_after(place=place, limit=_AT_ONCE)
        _let_go()
        for one in told:
            yield one
            place = one.id
        left_s = end_s - clock.monotonic_s()
        if left_s <= 0.0:
            return
        if not told and not _wait(woken_at, min(left_s, heartbeat_s)):
            yield None


def _stream_place() -> int | None:
    try:
        return told_place()
    except TransientError:
        return None


def _wait(woken_at: int | None, seconds: float) -> bool:
    """Wait for a message after a place of the stream; return whether there may be something to read."""
    if woken_at is not None:
        try:
            return bool(told_read(place=woken_at, limit=1, wait_s=seconds))
        except TransientError:
            pass
    time.sleep(min(seconds, POLL_S))
    return False


def _let_go() -> None:
    """Give the database connection back, unless the caller's transaction needs it."""
    if not connection.in_atomic_block:
        connection.close()
