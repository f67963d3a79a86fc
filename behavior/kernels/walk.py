"""A journal told as decisions: what each entry added to, what it lost, and whether a signal stood behind it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from behavior.contracts.journal import Journal, PricePath, ShownSignal
from behavior.contracts.thresholds import Thresholds
from portfolio.contracts import TradeFacts

NOTHING = 1e-9  # of shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One execution in its place; quantities and prices in the shares of the journal's last day."""

    trade: TradeFacts
    side: int  # 1: bought, -1: sold
    qty: float
    price_rub: float
    stop_rub: float | None
    opens_qty: float  # the part that opens or adds
    closes_qty: float
    position_before: float  # signed
    avg_before_rub: float  # NaN without a position
    pnl_rub: float  # of what it opened, after commissions; what is still open is valued at the last price


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision to enter: the executions of one share and side that came together."""

    steps: tuple[Step, ...]
    signal_id: int | None  # the signal that it goes with, None: an own idea

    @property
    def first(self) -> Step:
        """The execution that began it."""
        return self.steps[0]

    @property
    def at(self) -> datetime:
        """When it began."""
        return self.first.trade.traded_at

    @property
    def secid(self) -> str:
        """Of which share."""
        return self.first.trade.secid

    @property
    def value_rub(self) -> float:
        """What was opened, in rubles."""
        return sum(step.opens_qty * step.price_rub for step in self.steps)

    @property
    def pnl_rub(self) -> float:
        """What became of what was opened."""
        return sum(step.pnl_rub for step in self.steps)

    @property
    def trade_ids(self) -> tuple[int, ...]:
        """Its executions."""
        return tuple(step.trade.id for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One position from flat to flat."""

    secid: str
    side: int
    opened_at: datetime
    closed_at: datetime | None  # None: still open
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """A journal with what follows from it."""

    journal: Journal
    steps: tuple[Step, ...]
    decisions: tuple[Decision, ...]
    spells: tuple[Spell, ...]

    @property
    def reported(self) -> tuple[Decision, ...]:
        """The decisions that are reported on; those before are the baseline."""
        return tuple(decision for decision in self.decisions if decision.at >= self.journal.since)


def journal_walk(journal: Journal, thresholds: Thresholds) -> Walk:
    """Return the journal as steps, decisions and spells.

    Units:  rubles; shares of the journal's last day.
    NaN:    an open part without a price is valued at what it was bought for.
    Causal: what became of an entry is known at `journal.until` only.
    """
    steps = _steps(journal)
    return Walk(
        journal=journal,
        steps=steps,
        decisions=_decisions(steps, journal, thresholds),
        spells=_spells(steps),
    )


def shares_since(journal: Journal, secid: str, at: datetime) -> float:
    """Return how many shares of the journal's last day one of a moment has become."""
    return math.prod(
        split.shares_after_per_before
        for split in journal.splits.get(secid, ())
        if at < split.begins_at <= journal.until
    )


def last_price_rub(path: PricePath | None, at: datetime) -> float:
    """Return the newest close known at a moment.

    Units:  rubles.
    NaN:    NaN where nothing was known.
    """
    if path is None:
        return math.nan
    place = int(np.searchsorted(path.at_s, int(at.timestamp()), side="right")) - 1
    return float(path.close_rub[place]) if place >= 0 else math.nan


def _steps(journal: Journal) -> tuple[Step, ...]:
    held: defaultdict[str, float] = defaultdict(float)
    cost: defaultdict[str, float] = defaultdict(float)  # of the open position, unsigned
    closed_pnl, closed_qty = _closed(journal)
    steps = []
    for trade in journal.trades:
        ratio = shares_since(journal, trade.secid, trade.traded_at)
        qty, price, before = trade.qty_shares * ratio, trade.price_rub / ratio, held[trade.secid]
        side = 1 if trade.side == "BUY" else -1
        closes = min(qty, abs(before)) if before * side < -NOTHING else 0.0
        opens = qty - closes if qty - closes > NOTHING else 0.0
        avg = cost[trade.secid] / abs(before) if abs(before) > NOTHING else math.nan
        still = max(opens - closed_qty[trade.id], 0.0)
        mark = last_price_rub(journal.paths.get(trade.secid), journal.until) if still else price
        move = 0.0 if math.isnan(mark) else (mark - price) * side * still
        steps.append(
            Step(
                trade=trade,
                side=side,
                qty=qty,
                price_rub=price,
                stop_rub=None if trade.stop_rub is None else trade.stop_rub / ratio,
                opens_qty=opens,
                closes_qty=closes,
                position_before=before,
                avg_before_rub=avg,
                pnl_rub=closed_pnl[trade.id] + move - trade.commission_rub * still / qty,
            )
        )
        held[trade.secid] = 0.0 if abs(before + side * qty) < NOTHING else before + side * qty
        cost[trade.secid] += opens * price - (0.0 if math.isnan(avg) else closes * avg)
    return tuple(steps)


def _closed(journal: Journal) -> tuple[defaultdict[int, float], defaultdict[int, float]]:
    pnl: defaultdict[int, float] = defaultdict(float)
    qty: defaultdict[int, float] = defaultdict(float)
    for trip in journal.round_trips:
        pnl[trip.opening_trade_id] += trip.pnl_rub
        qty[trip.opening_trade_id] += trip.qty_shares * shares_since(journal, trip.secid, trip.closed_at)
    return pnl, qty


def _decisions(steps: tuple[Step, ...], journal: Journal, thresholds: Thresholds) -> tuple[Decision, ...]:
    near = timedelta(minutes=thresholds.rhythm.merge_min)
    groups: list[list[Step]] = []
    newest: dict[tuple[str, int], list[Step]] = {}
    for step in steps:
        # An adjusting entry sets the book right; nobody decided anything.
        if step.opens_qty == 0.0 or step.trade.origin == "adjustment":
            continue
        own = newest.get((step.trade.secid, step.side))
        if own is not None and step.trade.traded_at - own[-1].trade.traded_at <= near:
            own.append(step)
            continue
        newest[step.trade.secid, step.side] = group = [step]
        groups.append(group)
    within = timedelta(hours=thresholds.signals.follow_within_h)
    shown: defaultdict[str, list[ShownSignal]] = defaultdict(list)
    for signal in reversed(journal.shown):
        shown[signal.secid].append(signal)
    return tuple(
        Decision(
            steps=tuple(group),
            signal_id=_followed(group[0], shown[group[0].trade.secid], journal, within),
        )
        for group in groups
    )


def _followed(step: Step, shown: Sequence[ShownSignal], journal: Journal, within: timedelta) -> int | None:
    """Return the signal that an entry goes with: the one the user names, the one shown, the one in force."""
    if step.trade.signal_id is not None:
        return step.trade.signal_id
    for signal_shown in shown:
        if goes_with(step, signal_shown, within):
            return signal_shown.signal_id
    context = journal.contexts.get(step.trade.id)
    signal = None if context is None else context.signal
    return signal.signal_id if signal is not None and signal.action == step.trade.side else None


def goes_with(step: Step, shown: ShownSignal, within: timedelta) -> bool:
    """Return whether a trade does what a signal said, soon enough after it was shown."""
    if shown.secid != step.trade.secid or shown.action != step.trade.side:
        return False
    return timedelta() <= step.trade.traded_at - shown.shown_at <= within


def _spells(steps: tuple[Step, ...]) -> tuple[Spell, ...]:
    spells: list[Spell] = []
    open_: dict[str, list[Step]] = {}
    for step in steps:
        own = open_.setdefault(step.trade.secid, [])
        own.append(step)
        after = step.position_before + step.side * step.qty
        turned = step.closes_qty > 0.0 and step.opens_qty > 0.0
        if turned or abs(after) < NOTHING:
            spells.append(_spell(own, step.trade.traded_at))
            open_[step.trade.secid] = [step] if turned else []
    return tuple(spells) + tuple(_spell(own, None) for own in open_.values() if own)


def _spell(steps: list[Step], closed_at: datetime | None) -> Spell:
    first = steps[0]
    return Spell(
        secid=first.trade.secid,
        side=first.side,
        opened_at=first.trade.traded_at,
        closed_at=closed_at,
        steps=tuple(steps),
    )
