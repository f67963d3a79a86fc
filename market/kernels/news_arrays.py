"""Verdicts on news and alerts as arrays, by what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

from traderai.common.arrays import F64, I8, I64

OPEN_END_S: Final = int(np.iinfo(np.int64).max)  # the end of an alert that has none
SEVERITIES: Final = ("info", "warning", "critical")

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
