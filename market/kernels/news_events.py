"""The types of events that news are told apart by; light: a tuple of codes and nothing else."""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = (
    "sanctions", "report", "dividends", "m_and_a", "buyback", "placement", "regulation", "management", "macro",
    "accident", "index_change", "trading_halt", "other",
)  # fmt: skip
