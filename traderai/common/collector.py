"""Python's cyclic garbage collector, out of the way of work that makes much and leaves nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Look for no garbage meanwhile: for seconds of work all of whose objects are needed to its end.

    The collector looks through everything a process holds each time that has grown by a quarter, libraries included. What
    is not part of a cycle is freed at once all the same. A collector that was off stays off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
