"""Whether one share is worth leaving for another."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio.risk_contracts import SwapRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A share that a proven signal would buy now."""

    secid: str
    confidence: int
    expected_net_frac: float  # of the trade, after the costs of entering and leaving it
    room_rub: float  # the most that may be in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavable:
    """A long of which no proven signal says to keep it."""

    secid: str
    value_rub: float
    exit_cost_frac: float  # of its value, once


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Leave one share for another, by so much."""

    leave: str
    enter: str
    value_rub: float
    gain_rub: float  # expected, after all costs
    cost_rub: float  # of leaving; the costs of the other share are in the gain


def swaps_worth(
    leavable: tuple[Leavable, ...], candidates: tuple[Candidate, ...], *, rules: SwapRules
) -> tuple[Swap, ...]:
    """Return the swaps whose expected gain exceeds their costs with confidence; mostly none.

    What is held without a proven word is taken to earn nothing: that is what is known of it. A gain counts if its signal
    is proven and that sure, and if it is a multiple of the cost of leaving; a gain that only pays its costs is noise.
    Each share is swapped once, the most promising candidates and the cheapest exits first. Only what is handed in as
    proven is looked at: a paper signal is no reason to pay a broker.

    Units: rubles; fractions of the value
    """
    good = [one for one in candidates if one.confidence >= rules.min_confidence]
    good.sort(key=lambda one: (-one.expected_net_frac, one.secid))
    free = sorted(leavable, key=lambda one: (one.exit_cost_frac, one.secid))
    found = []
    for candidate in good:
        place = next((at for at, one in enumerate(free) if one.secid != candidate.secid), None)
        if place is None:
            break
        leave = free[place]
        value = min(leave.value_rub, candidate.room_rub)
        if value <= 0.0 or candidate.expected_net_frac < rules.min_gain_of_cost_times * leave.exit_cost_frac:
            continue
        cost = value * leave.exit_cost_frac
        found.append(
            Swap(
                leave=leave.secid,
                enter=candidate.secid,
                value_rub=value,
                gain_rub=value * candidate.expected_net_frac - cost,
                cost_rub=cost,
            )
        )
        del free[place]
    return tuple(found)
