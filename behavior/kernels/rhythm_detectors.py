"""When it was traded: too often for oneself, too much after losses, too late at night."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date, datetime, timedelta

from behavior.contracts.findings import Finding
from behavior.contracts.thresholds import RhythmThresholds, Thresholds
from behavior.kernels.chance import poisson_tail
from behavior.kernels.severity import claims_of, severity_of
from behavior.kernels.walk import Decision, Walk


def usual_per_day(walk: Walk, day: date, rhythm: RhythmThresholds) -> float:
    """Return the mean number of entries on the newest active days before a day, NaN while there are too few.

    Days without an entry do not count, so that who trades in bursts is held against the bursts.
    """
    return _mean_before(_by_day(walk), day, rhythm)


def overtrading(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the days with more entries than the own mean explains (Poisson tail below alpha), or so soon after losses.

    The cost is what the entries beyond the usual number lost, of those after losses if it is they that are too many.
    Source: Barber and Odean (2000) for the harm; the comparison with oneself is ours.
    """
    days, found = _by_day(walk), []
    for day, decisions in days.items():
        usual = _mean_before(days, day, thresholds.rhythm)
        if decisions[-1].at < walk.journal.since or math.isnan(usual):
            continue
        many = _too_many(walk, decisions, usual, thresholds.rhythm)
        if many is None:
            continue
        excess = many[min(math.ceil(usual), len(many) - 1) :]
        claims = claims_of(step for decision in excess for step in decision.steps)
        found.append(
            Finding(
                kind="overtrading",
                severity=severity_of(claims, walk.journal, thresholds.score),
                at=many[-1].at,
                trade_ids=tuple(key for decision in many for key in decision.trade_ids),
                claims=claims,
                facts={
                    "entries": len(many),
                    "usual": usual,
                    "after_losses": int(
                        len(many) < len(decisions) or _after_loss(walk, many[0].at, thresholds.rhythm)
                    ),
                },
            )
        )
    return tuple(found)


def late_night(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the nights with a streak of entries, by the user's own clock; whose day is the night is left in peace.

    The cost is what the streak lost.
    """
    rhythm = thresholds.rhythm
    nights: defaultdict[date, list[Decision]] = defaultdict(list)
    for decision in walk.decisions:
        night = _night_of(walk, decision.at, rhythm)
        if night is not None:
            nights[night].append(decision)
    if sum(map(len, nights.values())) > rhythm.night_usual_frac * len(walk.decisions):
        return ()
    found = []
    for decisions in nights.values():
        if len(decisions) < rhythm.night_streak or decisions[-1].at < walk.journal.since:
            continue
        claims = claims_of(step for decision in decisions for step in decision.steps)
        found.append(
            Finding(
                kind="late_night",
                severity=severity_of(claims, walk.journal, thresholds.score),
                at=decisions[-1].at,
                trade_ids=tuple(key for decision in decisions for key in decision.trade_ids),
                claims=claims,
                facts={"entries": len(decisions)},
            )
        )
    return tuple(found)


def _by_day(walk: Walk) -> dict[date, list[Decision]]:
    days: defaultdict[date, list[Decision]] = defaultdict(list)
    for decision in walk.decisions:
        days[decision.at.astimezone(walk.journal.zone).date()].append(decision)
    return dict(days)


def _mean_before(days: dict[date, list[Decision]], day: date, rhythm: RhythmThresholds) -> float:
    before = [len(own) for other, own in days.items() if other < day][-rhythm.baseline_days :]
    return sum(before) / len(before) if len(before) >= rhythm.min_baseline_days else math.nan


def _too_many(
    walk: Walk, decisions: list[Decision], usual: float, rhythm: RhythmThresholds
) -> list[Decision] | None:
    """Return the entries of a day that are too many: all of it, else those soon after a loss."""
    if len(decisions) >= rhythm.min_entries and poisson_tail(len(decisions), usual) < rhythm.alpha:
        return decisions
    hasty = [decision for decision in decisions if _after_loss(walk, decision.at, rhythm)]
    if len(hasty) < rhythm.after_loss_entries:
        return None
    return hasty if poisson_tail(len(hasty), usual) < rhythm.after_loss_alpha else None


def _after_loss(walk: Walk, at: datetime, rhythm: RhythmThresholds) -> bool:
    within = timedelta(hours=rhythm.after_loss_h)
    return any(
        trip.pnl_rub < 0 and timedelta() < at - trip.closed_at <= within for trip in walk.journal.round_trips
    )


def _night_of(walk: Walk, at: datetime, rhythm: RhythmThresholds) -> date | None:
    """Return the day on which the night of a moment began, None by day."""
    local = at.astimezone(walk.journal.zone)
    if local.hour >= rhythm.night_from_h:
        return local.date()
    return local.date() - timedelta(days=1) if local.hour < rhythm.night_to_h else None
