"""What was done about signals: followed, ignored, traded against, traded without."""

from __future__ import annotations

from datetime import timedelta

from behavior.contracts.findings import Finding, Severity
from behavior.contracts.journal import ShownSignal, SignalInForce
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.chance import binomial_tail
from behavior.kernels.severity import claims_of, severity_of
from behavior.kernels.walk import Decision, Step, Walk, goes_with

OPPOSITE = {"BUY": "SELL", "SELL": "BUY"}


def signal_followed(walk: Walk, _thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the decisions that went with a signal: no mistake, and what own ideas are held against.

    Causal: a signal counts that was shown, or stood, before the trade.
    """
    return tuple(
        Finding(
            kind="signal_followed",
            severity="good",
            at=decision.at,
            trade_ids=decision.trade_ids,
            signal_ids=(decision.signal_id,),
            facts={"secid": decision.secid, "pnl_rub": decision.pnl_rub},
        )
        for decision in walk.reported
        if decision.signal_id is not None
    )


def signal_ignored(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the habit of passing strong signals by for own ideas.

    A strong call that was shown is passed by if nothing in its direction was done in time and none was held. More of
    them than `usual_ignored_frac` explains (binomial tail below alpha), and own ideas meanwhile, make the habit.
    What was not at stake is not counted: the cost is that of the own ideas made in the time of a signal passed by.
    """
    own, journal = thresholds.signals, walk.journal
    within = timedelta(hours=own.follow_within_h)
    begin = journal.until - timedelta(days=own.window_days)
    strong = [
        shown
        for shown in journal.shown
        if shown.strength == "strong"
        and shown.action in OPPOSITE
        and begin <= shown.shown_at <= journal.until - within
    ]
    passed = [shown for shown in strong if not _acted_on(walk, shown, within)]
    if len(strong) < own.min_strong_shown:
        return ()
    if binomial_tail(len(passed), len(strong), own.usual_ignored_frac) >= own.alpha:
        return ()
    instead = [
        decision
        for decision in walk.reported
        if decision.signal_id is None
        and any(timedelta() <= decision.at - shown.shown_at <= within for shown in passed)
    ]
    if not instead:
        return ()
    claims = claims_of(step for decision in instead for step in decision.steps)
    return (
        Finding(
            kind="signal_ignored",
            severity=severity_of(claims, journal, thresholds.score),
            at=instead[-1].at,
            trade_ids=_ids(instead),
            signal_ids=tuple(shown.signal_id for shown in passed),
            claims=claims,
            facts={"shown": len(strong), "ignored": len(passed)},
        ),
    )


def traded_against(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return entries against the call that stood in their share, unless that was weak."""
    return tuple(
        _against(walk, decision, signal, thresholds)
        for decision in walk.reported
        if (signal := against_whom(walk, decision.first, thresholds)) is not None
    )


def against_whom(walk: Walk, step: Step, thresholds: Thresholds) -> SignalInForce | None:
    """Return the call that a trade goes against, None without one that counts."""
    context = walk.journal.contexts.get(step.trade.id)
    signal = None if context is None else context.signal
    if signal is None or signal.action != OPPOSITE[step.trade.side]:
        return None
    return signal if signal.strength in thresholds.signals.against_strengths else None


def trade_without_signal(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the habit of trading own ideas: more of them than `usual_own_frac` explains (binomial tail below alpha).

    A single own idea is nobody's mistake. The cost is what the own ideas of the reported time lost.
    """
    own, journal = thresholds.signals, walk.journal
    begin = journal.until - timedelta(days=own.window_days)
    recent = [decision for decision in walk.decisions if decision.at >= begin]
    alone = [decision for decision in recent if decision.signal_id is None]
    if len(recent) < own.min_decisions:
        return ()
    if binomial_tail(len(alone), len(recent), own.usual_own_frac) >= own.alpha:
        return ()
    reported = [decision for decision in alone if decision.at >= journal.since]
    if not reported:
        return ()
    claims = claims_of(step for decision in reported for step in decision.steps)
    return (
        Finding(
            kind="trade_without_signal",
            severity=severity_of(claims, journal, thresholds.score),
            at=reported[-1].at,
            trade_ids=_ids(reported),
            claims=claims,
            facts={"own": len(alone), "decisions": len(recent)},
        ),
    )


def _acted_on(walk: Walk, shown: ShownSignal, within: timedelta) -> bool:
    side = 1 if shown.action == "BUY" else -1
    held = any(
        spell.secid == shown.secid
        and spell.side == side
        and spell.opened_at <= shown.shown_at
        and (spell.closed_at is None or spell.closed_at > shown.shown_at)
        for spell in walk.spells
    )
    return held or any(
        step.trade.signal_id == shown.signal_id or goes_with(step, shown, within) for step in walk.steps
    )


def _against(walk: Walk, decision: Decision, signal: SignalInForce, thresholds: Thresholds) -> Finding:
    claims = claims_of(decision.steps)
    floor: Severity = "medium" if signal.strength == "strong" else "low"
    return Finding(
        kind="traded_against",
        severity=severity_of(claims, walk.journal, thresholds.score, floor=floor),
        at=decision.at,
        trade_ids=decision.trade_ids,
        signal_ids=(signal.signal_id,),
        claims=claims,
        facts={"secid": decision.secid, "action": signal.action},
    )


def _ids(decisions: list[Decision]) -> tuple[int, ...]:
    return tuple(key for decision in decisions for key in decision.trade_ids)
