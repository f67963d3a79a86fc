"""Storing decisions: each once, all of a scoring in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from django.db import IntegrityError, transaction

from signals.contracts import ScoredSignal, SignalConfig
from signals.inference import Finding, valid_until_of
from signals.models import Signal
from signals.payload import is_proven, payload_of
from signals.share_inputs import Occasion

_Key: TypeAlias = tuple[int, str, datetime]


def signals_store(
    *, findings: Sequence[Finding], occasion: Occasion, source: str, config: SignalConfig, now: datetime
) -> tuple[ScoredSignal, ...]:
    """Insert the decisions of one occasion and return what stands in the table afterwards, share by share.

    Repeating, here or by another worker at once, stores nothing new: the same bar and model keep their first row.
    """
    # Share by share: what is drawn from a share's bars is drawn once for all its horizons.
    ordered = sorted(findings, key=lambda finding: finding.share.instrument.secid)
    rows = [_row(finding, occasion, source, config=config, now=now) for finding in ordered]
    with transaction.atomic():
        stored, known = _inserted(rows)
    return tuple(
        _line(finding, stored[_key(row)], new=_key(row) not in known)
        for finding, row in zip(ordered, rows, strict=True)
    )


def _inserted(rows: Sequence[Signal]) -> tuple[dict[_Key, Signal], frozenset[_Key]]:
    """Insert what is not there; return what is, by key, and the keys of what was there before."""
    known = _known(rows)
    while True:
        new = [row for row in rows if _key(row) not in known]
        try:
            with transaction.atomic():
                Signal.objects.bulk_create(new)
        except IntegrityError:
            # Another worker has stored some of them meanwhile; whatever else is wrong stays so.
            before, known = known, _known(rows)
            if known.keys() == before.keys():
                raise
            continue
        return {_key(row): row for row in new} | known, frozenset(known)


def _known(rows: Sequence[Signal]) -> dict[_Key, Signal]:
    found: dict[_Key, Signal] = {}
    # All are of one occasion and source; a share whose bars have ended may have another begin than the others.
    for begin, own in groupby(sorted(rows, key=lambda row: row.bar_begin), key=lambda row: row.bar_begin):
        asked = list(own)
        stored = Signal.objects.filter(
            instrument_id__in={row.instrument_id for row in asked},
            timeframe=asked[0].timeframe,
            bar_begin=begin,
            source=asked[0].source,
            model_version=asked[0].model_version,
        )
        wanted = {_key(row) for row in asked}
        found |= {_key(row): row for row in stored if _key(row) in wanted}
    return found


def _key(row: Signal) -> _Key:
    return row.instrument_id, row.horizon, row.bar_begin


def _row(finding: Finding, occasion: Occasion, source: str, *, config: SignalConfig, now: datetime) -> Signal:
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
