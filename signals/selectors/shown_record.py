"""A track record as users are shown it: figures by group, calibration, the curve, and what none of it says."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np

from signals.contracts import KeptBase, RecordLine, RecordPart, TrackRecord
from signals.kernels.track_record import LEAST_TRADES, Bounded, RecordFigures, record_days
from signals.selectors.told_counts import ToldCounts, told_counts
from signals.selectors.track_record import bucket, record_bases_kept, record_stamp, track_record_get

POINTS: Final = 400
LEAST_DAYS: Final = 60  # what the gate asks of a proof, too
GROUPS: Final = ("signal", "horizon", "regime", "confidence", "strength", "month", "model_version")
_OWN_NAMES: Final = {"signal": "action"}
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """The sum of R after costs at the end of a day, with its band."""

    date: date
    r: float
    low: float | None
    high: float | None
    drawdown_r: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRow:
    """What was foretold of some trades, and how often it came."""

    bucket: str  # per cent of probability, such as "35-39"
    trades: int
    predicted: float  # mean
    realised: Bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something that the numbers do not say."""

    code: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRecord:
    """Everything that is drawn from a record; the signals themselves, thousands of them, are not in it."""

    source: str
    proven: bool
    said: dict[str, int]
    told: ToldCounts
    void_reasons: dict[str, int]
    figures: RecordFigures | None
    bases: tuple[KeptBase, ...]  # what all rows of each side made without any choice
    curve: tuple[CurvePoint, ...]
    calibration: tuple[CalibrationRow, ...]
    groups: dict[str, dict[str, RecordFigures]]
    caveats: tuple[Caveat, ...]


_Key = tuple[str, bool, RecordPart, tuple[int, ...]]
_KEPT: Final = 64
_kept: OrderedDict[_Key, ShownRecord] = OrderedDict()
_lock = threading.Lock()


def shown_record(*, source: str, proven: bool, part: RecordPart, as_of: datetime) -> ShownRecord:
    """Return a track record as users are shown it; `part` leaves out what does not fit.

    To reckon one of a year's signals takes a third of a second, so the newest ones asked for are kept by this process until
    something is said, told, resolved or reviewed.
    Raises: InputError for an unknown source.
    """
    key = (source, proven, part, record_stamp(as_of=as_of))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = _shown(source, proven=proven, part=part, as_of=as_of)
    with _lock:
        _kept[key] = made
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made


def _shown(source: str, *, proven: bool, part: RecordPart, as_of: datetime) -> ShownRecord:
    record = track_record_get(source=source, proven=proven, part=part, as_of=as_of, ended_only=True)
    told, void_reasons = told_counts(source=source, proven=proven, part=part, as_of=as_of)
    bases = record_bases_kept(source=source, proven=proven, part=part)
    ended = list(record.lines)
    return ShownRecord(
        source=source,
        proven=proven,
        said=record.said,
        told=told,
        void_reasons=void_reasons,
        figures=record.figures,
        bases=bases,
        curve=_curve(ended),
        calibration=_calibration(record, ended),
        groups={name: record.groups[_OWN_NAMES.get(name, name)] for name in GROUPS},
        caveats=tuple(_caveats(record, told, part, bases)),
    )


def _curve(ended: list[RecordLine]) -> tuple[CurvePoint, ...]:
    days = record_days(
        np.array([line.exit_at.timestamp() for line in ended if line.exit_at], dtype=np.int64),
        np.array([line.r_multiple for line in ended], dtype=np.float64),
        most=POINTS,
    )
    return tuple(
        CurvePoint(
            date=_EPOCH + timedelta(days=int(day)),
            r=float(r),
            low=None if np.isnan(low) else float(low),
            high=None if np.isnan(high) else float(high),
            drawdown_r=float(fall),
        )
        for day, r, low, high, fall in zip(*days, strict=True)
    )


def _calibration(record: TrackRecord, ended: list[RecordLine]) -> tuple[CalibrationRow, ...]:
    foretold: defaultdict[str, list[float]] = defaultdict(list)
    for line in ended:
        if line.p is not None:
            foretold[bucket(int(100 * line.p))].append(line.p)
    by_bucket = record.groups["probability"]
    return tuple(
        CalibrationRow(
            bucket=name,
            trades=len(own),
            predicted=float(np.mean(own)),
            realised=by_bucket[name].hit_rate,
        )
        for name, own in sorted(foretold.items(), key=lambda one: one[1][0])
    )


def _caveats(
    record: TrackRecord, told: ToldCounts, part: RecordPart, bases: tuple[KeptBase, ...]
) -> list[Caveat]:
    """Return what the numbers do not say, the weightiest first."""
    found: list[tuple[bool, str, dict[str, Any]]] = [
        (record.source == "simulated", "simulated", {}),
        (record.source == "replay", "replayed", {}),
        (not record.proven, "paper", {}),
    ]
    figures = record.figures
    if figures is None:
        found.append((True, "nothing_ended", {}))
    else:
        low = figures.mean_r.low
        found += [
            (figures.trades < LEAST_TRADES, "too_few", {"trades": figures.trades, "least": LEAST_TRADES}),
            (figures.days < LEAST_DAYS, "few_days", {"days": figures.days, "least": LEAST_DAYS}),
            (low is not None and low <= 0.0, "no_profit_shown", {}),
            (not bases, "no_base", {}),
            (True, "one_r_each", {}),
            (True, "modelled_costs", {}),
        ]
    found += [
        (told.seen_by_gate > 0, "seen_by_gate", {"number": told.seen_by_gate}),
        (told.open > 0, "open", {"number": told.open}),
        (told.void > 0, "void", {"number": told.void}),
        (told.withdrawn > 0, "withdrawn", {"number": told.withdrawn}),
        (part != RecordPart(), "part", {}),
    ]
    return [Caveat(code=code, params=params) for holds, code, params in found if holds]
