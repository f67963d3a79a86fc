"""What all findings cost together, with no ruble counted twice."""

from __future__ import annotations

from collections.abc import Sequence

from behavior.contracts.findings import Finding, Settled


def findings_settled(findings: Sequence[Finding]) -> tuple[Settled, ...]:
    """Return each finding with the part of its cost that counts.

    All claims name the entry that the money was lost by. Of several claims to one entry the largest counts, and of equal
    ones the first; the others count as 0. So the counted parts sum to the total: `sum over entries of the largest claim`.

    Units:  rubles.
    """
    largest: dict[int, tuple[float, int]] = {}
    for place, finding in enumerate(findings):
        for key, cost in _by_trade(finding).items():
            if key not in largest or cost > largest[key][0]:
                largest[key] = (cost, place)
    counted = [0.0] * len(findings)
    for cost, place in largest.values():
        counted[place] += cost
    return tuple(
        Settled(finding=finding, counted_rub=own) for finding, own in zip(findings, counted, strict=True)
    )


def _by_trade(finding: Finding) -> dict[int, float]:
    costs: dict[int, float] = {}
    for claim in finding.claims:
        costs[claim.trade_id] = costs.get(claim.trade_id, 0.0) + claim.cost_rub
    return costs
