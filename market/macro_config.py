"""Meetings of the Bank of Russia that we know of (central_bank.yaml)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from traderai.common.clock import MOSCOW, midnight
from traderai.common.config import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingConfig:
    """One meeting on the key rate."""

    day: str
    known_on: str
    rate_pct: float | None = None

    def __post_init__(self) -> None:
        if date.fromisoformat(self.known_on) > date.fromisoformat(self.day):
            raise ValueError(f"{self.day}: known_on must not be later, was {self.known_on}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralBankConfig:
    """The meetings (central_bank.yaml)."""

    decisions_at: str
    meetings: tuple[MeetingConfig, ...]

    def __post_init__(self) -> None:
        time.fromisoformat(self.decisions_at)
        days = [meeting.day for meeting in self.meetings]
        if days != sorted(set(days)):
            raise ValueError("meetings must rise by day, each day once")

    def decided_at(self, day: date) -> datetime:
        """Return when a day's decision is published."""
        return datetime.combine(day, time.fromisoformat(self.decisions_at), tzinfo=MOSCOW)

    def known_at(self, meeting: MeetingConfig) -> datetime:
        """Return from when on the date of a meeting was known: the end of that day, at the latest the meeting."""
        known = midnight(date.fromisoformat(meeting.known_on) + timedelta(days=1))
        return min(known, self.decided_at(date.fromisoformat(meeting.day)))

    def meeting_before(self, day: date, *, days: int) -> MeetingConfig | None:
        """Return the last meeting on a day or up to `days` before it."""
        held = [one for one in self.meetings if 0 <= (day - date.fromisoformat(one.day)).days <= days]
        return held[-1] if held else None


@functools.cache
def central_bank_config() -> CentralBankConfig:
    """Return central_bank.yaml."""
    return load_config("central_bank.yaml", CentralBankConfig)
