"""What a weekly report holds, before it is stored as JSON and worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from behavior.contracts.findings import Fact, Settled, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week of the user's own calendar, from Monday to Monday."""

    name: str  # ISO, such as 2024-W10
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SideOfWeek:
    """Decisions of one origin: signals followed, or own ideas."""

    decisions: int
    winners: int
    pnl_rub: float  # after commissions, what is open at the week's last price


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """All of one kind."""

    kind: str
    count: int
    severity: Severity  # of the worst
    counted_rub: float  # its part of the total
    claimed_rub: float  # what it would cost alone; other kinds may claim some of it, too
    findings: tuple[Settled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    """One decision, for the best and the worst."""

    secid: str
    side: str
    at: datetime
    pnl_rub: float
    trade_ids: tuple[int, ...]
    followed: bool
    kinds: tuple[str, ...]  # of the mistakes in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One recommendation: a code with its figures."""

    code: str
    params: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedOfWeek:
    """What was closed within the week, whenever it had been opened."""

    exits: int
    winners: int
    pnl_rub: float  # after the commissions of both ends


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFigures:
    """A week of one account, in figures."""

    decisions: int
    followed: SideOfWeek
    own: SideOfWeek
    closed: ClosedOfWeek
    mistakes: tuple[Mistakes, ...]  # the dearest first
    total_cost_rub: float
    score: int | None  # None: nothing was decided
    best: DecisionFacts | None
    worst: DecisionFacts | None
    advice: tuple[Advice, ...]
