"""Storing decisions: each once, all of a scoring in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from typing import Any, TypeAlias

from django.db import connection, transaction

from signals.contracts import ScoredSignal, SignalConfig
from signals.inference import Finding, valid_until_of
from signals.models import Signal
from signals.payload import is_proven, payload_of
from signals.services.emit import signals_emit
from signals.share_inputs import Occasion

_AT_ONCE = 75  # rows of one statement, half a megabyte
_Key: TypeAlias = tuple[int, str, datetime]
_COLUMNS = (
    "instrument_id", "timeframe", "horizon", "bar_begin", "as_of", "valid_until", "action", "confidence", "strength",
    "proven", "source", "model_version", "trained_until", "payload", "created_at",
)  # fmt: skip
# All rows as one value: of a value a row the driver would look at each quotation mark of each payload.
_INSERT = f"""
INSERT INTO signals_signal ({", ".join(_COLUMNS)})
SELECT {", ".join(_COLUMNS)} FROM jsonb_populate_recordset(NULL::signals_signal, %s::jsonb)
ON CONFLICT ON CONSTRAINT signals_signal_once DO NOTHING
RETURNING id, instrument_id, horizon, bar_begin
"""  # noqa: S608  # constants of this module only


def signals_store(
    *, findings: Sequence[Finding], occasion: Occasion, source: str, config: SignalConfig, now: datetime
) -> tuple[ScoredSignal, ...]:
    """Insert the decisions of one occasion and return what stands in the table afterwards, share by share.

    Repeating, here or by another worker at once, stores nothing new: the same bar and model keep their first row.
    """
    # Share by share: what is drawn from a share's bars is drawn once for all its horizons.
    ordered = sorted(findings, key=lambda finding: finding.share.instrument.secid)
    made = (signal_row(finding, occasion, source, config=config, now=now) for finding in ordered)
    rows, new = _stored(made)
    stored = _known([row for row in rows if _key(row) not in new]) | {
        _key(row): row for row in rows if row.pk
    }
    return tuple(
        _line(finding, stored[_key(row)], new=_key(row) in new)
        for finding, row in zip(ordered, rows, strict=True)
    )


def rows_store(*, rows: Iterable[Signal]) -> frozenset[_Key]:
    """Insert the rows that are not there and tell of them what passes, both or neither; return the keys of the new."""
    return _stored(rows)[1]


def _stored(made: Iterable[Signal]) -> tuple[list[Signal], frozenset[_Key]]:
    """Do so while the rows are being made, and return them, too."""
    with transaction.atomic():
        rows = _inserted(made)
        new = [row for row in rows if row.pk is not None]
        signals_emit(signals=new)
    return rows, frozenset(_key(row) for row in new)


def _inserted(made: Iterable[Signal]) -> list[Signal]:
    """Return the rows, all of which stand in the table now; those that were not there have their ids.

    The database stores the rows that have been made while the next ones are, and answers when all have been sent.
    """
    sent: list[tuple[list[Signal], Any]] = []
    left = iter(made)
    connection.ensure_connection()
    with ExitStack() as cursors, connection.wrap_database_errors, connection.connection.pipeline():
        while rows := list(islice(left, _AT_ONCE)):
            content = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
            cursor = cursors.enter_context(connection.cursor())
            cursor.execute(_INSERT, [json.dumps(content, default=datetime.isoformat)])
            sent.append((rows, cursor))
        for rows, cursor in sent:
            ids = {(instrument, horizon, begin): pk for pk, instrument, horizon, begin in cursor.fetchall()}
            for row in rows:
                row.pk = ids.get(_key(row))
    return [row for rows, _ in sent for row in rows]


def _known(rows: Sequence[Signal]) -> dict[_Key, Signal]:
    """Return what stands in the table in the place of rows of one occasion, by key."""
    if not rows:
        return {}
    stored = Signal.objects.filter(
        instrument_id__in={row.instrument_id for row in rows},
        timeframe=rows[0].timeframe,
        horizon__in={row.horizon for row in rows},
        bar_begin__in={row.bar_begin for row in rows},
        source=rows[0].source,
        model_version=rows[0].model_version,
    )
    return {_key(row): row for row in stored}


def _key(row: Signal) -> _Key:
    return row.instrument_id, row.horizon, row.bar_begin


def signal_row(
    finding: Finding, occasion: Occasion, source: str, *, config: SignalConfig, now: datetime
) -> Signal:
    """Return a decision as the row that would be stored."""
    share, decision, version = finding.share, finding.decision, occasion.version
    return Signal(
        instrument_id=share.instrument.id,
        timeframe=occasion.timeframe.value,
        horizon=finding.horizon,
        bar_begin=share.decided_at - occasion.timeframe.duration,
        as_of=share.decided_at,
        valid_until=valid_until_of(
            decided_at=share.decided_at, timeframe=occasion.timeframe, bars=config.valid_bars
        ),
        action=decision.action,
        confidence=decision.confidence,
        strength=decision.strength or "",
        proven=is_proven(occasion),
        source=source,
        model_version=version.version if version else "",
        trained_until=version.trained_until if version else None,
        payload=payload_of(finding=finding, occasion=occasion),
        created_at=now,
    )


def _line(finding: Finding, row: Signal, *, new: bool) -> ScoredSignal:
    decision = row.payload["decision"]
    return ScoredSignal(
        secid=finding.share.instrument.secid,
        horizon=row.horizon,
        action=row.action,
        reasons=tuple(decision["reasons"]),
        side=decision["side"],
        p=decision["p"],
        p_break_even=decision["p_break_even"],
        confidence=row.confidence,
        proven=row.proven,
        source=row.source,
        as_of=row.as_of,
        new=new,
    )
