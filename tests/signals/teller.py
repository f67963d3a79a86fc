"""Says and tells signals bar after bar, in a process of its own that a test may kill.

`python -m tests.signals.teller` answers each line on its input, the number of a bar and a sabotage, by forking a
child that goes on from the newest bar that anyone has spoken of up to that one: the child prints its process id once
it is at work, and its wait status is printed when it is gone. What is said is made up, the same in every process, and
stored by the function that scoring stores with.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import django
import numpy as np

HORIZONS = ("3d", "5d")
ACTIONS = ("BUY", "SELL", "HOLD", "NO_TRADE")
SPOILT: list[Callable[[], None]] = []
PAUSE_S = 0.008  # so long it may take from telling to the commit, beside a busy database


def main() -> None:
    """Serve until the input ends."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "traderai.site.settings.test"
    django.setup()
    # All that a child needs is loaded before the fork.
    from signals.services import emit, store  # noqa: F401
    from tests.signals import told  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            last, *sabotage = line.split()
            for name in sabotage:
                {"unguarded": unguarded, "apart": apart}[name]()
            tell(last=int(last))
            os._exit(0)
        print(os.waitpid(pid, 0)[1], flush=True)


def tell(*, last: int) -> None:
    """Say each bar of each share, from the newest that was spoken of to the last."""
    from django.db.models import Max

    from market.models import Instrument
    from signals.models import Signal
    from tests.signals.told import BEGINS
    from traderai.common.clock import to_epoch_s

    rng, at_work = np.random.default_rng(os.getpid()), False
    shares = list(Instrument.objects.order_by("secid"))
    newest = Signal.objects.aggregate(newest=Max("bar_begin"))["newest"]
    first = 0 if newest is None else list(BEGINS).index(to_epoch_s(newest))
    for bar in range(first, last + 1):
        # In another order each time, so that two tellers meet at different shares.
        for share in (shares[place] for place in rng.permutation(len(shares))):
            rows = [made_up(share, bar, horizon) for horizon in range(len(HORIZONS))]
            say(rows, pause_s=rng.uniform(0.0, PAUSE_S))
            if not at_work:
                at_work = True
                print(os.getpid(), flush=True)


def made_up(share: Any, bar: int, horizon: int) -> Any:
    """Return what is said of a share on a bar: runs of the same call, now and then a surer one or a flip."""
    from tests.signals.told import signal

    rng = np.random.default_rng([share.pk, bar // 4, horizon])
    action = ACTIONS[rng.integers(0, 4)]
    sure = int(np.random.default_rng([share.pk, bar, horizon]).integers(60, 100))
    said = (bar, action, None if action == "NO_TRADE" else sure)
    return signal(share, said, horizon=HORIZONS[horizon], payload={"market": {}, "decision": {}})


def say(rows: Sequence[Any], *, pause_s: float) -> None:
    """Store one share's signals and tell of them what passes, by the function that scoring does it with."""
    from django.db import transaction

    from signals.services import store

    with transaction.atomic():
        store.rows_store(rows=rows)
        time.sleep(pause_s)
    for later in SPOILT:
        later()


def unguarded() -> None:
    """Spoil publishing: no message has an id of its own, and nobody looks whether another is publishing."""
    from django.conf import settings

    from signals.selectors.outbox import told_newest
    from signals.selectors.stream import message_of, newest_message, stream_client
    from signals.services import emit

    def publish() -> None:
        with stream_client() as client:
            last = newest_message(client)
            for one in told_newest(place=last.id if last else 0, limit=1000):
                client.xadd(settings.SIGNALS_STREAM, message_of(one))

    emit.signals_publish = publish


def apart() -> None:
    """Spoil storing: what was said is committed before it is told."""
    from django.db import transaction

    from signals.services import store

    emit, waiting = store.signals_emit, []
    store.signals_emit = lambda *, signals: waiting.append(signals)

    def tell_waiting() -> None:
        with transaction.atomic():
            emit(signals=waiting.pop())

    SPOILT.append(tell_waiting)


if __name__ == "__main__":
    main()
