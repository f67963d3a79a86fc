"""What became of stops: held through, or moved away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from behavior.contracts.findings import Claim, Finding
from behavior.contracts.thresholds import Thresholds
from behavior.kernels.severity import severity_of
from behavior.kernels.walk import Spell, Walk, last_price_rub, shares_since


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    at: datetime
    stop_rub: float | None
    by_trade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    at: datetime  # of the close beyond the stop
    next_at: datetime  # of the close after it: over night nobody can get out
    stop_rub: float


def stop_violated(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the positions that were held on after a close had gone through their stop.

    The stop is the one in force at that close. Who is out within the grace, counted
    from the next close, is out at the stop. The cost is what was lost
    beyond the stop: `(stop - exit) * shares` of a long, the open part at the last price, for each entry.
    """
    found = []
    for spell in walk.spells:
        hit = _first_hit(walk, spell)
        if hit is None or hit.at < walk.journal.since:
            continue
        at, stop_rub = hit.at, hit.stop_rub
        late = hit.next_at + timedelta(minutes=thresholds.stops.grace_min)
        if (spell.closed_at or walk.journal.until) <= late:
            continue
        claims = _beyond(walk, spell, stop_rub, after=late)
        found.append(
            Finding(
                kind="stop_violated",
                severity=severity_of(claims, walk.journal, thresholds.score, floor="medium"),
                at=at,
                trade_ids=tuple(step.trade.id for step in spell.steps),
                claims=claims,
                facts={"secid": spell.secid, "stop_rub": stop_rub},
            )
        )
    return tuple(found)


def stop_moved(walk: Walk, thresholds: Thresholds) -> tuple[Finding, ...]:
    """Return the stops that were moved away from the price or taken away while a position was open.

    The cost is what was lost beyond the stop as it had been.
    """
    found = []
    for spell in walk.spells:
        before: float | None = None
        for setting in _settings(walk, spell):
            loosened = (
                before is not None and not setting.by_trade and _is_looser(spell, before, setting, thresholds)
            )
            if loosened and before is not None and setting.at >= walk.journal.since:
                claims = _beyond(walk, spell, before, after=setting.at)
                found.append(
                    Finding(
                        kind="stop_moved",
                        severity=severity_of(claims, walk.journal, thresholds.score),
                        at=setting.at,
                        trade_ids=tuple(step.trade.id for step in spell.steps),
                        claims=claims,
                        facts={"secid": spell.secid, "stop_rub": before, "moved_to_rub": setting.stop_rub},
                    )
                )
            before = setting.stop_rub
    return tuple(found)


def _settings(walk: Walk, spell: Spell) -> Iterator[_Setting]:
    """Yield the stops of a position as they were set, the earliest first."""
    end = spell.closed_at or walk.journal.until
    settings = [
        _Setting(at=step.trade.traded_at, stop_rub=step.stop_rub, by_trade=True)
        for step in spell.steps
        if step.stop_rub is not None and step.side == spell.side
    ]
    for change in walk.journal.stops:
        if change.secid == spell.secid and spell.opened_at <= change.set_at < end:
            ratio = shares_since(walk.journal, change.secid, change.set_at)
            stop_rub = None if change.stop_rub is None else change.stop_rub / ratio
            settings.append(_Setting(at=change.set_at, stop_rub=stop_rub, by_trade=False))
    yield from sorted(settings, key=lambda setting: setting.at)


def _is_looser(spell: Spell, before: float, setting: _Setting, thresholds: Thresholds) -> bool:
    if setting.stop_rub is None:
        return True
    risk = abs(spell.steps[0].price_rub - before)
    return (before - setting.stop_rub) * spell.side > thresholds.stops.moved_of_risk_frac * risk


def _first_hit(walk: Walk, spell: Spell) -> _Hit | None:
    """Return the first close beyond the stop in force while the position was open, and that stop."""
    path, settings = walk.journal.paths.get(spell.secid), list(_settings(walk, spell))
    if path is None or not settings:
        return None
    ends = [setting.at for setting in settings[1:]] + [spell.closed_at or walk.journal.until]
    for setting, end in zip(settings, ends, strict=True):
        if setting.stop_rub is None:
            continue
        first = int(np.searchsorted(path.at_s, setting.at.timestamp(), side="right"))
        last = int(np.searchsorted(path.at_s, end.timestamp(), side="left"))
        beyond = (setting.stop_rub - path.close_rub[first:last]) * spell.side > 0
        if beyond.any():
            place = first + int(np.argmax(beyond))
            after = min(place + 1, len(path.at_s) - 1)
            return _Hit(
                at=datetime.fromtimestamp(int(path.at_s[place]), tz=UTC),
                next_at=datetime.fromtimestamp(int(path.at_s[after]), tz=UTC),
                stop_rub=setting.stop_rub,
            )
    return None


def _beyond(walk: Walk, spell: Spell, stop_rub: float, *, after: datetime) -> tuple[Claim, ...]:
    """Return what each entry of a position lost beyond a stop, by exits later than a moment and by what is open."""
    journal, lost = walk.journal, dict[int, float]()
    ids = {step.trade.id for step in spell.steps if step.side == spell.side}
    left = {step.trade.id: step.opens_qty for step in spell.steps if step.trade.id in ids}
    for trip in journal.round_trips:
        if trip.opening_trade_id not in ids:
            continue
        ratio = shares_since(journal, trip.secid, trip.closed_at)
        qty, exit_rub = trip.qty_shares * ratio, trip.exit_rub / ratio
        left[trip.opening_trade_id] -= qty
        if trip.closed_at > after:
            worse = (stop_rub - exit_rub) * spell.side * qty
            lost[trip.opening_trade_id] = lost.get(trip.opening_trade_id, 0.0) + worse
    mark = last_price_rub(journal.paths.get(spell.secid), journal.until)
    if spell.closed_at is None and mark == mark:
        for key, qty in left.items():
            lost[key] = lost.get(key, 0.0) + (stop_rub - mark) * spell.side * max(qty, 0.0)
    return tuple(Claim(trade_id=key, cost_rub=cost) for key, cost in lost.items() if cost > 0)
