"""Verdicts on news and alerts as arrays, by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

import numpy as np

from traderai.common.arrays import F64, I8, I64

OPEN_END_S: Final = int(np.iinfo(np.int64).max)  # the end of an alert that has none
SEVERITIES: Final = ("info", "warning", "critical")

Target: TypeAlias = int | str | None  # an instrument's id, a sector's code, None for the market
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerdictArrays:
    """Verdicts in the order of `known_s`, and of their contents where that is equal. All arrays have shape (n,).

    Units: known_s whole seconds, rounded up: what is known within a second counts from the next one on; score above 0
    to 100; direction -1, 0, 1; event_code a place in `market.kernels.news_events.EVENT_TYPES`.
    """

    known_s: I64
    score: F64
    direction: I8
    event_code: I8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlertArrays:
    """Alerts in the order of `known_s`. All arrays have shape (n,).

    Units: seconds, `starts_s` and `known_s` rounded up; ends_s is OPEN_END_S where there is no end; severity 1 to 3, a
    place in SEVERITIES plus 1.
    """

    known_s: I64
    starts_s: I64
    ends_s: I64
    severity: I8


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTarget(Generic[T]):
    """What is told of single instruments (by id), of sectors (by code) and of the whole market."""

    instruments: Mapping[int, T]
    sectors: Mapping[str, T]
    market: T | None


def by_target(
    rows: Iterable[tuple[Target, tuple[Any, ...]]], arrays: Callable[[list[tuple[Any, ...]]], T]
) -> ByTarget[T]:
    """Return rows as the arrays of their targets, in the order of what the rows say."""
    grouped: dict[Target, list[tuple[Any, ...]]] = {}
    for target, row in rows:
        grouped.setdefault(target, []).append(row)
    made = {target: arrays(sorted(members)) for target, members in grouped.items()}
    return ByTarget(
        instruments={target: one for target, one in made.items() if isinstance(target, int)},
        sectors={target: one for target, one in made.items() if isinstance(target, str)},
        market=made.get(None),
    )


def verdict_arrays(rows: list[tuple[Any, ...]]) -> VerdictArrays:
    """Return rows of (known_s, score, direction, event_code) as arrays."""
    known_s, score, direction, event_code = zip(*rows, strict=True)
    return VerdictArrays(
        known_s=np.array(known_s, dtype=np.int64),
        score=np.array(score, dtype=np.float64),
        direction=np.array(direction, dtype=np.int8),
        event_code=np.array(event_code, dtype=np.int8),
    )


def alert_arrays(rows: list[tuple[Any, ...]]) -> AlertArrays:
    """Return rows of (known_s, starts_s, ends_s, severity) as arrays."""
    known_s, starts_s, ends_s, severity = zip(*rows, strict=True)
    return AlertArrays(
        known_s=np.array(known_s, dtype=np.int64),
        starts_s=np.array(starts_s, dtype=np.int64),
        ends_s=np.array(ends_s, dtype=np.int64),
        severity=np.array(severity, dtype=np.int8),
    )
