"""Habits of mind: the disposition effect, chasing what has run, acting on fear and greed."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from behavior.contracts.findings import Claim, Finding
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.severity import claims_of, severity_of
from behavior.kernels.signal_detectors import against_whom
from behavior.kernels.walk import Spell, Step, Walk, last_price_rub
from portfolio.contracts import RoundTrip


@dataclass(slots=True)
class Realised:
    """Odean's four counts over the moments of selling, and who stands behind them."""

    gains: int = 0
    losses: int = 0
    paper_gains: int = 0
    paper_losses: int = 0
    winners: list[int] = field(default_factory=list)  # trades that closed winners

    @property
    def pgr(self) -> float:
        """The proportion of gains realised; NaN without any."""
        return _ratio(self.gains, self.gains + self.paper_gains)

    @property
    def plr(self) -> float:
        """The proportion of losses realised; NaN without any."""
        return _ratio(self.losses, self.losses + self.paper_losses)

    @property
    def z(self) -> float:
        """How many standard errors PGR lies above PLR; NaN where either is not known."""
        variance = self.pgr * (1 - self.pgr) / max(self.gains + self.paper_gains, 1)
        variance += self.plr * (1 - self.plr) / max(self.losses + self.paper_losses, 1)
        return (
            (self.pgr - self.plr) / math.sqrt(variance)
            if variance > 0
            else math.copysign(math.inf, self.pgr - self.plr)
        )


def realised_counts(walk: Walk, begin: datetime) -> Realised:
    """Return gains and losses realised and not realised, counted whenever something was closed from `begin` on.

    A position that is open at that moment is a paper gain or loss against its average price; one without a known price
    is not counted.
    Source: Odean (1998), "Are Investors Reluctant to Realize Their Losses?", J. Finance 53, tables I and II.
    """
    counts = Realised()
    for step in walk.steps:
        at = step.trade.traded_at
        if step.closes_qty == 0.0 or at < begin:
            continue
        gain = (step.price_rub - step.avg_before_rub) * -step.side
        counts.gains += gain > 0
        counts.losses += gain <= 0
        if gain > 0:
            counts.winners.append(step.trade.id)
        for spell in walk.spells:
            if spell.secid == step.trade.secid or not _is_open(spell, at):
                continue
            paper = _paper_gain(walk, spell, at)
            counts.paper_gains += paper > 0
            counts.paper_losses += paper < 0
    return counts


def disposition(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the habit of cutting winners and holding losers: PGR above PLR by more than chance explains.

    The evidence is the winners closed in the reported time and the losers that were held longer than the median winner.
    The cost is what each of these losers lost beyond the median gain: `max(0, loss - median gain)`. What the cut winners
    might still have earned is not counted.
    Source: Odean (1998); his figures of 10,000 accounts are PGR 0.148 and PLR 0.098.
    """
    own, journal = thresholds.habits, walk.journal
    begin = journal.until - timedelta(days=own.window_days)
    counts = realised_counts(walk, begin)
    enough = min(counts.gains, counts.losses + counts.paper_losses) >= own.min_realised
    if not enough or not counts.z >= own.z:
        return ()
    trips = [trip for trip in journal.round_trips if trip.closed_at >= begin]
    gains = [trip for trip in trips if trip.pnl_rub > 0]
    if not gains:
        return ()
    median_hold = timedelta(
        seconds=statistics.median((trip.closed_at - trip.opened_at).total_seconds() for trip in gains)
    )
    median_gain = statistics.median(trip.pnl_rub for trip in gains)
    held = _held_losers(walk, trips, median_hold)
    cut = {trip.closing_trade_id: trip for trip in gains if trip.closed_at >= journal.since}
    if not held and not cut:
        return ()
    claims = tuple(
        Claim(trade_id=key, cost_rub=loss - median_gain) for key, loss in held.items() if loss > median_gain
    )
    return (
        Finding(
            kind="disposition",
            severity=severity_of(claims, journal, thresholds.score, floor="medium"),
            at=max(
                (trip.closed_at for trip in trips if trip.closed_at >= journal.since), default=journal.until
            ),
            trade_ids=(*sorted(cut), *sorted(held)),
            claims=claims,
            facts={"pgr_frac": counts.pgr, "plr_frac": counts.plr, "z": min(counts.z, 99.0)},
        ),
    )


def chasing(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return own ideas that ran after a move of many sigma in their direction. The cost is what they lost.

    Source: Barber and Odean (2008), "All That Glitters", for the habit; the number of sigma is a convention.
    """
    found = []
    for decision in walk.reported:
        context = walk.journal.contexts.get(decision.first.trade.id)
        if decision.signal_id is not None or context is None or context.prior_move_sigma is None:
            continue
        if context.prior_move_sigma * decision.first.side < thresholds.habits.chase_sigma:
            continue
        claims = claims_of(decision.steps)
        found.append(
            Finding(
                kind="chasing",
                severity=severity_of(claims, walk.journal, thresholds.score),
                at=decision.at,
                trade_ids=decision.trade_ids,
                claims=claims,
                facts={"secid": decision.secid, "sigma": abs(context.prior_move_sigma)},
            )
        )
    return tuple(found)


def panic_trade(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return trades in panic or euphoria against a strong call: entries, and exits at a loss before the stop.

    An exit at the stop or with a gain is discipline, whatever the market does. The cost is what an entry lost; of an exit
    it is 0: what would have come after it was not at stake.
    """
    found = []
    for step in walk.steps:
        context = walk.journal.contexts.get(step.trade.id)
        if step.trade.traded_at < walk.journal.since or context is None:
            continue
        signal = against_whom(walk, step, thresholds)
        heated = context.regime in thresholds.habits.heated_regimes
        if not heated or signal is None or signal.strength != "strong" or _is_disciplined_exit(walk, step):
            continue
        claims = claims_of([step])
        found.append(
            Finding(
                kind="panic_trade",
                severity=severity_of(claims, walk.journal, thresholds.score, floor="high"),
                at=step.trade.traded_at,
                trade_ids=(step.trade.id,),
                signal_ids=(signal.signal_id,),
                claims=claims,
                facts={"secid": step.trade.secid, "regime": context.regime, "action": signal.action},
            )
        )
    return tuple(found)


def _is_disciplined_exit(walk: Walk, step: Step) -> bool:
    if step.closes_qty == 0.0 or step.opens_qty > 0.0:
        return False
    if (step.price_rub - step.avg_before_rub) * -step.side > 0:
        return True
    stop = _stop_before(walk, step)
    return stop is not None and (stop - step.price_rub) * -step.side >= -0.002 * step.price_rub


def _stop_before(walk: Walk, step: Step) -> float | None:
    """Return the newest stop of the share set before a trade."""
    secid, at = step.trade.secid, step.trade.traded_at
    set_: list[tuple[datetime, float | None]] = [
        (other.trade.traded_at, other.stop_rub)
        for other in walk.steps
        if other.trade.secid == secid and other.stop_rub is not None
    ]
    set_ += [(change.set_at, change.stop_rub) for change in walk.journal.stops if change.secid == secid]
    known = [pair for pair in set_ if pair[0] < at]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def _held_losers(walk: Walk, trips: list[RoundTrip], median_hold: timedelta) -> dict[int, float]:
    """Return by opening trade what losers lost that were held longer than the median winner, closed lately or still open."""
    journal, losses = walk.journal, dict[int, float]()
    for trip in trips:
        slow = trip.closed_at - trip.opened_at > median_hold
        if trip.pnl_rub < 0 and slow and trip.closed_at >= journal.since:
            losses[trip.opening_trade_id] = losses.get(trip.opening_trade_id, 0.0) - trip.pnl_rub
    for spell in walk.spells:
        if spell.closed_at is None and journal.until - spell.opened_at > median_hold:
            for step in spell.steps:
                if step.side == spell.side and step.pnl_rub < 0:
                    losses[step.trade.id] = -step.pnl_rub
    return losses


def _is_open(spell: Spell, at: datetime) -> bool:
    return spell.opened_at < at and (spell.closed_at is None or spell.closed_at > at)


def _paper_gain(walk: Walk, spell: Spell, at: datetime) -> float:
    """Return the gain per share of an open position against its average price; 0 without a known price."""
    price = last_price_rub(walk.journal.paths.get(spell.secid), at)
    entries = [step for step in spell.steps if step.side == spell.side and step.trade.traded_at <= at]
    qty = sum(step.opens_qty for step in entries)
    if math.isnan(price) or qty == 0.0:
        return 0.0
    return (price - sum(step.opens_qty * step.price_rub for step in entries) / qty) * spell.side


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
