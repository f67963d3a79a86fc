"""What became of a page of records."""

from __future__ import annotations

from dataclasses import dataclass

from market.sources.records import RejectedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWriteReport:
    """What one write of records did; the five figures add up to the records handed in."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outside: int = 0  # of instruments or days that are none of ours; left out
    rejected: tuple[RejectedRow, ...] = ()  # refused, for quarantine
