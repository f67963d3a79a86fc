"""What had been said of shares at many moments, for whoever looks back at what was done then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from signals.contracts import SignalInForce
from signals.selectors.reviews import withdrawn

_IN_FORCE = """
SELECT asked.place, said.id, said.action, said.strength
FROM unnest(%(ids)s::int8[], %(moments)s::timestamptz[]) WITH ORDINALITY AS asked(id, at, place)
CROSS JOIN LATERAL (
    SELECT id, action, strength, valid_until FROM signals_signal
    WHERE instrument_id = asked.id AND timeframe = %(timeframe)s AND horizon = %(horizon)s
      AND as_of <= asked.at AND created_at <= asked.at AND id <> ALL(%(withdrawn)s::int8[])
    ORDER BY as_of DESC, source = 'replay', created_at DESC, id DESC LIMIT 1
) AS said
WHERE said.valid_until >= asked.at
"""


def signals_in_force(
    *, asked: Sequence[tuple[int, datetime]], timeframe: str, horizon: str
) -> tuple[SignalInForce | None, ...]:
    """Return the call that held of each (instrument id, moment) asked for, None where none did; one query.

    What was made after the moment, a replay above all, nobody could have known then and is left out. What staff have
    withdrawn since is hidden.
    """
    found: list[SignalInForce | None] = [None] * len(asked)
    if not asked:
        return ()
    values: dict[str, Any] = {
        "ids": [instrument_id for instrument_id, _ in asked],
        "moments": [moment for _, moment in asked],
        "timeframe": timeframe,
        "horizon": horizon,
        "withdrawn": list(withdrawn()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, values)
        for place, signal_id, action, strength in cursor.fetchall():
            found[place - 1] = SignalInForce(signal_id=signal_id, action=action, strength=strength or None)
    return tuple(found)
