"""A week in figures: mistakes by kind, own ideas against signals, the discipline score and its trend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from behavior.contracts.findings import Settled, Severity
from behavior.contracts.report import Advice, ClosedOfWeek, DecisionFacts, Mistakes, SideOfWeek, WeekFigures
from behavior.contracts.thresholds import ScoreThresholds
from behavior.kernels.detectors import MISTAKES
from behavior.kernels.walk import Decision, Walk

_ORDER: tuple[Severity, ...] = ("good", "low", "medium", "high")
ADVICE_MAX = 3


def week_figures(walks: Sequence[Walk], settled: Sequence[Settled], score: ScoreThresholds) -> WeekFigures:
    """Return what a report says of the reported time of some accounts; `settled` are the findings of all of them.

    Units:  rubles after commissions.
    """
    decisions = [decision for walk in walks for decision in walk.reported]
    bad = [one for one in settled if one.finding.kind in MISTAKES]
    mistakes, closed = _by_kind(bad), _closed(walks)
    ranked = sorted(decisions, key=lambda decision: decision.pnl_rub)
    return WeekFigures(
        decisions=len(decisions),
        followed=_side([one for one in decisions if one.signal_id is not None]),
        own=_side([one for one in decisions if one.signal_id is None]),
        closed=closed,
        mistakes=mistakes,
        total_cost_rub=sum(one.counted_rub for one in mistakes),
        score=discipline_score(decisions, bad, score),
        best=_told(ranked[-1], bad) if ranked and ranked[-1].pnl_rub > 0 else None,
        worst=_told(ranked[0], bad) if ranked and ranked[0].pnl_rub < 0 else None,
        advice=_advice(mistakes, len(decisions) + closed.exits),
    )


def discipline_score(
    decisions: Sequence[Decision], bad: Sequence[Settled], score: ScoreThresholds
) -> int | None:
    """Return `100 * (1 - sum of weights / acts)`, None where nothing was decided.

    Acts are the decisions, and besides them each mistake that lies in none of them (a stop moved, an exit in panic). An
    act weighs as the worst mistake in it: low, medium, high by configuration, 0 without one. Profit is no part of it: a
    lucky mistake is one.
    """
    weights = {"low": score.low_weight, "medium": score.medium_weight, "high": score.high_weight}
    of_decision, besides = [0.0] * len(decisions), []
    place_of = {key: place for place, decision in enumerate(decisions) for key in decision.trade_ids}
    for one in bad:
        weight = weights[one.finding.severity]
        places = {place_of[key] for key in one.finding.trade_ids if key in place_of}
        for place in places:
            of_decision[place] = max(of_decision[place], weight)
        if not places:
            besides.append(weight)
    acts = len(decisions) + len(besides)
    if not acts:
        return None
    return round(100 * max(1.0 - (sum(of_decision) + sum(besides)) / acts, 0.0))


def score_trend(scores: Sequence[float | None]) -> float | None:
    """Return the points that a score gains in a week: the slope of the least squares line over the weeks that have one.

    Units:  points a week; `scores` are of consecutive weeks, the earliest first. None with fewer than three.
    """
    known = [(week, value) for week, value in enumerate(scores) if value is not None]
    if len(known) < 3:
        return None
    weeks, values = np.array(known, dtype=np.float64).T
    weeks = weeks - weeks.mean()
    return float(weeks @ (values - values.mean()) / (weeks @ weeks))


def _side(decisions: Sequence[Decision]) -> SideOfWeek:
    pnl = [decision.pnl_rub for decision in decisions]
    return SideOfWeek(decisions=len(pnl), winners=sum(one > 0 for one in pnl), pnl_rub=sum(pnl))


def _by_kind(bad: Sequence[Settled]) -> tuple[Mistakes, ...]:
    kinds: defaultdict[str, list[Settled]] = defaultdict(list)
    for one in bad:
        kinds[one.finding.kind].append(one)
    mistakes = [
        Mistakes(
            kind=kind,
            count=len(own),
            severity=max((one.finding.severity for one in own), key=_ORDER.index),
            counted_rub=sum(one.counted_rub for one in own),
            claimed_rub=sum(one.finding.cost_rub for one in own),
            findings=tuple(own),
        )
        for kind, own in kinds.items()
    ]
    return tuple(
        sorted(mistakes, key=lambda one: (one.counted_rub, _ORDER.index(one.severity)), reverse=True)
    )


def _told(decision: Decision, bad: Sequence[Settled]) -> DecisionFacts:
    ids = set(decision.trade_ids)
    return DecisionFacts(
        secid=decision.secid,
        side=decision.first.trade.side,
        at=decision.at,
        pnl_rub=decision.pnl_rub,
        trade_ids=decision.trade_ids,
        followed=decision.signal_id is not None,
        kinds=tuple(dict.fromkeys(one.finding.kind for one in bad if ids & set(one.finding.trade_ids))),
    )


def _closed(walks: Sequence[Walk]) -> ClosedOfWeek:
    pnl: defaultdict[int, float] = defaultdict(float)
    for walk in walks:
        for trip in walk.journal.round_trips:
            if trip.closed_at >= walk.journal.since:
                pnl[trip.closing_trade_id] += trip.pnl_rub
    return ClosedOfWeek(
        exits=len(pnl), winners=sum(one > 0 for one in pnl.values()), pnl_rub=sum(pnl.values())
    )


def _advice(mistakes: Sequence[Mistakes], acts: int) -> tuple[Advice, ...]:
    if not acts and not mistakes:
        return (Advice(code="nothing_done", params={}),)
    if not mistakes:
        return (Advice(code="keep_going", params={"decisions": acts}),)
    return tuple(
        Advice(code=one.kind, params={"count": one.count, "cost_rub": one.counted_rub})
        for one in mistakes[:ADVICE_MAX]
    )
