"""What a detector finds, and what all of it costs together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Severity = Literal["good", "low", "medium", "high"]
Fact = float | int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Rubles that a finding says one entry lost; an entry's money has no other owner, so no ruble has two names."""

    trade_id: int  # the trade that opened
    cost_rub: float  # at least 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing done well or badly, with its evidence; what it means in words is chosen when it is read."""

    kind: str
    severity: Severity
    at: datetime
    trade_ids: tuple[int, ...]
    signal_ids: tuple[int, ...] = ()
    claims: tuple[Claim, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def cost_rub(self) -> float:
        """All that it claims; other findings may claim some of it, too."""
        return sum(claim.cost_rub for claim in self.claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A finding with the part of its cost that counts in the total."""

    finding: Finding
    counted_rub: float
