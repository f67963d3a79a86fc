"""Signals that were never decided, to be told; and what the pure kernel would have told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from market.models import Instrument
from modeling.contracts.emission import EmissionRules
from modeling.kernels.emission import emitted_rows
from signals.models import Emission, Signal
from signals.services.emit import CALLS
from signals.services.store import rows_store
from tests.signals.hours import BARS, START, hours
from traderai.common.clock import from_epoch_s, to_epoch_s

BEGINS = hours(BARS)
Said = tuple[int, str, int | None]  # the bar's number, action and confidence


def signal(instrument: Instrument, said: Said, **changes: Any) -> Signal:
    """Return a signal of the nth hourly bar, not stored."""
    bar, action, confidence = said
    begin = from_epoch_s(int(BEGINS[bar]))
    end = begin + timedelta(hours=1)
    model = {"model_version": "m1", "trained_until": START}
    values = {
        "timeframe": "1h", "horizon": "5d", "bar_begin": begin, "as_of": end, "valid_until": end + timedelta(hours=2),
        "action": action, "confidence": confidence, "source": "live", "payload": {}, **model,
    }  # fmt: skip
    return Signal(instrument=instrument, **(values | changes))


def say(rows: Iterable[Signal]) -> list[Signal]:
    """Store signals and tell of them what passes."""
    said = list(rows)
    rows_store(rows=said)
    return said


def told() -> list[int]:
    """Return the ids of the signals that were told, in the order of telling."""
    return list(Emission.objects.order_by("pk").values_list("signal_id", flat=True))


def recomputed(rows: Sequence[Signal], rules: EmissionRules | None = None) -> set[int]:
    """Return the ids of the signals that the kernel tells of; each chain was said in the order of its bars."""
    place = {int(begin): number for number, begin in enumerate(BEGINS)}
    chains: dict[tuple[Any, ...], list[Signal]] = {}
    for row in sorted(rows, key=lambda row: row.bar_begin):
        if row.action in CALLS:
            chains.setdefault((row.instrument_id, row.timeframe, row.horizon, row.source), []).append(row)
    found: set[int] = set()
    for own in chains.values():
        passed = emitted_rows(
            np.array([CALLS[row.action] for row in own], dtype=np.int8),
            np.array([(row.confidence or 0) / 100 for row in own]),
            np.zeros(len(own), dtype=np.int64),
            np.array([place[to_epoch_s(row.bar_begin)] for row in own]),
            rules=rules or EmissionRules(),
        )
        found |= {row.pk for row, one in zip(own, passed, strict=True) if one}
    return found
