"""What became of calibrating a version in service again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modeling.contracts.levels import HorizonLevels
from modeling.contracts.registry import HeadTrust


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFacts:
    """The word of one week on a version's calibration."""

    version: str
    week: str  # "2026-W47"
    as_of: datetime  # no outcome known later had a say; a kept one serves from then on
    kept: bool  # whether another one serves from then on
    note: str  # why
    trust: dict[str, HeadTrust]  # by horizon; none where the standing one stays
    # What its own words had taught by then; none where there is nothing to teach.
    levels: dict[str, HorizonLevels]
    figures: Mapping[str, Any]
    at: datetime
