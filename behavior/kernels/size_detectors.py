"""How much was staked: revenge, averaging down, too large a position."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from datetime import timedelta

from behavior.contracts.findings import Claim, Finding
from behavior.contracts.thresholds import SizeThresholds, Thresholds
from behavior.kernels.severity import claims_of, risk_unit_rub, severity_of
from behavior.kernels.walk import Decision, Walk
from portfolio.contracts import RoundTrip


def usual_size_rub(before: Sequence[Decision], sizes: SizeThresholds) -> float:
    """Return the median value of the newest entries, NaN while there are too few of them.

    Units:  rubles.
    """
    newest = [decision.value_rub for decision in before[-sizes.sizes :]]
    return statistics.median(newest) if len(newest) >= sizes.min_sizes else math.nan


def revenge_trade(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return entries that were much larger than usual soon after a loss was realised.

    With a signal behind it an entry must be larger still. The cost is what the entry lost.
    """
    own, found = thresholds.sizes, []
    for place, decision in enumerate(walk.decisions):
        if decision.at < walk.journal.since:
            continue
        lost = _loss_before(walk, decision, own)
        usual = usual_size_rub(walk.decisions[:place], own)
        if lost is None or math.isnan(usual):
            continue
        with_signal = decision.signal_id is not None
        ratio = decision.value_rub / usual
        if ratio < (own.revenge_size_ratio_with_signal if with_signal else own.revenge_size_ratio):
            continue
        claims = claims_of(decision.steps)
        found.append(
            Finding(
                kind="revenge_trade",
                severity=severity_of(claims, walk.journal, thresholds.score, floor="medium"),
                at=decision.at,
                trade_ids=(lost.closing_trade_id, *decision.trade_ids),
                claims=claims,
                facts={"secid": decision.secid, "size_ratio": ratio, "lost_rub": -lost.pnl_rub},
            )
        )
    return tuple(found)


def averaging_down(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return entries that added to a position that was losing. The cost is what the added part lost."""
    found = []
    for decision in walk.reported:
        first = decision.first
        if first.position_before * first.side <= 0:
            continue
        drop_frac = (first.avg_before_rub - first.price_rub) * first.side / first.avg_before_rub
        if drop_frac < thresholds.sizes.averaging_drop_frac:
            continue
        claims = claims_of(decision.steps)
        found.append(
            Finding(
                kind="averaging_down",
                severity=severity_of(claims, walk.journal, thresholds.score),
                at=decision.at,
                trade_ids=decision.trade_ids,
                claims=claims,
                facts={"secid": decision.secid, "drop_frac": drop_frac},
            )
        )
    return tuple(found)


def position_too_large(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return entries after which a position, or what its stop would lose, was above the limits of the capital.

    The cost is the part of the entry's loss that the excess bears: `loss * (1 - limit / size)`. Without a known capital
    nothing is found: it is asked for elsewhere, never guessed.
    """
    capital, limits, found = walk.journal.capital_rub, walk.journal.limits, []
    if capital is None:
        return ()
    for decision in walk.reported:
        last = decision.steps[-1]
        held = abs(last.position_before + last.side * last.qty)
        position_frac = held * last.price_rub / capital
        stop = decision.first.stop_rub
        opened = sum(step.opens_qty for step in decision.steps)
        risk_frac = 0.0 if stop is None else abs(decision.first.price_rub - stop) * opened / capital
        excess = max(
            position_frac / (limits.max_position_frac * thresholds.sizes.of_position_limit),
            risk_frac / (limits.risk_frac * thresholds.sizes.of_risk_limit),
        )
        if excess <= 1.0:
            continue
        claims = tuple(
            Claim(trade_id=claim.trade_id, cost_rub=claim.cost_rub * (1.0 - 1.0 / excess))
            for claim in claims_of(decision.steps)
        )
        found.append(
            Finding(
                kind="position_too_large",
                severity=severity_of(claims, walk.journal, thresholds.score, floor="medium"),
                at=decision.at,
                trade_ids=decision.trade_ids,
                claims=claims,
                facts={"secid": decision.secid, "position_frac": position_frac, "risk_frac": risk_frac},
            )
        )
    return tuple(found)


def _loss_before(walk: Walk, decision: Decision, sizes: SizeThresholds) -> RoundTrip | None:
    """Return the newest loss worth the name that was realised shortly before a decision."""
    within = timedelta(minutes=sizes.revenge_within_min)
    least = sizes.revenge_loss_of_risk * risk_unit_rub(walk.journal)
    lost = [
        trip
        for trip in walk.journal.round_trips
        if trip.pnl_rub < -least and timedelta() < decision.at - trip.closed_at <= within
    ]
    return max(lost, key=lambda trip: trip.closed_at, default=None)
