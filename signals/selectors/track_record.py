"""What was told and what came of it, of one source and either proven or paper; nothing heavy, the web may read it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import BooleanField, Count, ExpressionWrapper, JSONField, Q, QuerySet
from django.db.models.expressions import RawSQL

from modeling.selectors.versions import gates_knew
from signals.contracts import SOURCES, KeptBase, RecordLine, RecordPart, TrackRecord
from signals.kernels.track_record import ResolvedTrades, record_curve, record_figures
from signals.models import Emission, RecordBase, Signal
from signals.selectors.reviews import withdrawn
from traderai.common.clock import MOSCOW, to_epoch_s
from traderai.common.errors import InputError, did_you_mean

OPEN = "open"
NO_REGIME = "unknown"
BUCKET = 5  # points of confidence
_SIGNAL = {
    "secid": "signal__instrument__secid",
    "signal_id": "signal_id",
    "source": "signal__source",
    "proven": "signal__proven",
    "timeframe": "signal__timeframe",
    "horizon": "signal__horizon",
    "as_of": "signal__as_of",
    "action": "signal__action",
    "confidence": "signal__confidence",
    "strength": "signal__strength",
    "model_version": "signal__model_version",
}
# Out of one unpacking of the payload: each path of its own would unpack all of it once more.
_SAID = """
SELECT jsonb_build_array(said.decision -> 'p', said.decision -> 'p_break_even', said.regime ->> 'name',
                         said.label_set ->> 'name')
FROM jsonb_to_record(signals_signal.payload) AS said(decision jsonb, regime jsonb, label_set jsonb)
"""
_SAID_NAMES = ("p", "p_break_even", "regime", "label_set")
# Down from the newest: the first row that was there by then.
_STAMP = """
SELECT coalesce((SELECT id FROM signals_signal WHERE created_at <= %(as_of)s ORDER BY id DESC LIMIT 1), 0),
       coalesce((SELECT id FROM signals_emission WHERE emitted_at <= %(as_of)s ORDER BY id DESC LIMIT 1), 0),
       coalesce((SELECT id FROM signals_outcome WHERE resolved_at <= %(as_of)s ORDER BY id DESC LIMIT 1), 0),
       coalesce((SELECT id FROM signals_review WHERE at <= %(as_of)s ORDER BY id DESC LIMIT 1), 0),
       coalesce((SELECT id FROM signals_recordbase WHERE as_of <= %(as_of)s ORDER BY id DESC LIMIT 1), 0)
"""
_OUTCOME = {
    name: f"signal__outcome__{name}"
    for name in ("state", "void_reason", "exit_reason", "exit_at", "r_multiple", "net_frac")
}


def track_record_get(
    *, source: str, proven: bool, as_of: datetime, part: RecordPart = RecordPart(), ended_only: bool = False
) -> TrackRecord:
    """Return what had been told by `as_of` of one source, by proven models or by others, and what had come of it.

    `part` leaves out what does not fit. Outcomes written later are open here. Sources are never mixed, nor proven with
    paper: there is no way to ask for two of them. With `ended_only` the lines are those of the trades that have ended
    alone, which all figures are of: a tenth of a year's, and so of the time.

    Raises: InputError for an unknown source.
    """
    if source not in SOURCES:
        raise InputError(
            f"source must be one of {', '.join(SOURCES)}, was {source!r}{did_you_mean(source, SOURCES)}",
            field="source",
        )
    lines = _lines(source, proven=proven, part=part, as_of=as_of, ended_only=ended_only)
    ended = [line for line in lines if line.state == "traded"]
    trades = _trades(ended)
    figures, groups = record_figures(trades, _groups(ended))
    return TrackRecord(
        source=source,
        proven=proven,
        as_of=as_of,
        said=_counts(source, proven=proven, part=part, as_of=as_of),
        lines=tuple(lines),
        figures=figures,
        groups=groups,
        curve=record_curve(trades.exit_s, trades.r_multiple),
        seen_by_gate=None if ended_only else _seen_by_gate(lines),
    )


def record_stamp(*, as_of: datetime) -> tuple[int, ...]:
    """Return what changes whenever any track record does: the newest row of each table that they are made of."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, {"as_of": as_of})
        return tuple(cursor.fetchone())


def record_bases_kept(*, source: str, proven: bool, part: RecordPart) -> tuple[KeptBase, ...]:
    """Return the base rates kept of a record, of a part of it those of its calls; each is of all its own days."""
    exact = {"timeframe": part.timeframe, "horizon": part.horizon, "action": part.signal}
    rows = RecordBase.objects.filter(
        source=source, proven=proven, **{name: value for name, value in exact.items() if value is not None}
    )
    names = [own.name for own in fields(KeptBase)]
    return tuple(KeptBase(**row) for row in rows.order_by("timeframe", "horizon", "action").values(*names))


def _groups(ended: list[RecordLine]) -> dict[str, list[str]]:
    return {
        "action": [line.action for line in ended],
        "call": [line.call for line in ended],
        "month": [line.as_of.astimezone(MOSCOW).strftime("%Y-%m") for line in ended],
        "regime": [line.regime for line in ended],
        "confidence": [bucket(line.confidence) for line in ended],
        "horizon": [line.horizon for line in ended],
        "strength": [line.strength or "none" for line in ended],
        "model_version": [line.model_version for line in ended],
        "probability": ["unknown" if line.p is None else bucket(int(100 * line.p)) for line in ended],
    }


def _seen_by_gate(lines: list[RecordLine]) -> int:
    knew = gates_knew(versions={line.model_version for line in lines})
    # What was live cannot have been seen: the gate came before.
    return sum(
        line.source != "live" and line.model_version in knew and knew[line.model_version] > line.as_of
        for line in lines
    )


def _counts(source: str, *, proven: bool, part: RecordPart, as_of: datetime) -> dict[str, int]:
    rows = Signal.objects.filter(source=source, proven=proven, created_at__lte=as_of)
    # A regime stands in the payload of each row: to look into all of them would take longer than all the rest.
    rows = rows.filter(_fits(replace(part, signal=None, regime=None, strength=None), ""))
    return dict(rows.order_by("action").values_list("action").annotate(number=Count("id")))


def _fits(part: RecordPart, signal: str) -> Q:
    exact = {
        "as_of__gte": part.since,
        "as_of__lte": part.until,
        "timeframe": part.timeframe,
        "horizon": part.horizon,
        "action": part.signal,
        "strength": part.strength,
        "model_version": part.model_version,
    }
    return Q(**{f"{signal}{name}": value for name, value in exact.items() if value is not None})


def bucket(confidence: int) -> str:
    """Return the five points of confidence that a signal lies in, such as "65-69"."""
    least = confidence // BUCKET * BUCKET
    return f"{least}-{least + BUCKET - 1}"


def told_rows(*, source: str, proven: bool, part: RecordPart, as_of: datetime) -> QuerySet[Emission]:
    """Return what had been told by `as_of`, of a part all but its regime, which stands in the payload alone."""
    asked = Q(signal__source=source, signal__proven=proven, emitted_at__lte=as_of)
    return Emission.objects.filter(asked & _fits(part, "signal__"))


def _lines(
    source: str, *, proven: bool, part: RecordPart, as_of: datetime, ended_only: bool
) -> list[RecordLine]:
    rows = told_rows(source=source, proven=proven, part=part, as_of=as_of)
    if ended_only:
        rows = rows.filter(signal__outcome__state="traded", signal__outcome__resolved_at__lte=as_of)
    rows = rows.annotate(
        withdrawn=ExpressionWrapper(Q(signal_id__in=withdrawn(as_of=as_of)), output_field=BooleanField())
    )
    names = {**_SIGNAL, **_OUTCOME, "withdrawn": "withdrawn", "known": "signal__outcome__resolved_at"}
    said = RawSQL(_SAID, (), output_field=JSONField())  # noqa: S611  # a constant of this module
    found = []
    in_order = rows.order_by("signal__as_of", "signal_id")
    for content, *values in in_order.values_list(said, *names.values()).iterator():
        row = dict(zip(names, values, strict=True)) | dict(zip(_SAID_NAMES, content, strict=True))
        known = row.pop("known")
        if known is None or known > as_of:
            row |= _NOT_ENDED
        row["regime"] = row["regime"] or NO_REGIME
        if part.regime not in (None, row["regime"]):
            continue
        found.append(RecordLine(**row))
    return found


_NOT_ENDED: dict[str, Any] = {
    "state": OPEN, "void_reason": "", "exit_reason": "", "exit_at": None, "r_multiple": None, "net_frac": None,
}  # fmt: skip


def _trades(ended: list[RecordLine]) -> ResolvedTrades:
    def column(name: str) -> Any:
        return np.array([getattr(line, name) for line in ended], dtype=np.float64)

    return ResolvedTrades(
        kind=[(line.source, line.proven) for line in ended],
        decided_s=np.array([to_epoch_s(line.as_of) for line in ended], dtype=np.int64),
        exit_s=np.array([to_epoch_s(line.exit_at) for line in ended if line.exit_at], dtype=np.int64),
        hit=np.array([line.exit_reason == "take_profit" for line in ended], dtype=np.bool_),
        break_even=column("p_break_even"),
        net_frac=column("net_frac"),
        r_multiple=column("r_multiple"),
    )
