"""How bad a finding is, and how its claims are made."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from behavior.contracts.findings import Claim, Severity
from behavior.contracts.journal import Journal
from behavior.contracts.thresholds import ScoreThresholds
from behavior.kernels.walk import Step

_ORDER: tuple[Severity, ...] = ("good", "low", "medium", "high")


def claims_of(steps: Iterable[Step]) -> tuple[Claim, ...]:
    """Return what entries lost, commissions included; an entry that won claims nothing, a lucky mistake is none the less one.

    Units:  rubles, at least 0: `max(0, -P&L)` of what each trade opened, the open part at the last price.
    """
    return tuple(
        Claim(trade_id=step.trade.id, cost_rub=-step.pnl_rub) for step in steps if step.pnl_rub < 0.0
    )


def risk_unit_rub(journal: Journal) -> float:
    """Return the loss that one planned trade may bring: the policy's fraction of the capital.

    Without a known capital it is the median loss of the journal's own round trips, 0 where there was none.

    Units:  rubles.
    """
    if journal.capital_rub is not None:
        return journal.capital_rub * journal.limits.risk_frac
    losses = [-trip.pnl_rub for trip in journal.round_trips if trip.pnl_rub < 0]
    return statistics.median(losses) if losses else 0.0


def severity_of(
    claims: Iterable[Claim], journal: Journal, score: ScoreThresholds, *, floor: Severity = "low"
) -> Severity:
    """Return how bad it was by its cost in units of a planned loss, at least `floor`."""
    unit, cost = risk_unit_rub(journal), sum(claim.cost_rub for claim in claims)
    by_cost: Severity = "low"
    if unit > 0 and cost >= score.medium_from_risk * unit:
        by_cost = "high" if cost >= score.high_from_risk * unit else "medium"
    return max(floor, by_cost, key=_ORDER.index)
